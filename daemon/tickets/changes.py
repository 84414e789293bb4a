"""Change a ticket as one request asks: its status, its team, its category and priority; all of it or nothing."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from daemon.store.jobs import Offer
from daemon.store.models import Ticket
from daemon.store.queries import ticket_pages
from daemon.store.queries.ticket_pages import TicketRow
from daemon.tickets.action_base import lock_any
from daemon.tickets.actor import Actor
from daemon.tickets.address_teams import AddressTeam
from daemon.tickets.corrections import Correction, assign, correct
from daemon.tickets.status import BY_STATUS, wait
from daemon.vocabulary import PENDING, Priority, Status

Matches = Callable[[TicketRow], bool] | None


@dataclass(frozen=True, slots=True)
class Change:
    """What to change; None: leave it. A ticket with `wait_until` gets the status WAITING.

    `category_team` and `category_priority` are the defaults of the new category; `addresses` are those of ours that
    have a team, in lower case.
    """

    status: Status | None = None
    team: str | None = None
    category: str | None = None
    priority: Priority | None = None
    category_team: str = ""
    category_priority: Priority = Priority.MEDIUM
    addresses: Mapping[str, AddressTeam] = field(default_factory=dict)
    wait_until: datetime | None = None


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
    matches: Matches = None,
    retrain_after: int = 0,
) -> tuple[TicketRow, tuple[Offer, ...]]:
    """Change a ticket; return it as it is then, and the jobs to offer.

    Raises LookupError, VersionError if it does not match, ChangeError.
    """
    before = lock_version(session, ticket_id, matches)
    offers = _decide(session, before.ticket, wanted, actor, now, retrain_after)
    if wanted.wait_until is not None:
        wait(session, ticket_id, wanted.wait_until - now, actor, now)
    elif wanted.status is not None:
        BY_STATUS[wanted.status](session, ticket_id, actor, now)
    return after(session, ticket_id), offers


def lock_version(
    session: Session,
    ticket_id: int,
    matches: Matches = None,
    locked_too: Callable[[Session, int], Collection[int]] = lambda _session, _ticket_id: (),
) -> TicketRow:
    """Lock a ticket, with those that its change locks too, and return it.

    Raises LookupError, VersionError if it does not match.
    """
    if ticket_pages.one(session, ticket_id) is None:
        raise LookupError(f"no ticket {ticket_id}")
    # In the order of their ids, as a merge does, so that two changes never wait for each other.
    for each in sorted({ticket_id, *locked_too(session, ticket_id)}):
        lock_any(session, each)
    before = after(session, ticket_id)
    if matches is not None and not matches(before):
        raise VersionError
    return before


def after(session: Session, ticket_id: int) -> TicketRow:
    """Return a ticket as it is after what was written in this transaction; raises LookupError."""
    session.expire_all()
    found = ticket_pages.one(session, ticket_id)
    if found is None:
        raise LookupError(f"no ticket {ticket_id}")
    return found


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
