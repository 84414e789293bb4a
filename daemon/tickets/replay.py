"""Replay a parked email, and record who asked for it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from daemon.store import events, ledger, tickets
from daemon.store.models import InboundRow
from daemon.store.store import Store
from daemon.tickets import retry
from daemon.tickets.admission import Receipt
from daemon.tickets.intake import Intake
from daemon.vocabulary import Disposition


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of an email: its state and ticket, and a sentence for people."""

    disposition: Disposition
    reference: str | None
    text: str


class NotParkedError(ValueError):
    """An email is not parked; the message names its state."""


def replay(
    store: Store, intake: Intake, inbound_id: int, actor: str, now: datetime, *, silent: bool = False
) -> Replayed:
    """Take a parked email in again, or triage its ticket again if only that failed.

    Raises LookupError where there is no such email, NotParkedError.
    """
    with store.read() as session:
        row = session.get(InboundRow, inbound_id)
        if row is None:
            raise LookupError(f"there is no email {inbound_id}")
        _refuse(row.disposition)
        ticket_id = row.ticket_id
        reference = tickets.reference_of(session, ticket_id) if ticket_id is not None else None
    if ticket_id is not None:
        again = store.write(lambda s: _triage_again(s, inbound_id, ticket_id, actor, now))
        return Replayed(Disposition.TICKET, reference, again)

    def note(session: Session, receipt: Receipt) -> None:
        events.add(session, "email replayed", now, ticket_id=receipt.ticket_id, inbound_id=inbound_id, actor=actor)

    receipt = intake.replay(inbound_id, now=now, silent=silent, also=note)
    return Replayed(receipt.disposition, receipt.reference, f"{receipt.disposition} {receipt.reference or ''}".rstrip())


def _triage_again(session: Session, inbound_id: int, ticket_id: int, actor: str, now: datetime) -> str:
    _refuse(ledger.lock(session, [inbound_id])[inbound_id])
    events.add(session, "email replayed", now, ticket_id=ticket_id, inbound_id=inbound_id, actor=actor)
    return retry.triage_again(session, inbound_id, ticket_id, actor, now)


def _refuse(state: str) -> None:
    """Raise NotParkedError for any other state."""
    if state != Disposition.PARKED:
        raise NotParkedError(f"is not parked; its disposition is {state}")
