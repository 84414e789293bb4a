"""Change a ticket as one request asks: its status, its team, its category and priority; all of it or nothing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from daemon.store.jobs import Offer
from daemon.store.models import Ticket
from daemon.store.queries import ticket_pages
from daemon.store.queries.ticket_pages import TicketRow
from daemon.tickets.actor import Actor
from daemon.tickets.address_teams import AddressTeam
from daemon.tickets.corrections import Correction, assign, correct
from daemon.tickets.status import BY_STATUS
from daemon.vocabulary import PENDING, Priority, Status


@dataclass(frozen=True, slots=True)
class Change:
    """What to change; None: leave it. `category_team` and `category_priority` are the defaults of the new category.

    `addresses` are those of ours that have a team, in lower case.
    """

    status: Status | None = None
    team: str | None = None
    category: str | None = None
    priority: Priority | None = None
    category_team: str = ""
    category_priority: Priority = Priority.MEDIUM
    addresses: Mapping[str, AddressTeam] = field(default_factory=dict)


class ChangeError(ValueError):
    """The ticket cannot be changed in this way now; the message says why."""


class VersionError(Exception):
    """The ticket is not in the version that the change was made for."""


def change(
    session: Session,
    ticket_id: int,
    wanted: Change,
    actor: Actor,
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
        BY_STATUS[wanted.status](session, ticket_id, actor, now)
    session.expire_all()
    after = ticket_pages.one(session, ticket_id)
    return after or before, offers


def _decide(
    session: Session, ticket: Ticket, wanted: Change, actor: Actor, now: datetime, retrain_after: int
) -> tuple[Offer, ...]:
    if wanted.category is None and wanted.priority is None:
        return () if wanted.team is None else _assign(session, ticket.id, wanted.team, actor, now)
    category = wanted.category or ticket.category
    if category == PENDING:
        raise ChangeError("triage has not decided yet; name a category as well")
    team = wanted.team or (wanted.category_team if wanted.category else ticket.assigned_team) or ""
    addresses = wanted.addresses if wanted.category and not wanted.team else {}
    correction = Correction(category, team, wanted.priority, wanted.category_priority, addresses)
    return correct(session, ticket.id, correction, actor, now, retrain_after=retrain_after).offers


def _assign(session: Session, ticket_id: int, team: str, actor: Actor, now: datetime) -> tuple[Offer, ...]:
    try:
        return assign(session, ticket_id, team, actor, now).offers
    except ValueError as error:
        raise ChangeError(f"{error}; name a category as well") from None
