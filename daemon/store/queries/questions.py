"""Read the tickets that the lead may be asked about: those that wait for a person and that nobody decided yet."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from daemon.snapshots import TicketSnapshot, WaitingTicket
from daemon.store.models import Decision
from daemon.store.queries import review, snapshots
from daemon.store.sql import table
from daemon.vocabulary import BY_PEOPLE, DecidedBy, Subject, SubjectKind

DECISION = table(Decision)


def undecided(session: Session, team: str, number: int) -> list[WaitingTicket]:
    """Return the oldest open tickets of a team, without those whose category a person decided."""
    waiting = review.waiting(session, team, number)
    ids = [one.id for one in waiting]
    by_person = select(DECISION.c.ticket_id).where(DECISION.c.ticket_id.in_(ids), DECISION.c.by.in_([DecidedBy.PERSON]))
    decided = set(session.execute(by_person).scalars())
    return [one for one in waiting if one.id not in decided]


def load(session: Session, ticket_ids: Sequence[int]) -> list[TicketSnapshot]:
    """Return what triage decided on tickets, with the first email of each, in order."""
    last = (
        select(func.max(DECISION.c.id))
        .where(DECISION.c.ticket_id.in_(ticket_ids), DECISION.c.by.not_in(BY_PEOPLE))
        .group_by(DECISION.c.ticket_id)
    )
    causes = [Subject(SubjectKind.DECISION, found) for found in session.execute(last).scalars()]
    found = {one.ticket_id: one for one in snapshots.load(session, causes).values()}
    return [found[one] for one in ticket_ids if one in found]
