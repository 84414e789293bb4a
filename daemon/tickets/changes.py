"""Change a ticket as one request asks: its status, its team, its category and priority; all of it or nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from daemon.store import events
from daemon.store.jobs import Offer
from daemon.store.models import Ticket
from daemon.store.queries import ticket_pages
from daemon.store.queries.ticket_pages import TicketRow
from daemon.tickets import actions
from daemon.tickets.actions import Correction
from daemon.vocabulary import PENDING, Priority, Status


@dataclass(frozen=True, slots=True)
class Change:
    """What to change; None: leave it. `category_team` and `category_priority` are the defaults of the new category."""

    status: Status | None = None
    team: str | None = None
    category: str | None = None
    priority: Priority | None = None
    category_team: str = ""
    category_priority: Priority = Priority.MEDIUM


class ChangeError(ValueError):
    """The ticket cannot be changed in this way now; the message says why."""


class VersionError(Exception):
    """The ticket is not in the version that the change was made for."""


def change(
    session: Session,
    ticket_id: int,
    wanted: Change,
    actor: str,
    now: datetime,
    *,
    matches: Callable[[TicketRow], bool] | None = None,
    retrain_after: int = 0,
) -> tuple[TicketRow, tuple[Offer, ...]]:
    """Change a ticket; return it as it is then, and the jobs to offer.

    Raises LookupError, VersionError if it does not match, ChangeError.
    """
    before = ticket_pages.locked(session, ticket_id)
    if before is None:
        raise LookupError(f"no ticket {ticket_id}")
    if matches is not None and not matches(before):
        raise VersionError
    offers = _decide(session, before.ticket, wanted, actor, now, retrain_after)
    if wanted.status is not None:
        set_status(session, ticket_id, wanted.status, actor, now)
    session.expire_all()
    after = ticket_pages.one(session, ticket_id)
    return after or before, offers


def set_status(session: Session, ticket_id: int, status: Status, actor: str, now: datetime) -> bool:
    """Set the status of a ticket; return False if it is that already."""
    if status is Status.CLOSED:
        return actions.close(session, ticket_id, actor, now)
    ticket = session.get_one(Ticket, ticket_id)
    if ticket.status == status:
        return False
    events.add(session, "status changed", now, ticket_id=ticket_id, actor=actor, was=ticket.status, status=str(status))
    values = {"status": status, "updated_at": now, "resolved_at": now if status is Status.RESOLVED else None}
    session.execute(update(Ticket).where(Ticket.id == ticket_id).values(values))
    return True


def _decide(
    session: Session, ticket: Ticket, wanted: Change, actor: str, now: datetime, retrain_after: int
) -> tuple[Offer, ...]:
    if wanted.category is None and wanted.priority is None:
        return () if wanted.team is None else _assign(session, ticket.id, wanted.team, actor, now)
    category = wanted.category or ticket.category
    if category == PENDING:
        raise ChangeError("triage has not decided yet; name a category as well")
    team = wanted.team or (wanted.category_team if wanted.category else ticket.assigned_team) or ""
    correction = Correction(category, team, wanted.priority, wanted.category_priority, actor)
    return actions.correct(session, ticket.id, correction, now, retrain_after=retrain_after).offers


def _assign(session: Session, ticket_id: int, team: str, actor: str, now: datetime) -> tuple[Offer, ...]:
    try:
        return actions.assign(session, ticket_id, team, actor, now).offers
    except ValueError as error:
        raise ChangeError(f"{error}; name a category as well") from None
