"""Keep which similar earlier tickets the team of a decision is shown."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from sqlalchemy.orm import Session

from daemon.snapshots import SimilarTicket
from daemon.store.models import SimilarRow
from daemon.store.queries import similar
from daemon.store.sql import insert_or_ignore


def keep(session: Session, found: Mapping[int, Sequence[int]]) -> None:
    """Keep what the teams are shown: `found` maps decisions to similar tickets, the most similar first."""
    known = similar.tickets(session, {ticket for tickets in found.values() for ticket in tickets})
    rows = [
        {"decision_id": decision, "found": [_kept(known[ticket]) for ticket in tickets if ticket in known]}
        for decision, tickets in sorted(found.items())
    ]
    rows = [row for row in rows if row["found"]]
    if rows:
        session.execute(insert_or_ignore(session, SimilarRow), rows)


def _kept(found: tuple[SimilarTicket, str]) -> dict[str, Any]:
    """Return what is kept of a ticket: nothing that its customer wrote."""
    return asdict(replace(found[0], subject="", status=""))
