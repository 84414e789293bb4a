"""List, search and find tickets; every result is bounded."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session

from daemon.mail.reference import find_references
from daemon.store.models import Person, Ticket
from daemon.store.queries.text_search import SEARCHED, conditions


@dataclass(frozen=True, slots=True)
class TicketLine:
    """A ticket in a list. `requester` is an address, None for an email that had none."""

    reference: str
    status: str
    category: str
    priority: str
    confidence: float | None
    assigned_team: str | None
    subject: str
    requester: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class TicketFilter:
    """Which tickets to list; None for any."""

    status: str | None = None
    team: str | None = None
    category: str | None = None
    since: datetime | None = None


def list_tickets(session: Session, wanted: TicketFilter, limit: int) -> list[TicketLine]:
    """Return tickets, the newest first."""
    pairs: tuple[tuple[ColumnElement[bool], object], ...] = (
        (Ticket.status == wanted.status, wanted.status),
        (Ticket.assigned_team == wanted.team, wanted.team),
        (Ticket.category == wanted.category, wanted.category),
    )
    query = _lines().where(*(condition for condition, value in pairs if value is not None))
    if wanted.since is not None:
        query = query.where(Ticket.created_at >= wanted.since)
    return _read(session, query.order_by(Ticket.created_at.desc(), Ticket.id.desc()).limit(limit))


def search_tickets(session: Session, words: str, limit: int, searched: int = SEARCHED) -> list[TicketLine]:
    """Return tickets that contain a phrase in subject, text, reference or requester, the newest first.

    Searches the `searched` newest tickets only; a complete address is found among all of them.
    """
    found: list[TicketLine] = []
    for condition in conditions(session, words, searched):
        query = _lines().where(condition).order_by(Ticket.id.desc())
        found += _read(session, query.limit(limit - len(found)))
        if len(found) == limit:
            break
    return found


def ticket_id_of(session: Session, reference: str) -> int | None:
    """Return the id behind a reference, or None."""
    return session.execute(select(Ticket.id).where(Ticket.reference == reference)).scalar_one_or_none()


def find_ticket_id(session: Session, text: str, prefix: str) -> int | None:
    """Return the id of a ticket by its reference, with or without prefix and hyphens; None if there is none."""
    typed = text.strip().upper()
    for reference in (typed, *find_references(typed, prefix), *find_references(f"{prefix}-{typed}", prefix)):
        found = ticket_id_of(session, reference)
        if found is not None:
            return found
    return None


def newest_tickets(session: Session, limit: int) -> list[int]:
    """Return the ids of the newest tickets."""
    return list(session.execute(select(Ticket.id).order_by(Ticket.id.desc()).limit(limit)).scalars())


def _lines() -> Select[*tuple[Any, ...]]:
    return select(
        Ticket.reference,
        Ticket.status,
        Ticket.category,
        Ticket.priority,
        Ticket.confidence,
        Ticket.assigned_team,
        Ticket.subject,
        Person.email,
        Ticket.created_at,
    ).outerjoin(Person, Person.id == Ticket.requester_id)


def _read(session: Session, query: Select[*tuple[Any, ...]]) -> list[TicketLine]:
    return [TicketLine(*row) for row in session.execute(query)]
