"""Pages of tickets: filtered, each beginning where the one before ended; and one ticket with the decision in force."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, false, func, literal, or_, select, tuple_
from sqlalchemy.orm import Session

from daemon.store.models import Decision, MessageRow, Person, Ticket
from daemon.store.queries.text_search import SEARCHED, conditions, of_requester
from daemon.store.sql import unindexed

RowAfter = tuple[datetime, int]


@dataclass(frozen=True, slots=True)
class TicketQuery:
    """Which tickets; None for any. `requester` is an address, `text` a phrase.

    With `updated_since` the page is ordered by the last change, the oldest first, so that a reader misses none;
    otherwise by age, the newest first. `text` is looked for in the newest SEARCHED tickets, a complete address in all,
    in the order of their ids.
    """

    status: str | None = None
    team: str | None = None
    category: str | None = None
    requester: str | None = None
    text: str | None = None
    since: datetime | None = None
    updated_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class TicketRow:
    """A ticket with its requester and the decision in force, if any."""

    ticket: Ticket
    requester: Person | None
    related: str | None
    merged_into: str | None
    decision: Decision | None
    newest_message: int | None

    @property
    def version(self) -> str:
        """Return what is different after every change of the ticket."""
        t, decided = self.ticket, self.decision.id if self.decision else 0
        return f"{t.updated_at.timestamp():.6f}-{t.status}-{decided}-{self.newest_message or 0}"


def page(session: Session, wanted: TicketQuery, after: RowAfter | None, limit: int) -> list[TicketRow]:
    """Return the tickets that follow a row, at most `limit`."""
    query = select(Ticket).where(*_conditions(session, wanted))
    if wanted.updated_since is not None:
        at = Ticket.updated_at
        query = query.where(at >= wanted.updated_since).order_by(at, Ticket.id)
        query = query if after is None else query.where(tuple_(at, Ticket.id) > tuple_(*map(_bound, after)))
        if wanted.text:
            query = query.where(or_(false(), *conditions(session, wanted.text, SEARCHED)))
    elif wanted.text:
        return _with_text(session, query, wanted.text, after, limit)
    else:
        at = Ticket.created_at
        query = query.order_by(at.desc(), Ticket.id.desc())
        query = query if after is None else query.where(tuple_(at, Ticket.id) < tuple_(*map(_bound, after)))
    return _rows(session, session.execute(query.limit(limit)).scalars().all())


def _with_text(
    session: Session, query: Select[Ticket], words: str, after: RowAfter | None, limit: int
) -> list[TicketRow]:
    """Return tickets with a phrase in the order of their ids, so that the newest can be searched first."""
    found: list[Ticket] = []
    for condition in conditions(session, words, SEARCHED, after[1] if after else None):
        part = query.where(condition).order_by(Ticket.id.desc())
        found += session.execute(part.limit(limit - len(found))).scalars()
        if len(found) == limit:
            break
    return _rows(session, found)


def one(session: Session, ticket_id: int) -> TicketRow | None:
    """Return a ticket, None where there is none."""
    found = _rows(session, session.execute(select(Ticket).where(Ticket.id == ticket_id)).scalars().all())
    return found[0] if found else None


def _bound(value: Any) -> Any:  # noqa: ANN401 - the type of its column
    return literal(value, Ticket.created_at.type if isinstance(value, datetime) else None)


def _conditions(session: Session, wanted: TicketQuery) -> list[ColumnElement[bool]]:
    others = ((Ticket.status, wanted.status), (Ticket.assigned_team, wanted.team))
    found: list[ColumnElement[bool]] = []
    # SQLite would take the index on which most conditions are equalities; a requester and a phrase find fewer tickets,
    # and only the index of categories has the other two columns.
    few = wanted.requester is not None or bool(wanted.text)
    hidden = few or (wanted.category is not None and session.get_bind().dialect.name == "sqlite")
    found += [(unindexed(column) if hidden else column) == value for column, value in others if value is not None]
    if wanted.category is not None:
        found.append((unindexed(Ticket.category) if few else Ticket.category) == wanted.category)
    if wanted.since is not None:
        found.append(Ticket.created_at >= wanted.since)
    if wanted.requester is not None:
        found.append(of_requester(wanted.requester))
    return found


def _rows(session: Session, tickets: Sequence[Ticket]) -> list[TicketRow]:
    ids = [ticket.id for ticket in tickets]
    newest = select(func.max(Decision.id)).where(Decision.ticket_id.in_(ids)).group_by(Decision.ticket_id)
    decided = session.execute(select(Decision).where(Decision.id.in_(newest))).scalars()
    decisions = {decision.ticket_id: decision for decision in decided}
    wrote = select(MessageRow.ticket_id, func.max(MessageRow.id)).where(MessageRow.ticket_id.in_(ids))
    messages = {row[0]: row[1] for row in session.execute(wrote.group_by(MessageRow.ticket_id))}
    people = _by_id(session, Person, [ticket.requester_id for ticket in tickets])
    others = _by_id(session, Ticket, [one for ticket in tickets for one in (ticket.related_id, ticket.merged_into_id)])
    return [
        TicketRow(
            ticket,
            people.get(ticket.requester_id or 0),
            others[ticket.related_id].reference if ticket.related_id in others else None,
            others[ticket.merged_into_id].reference if ticket.merged_into_id in others else None,
            decisions.get(ticket.id),
            messages.get(ticket.id),
        )
        for ticket in tickets
    ]


def _by_id(session: Session, table: Any, ids: list[int | None]) -> dict[int, Any]:  # noqa: ANN401 - any table of ours
    wanted = [number for number in ids if number is not None]
    return {row.id: row for row in session.execute(select(table).where(table.id.in_(wanted))).scalars()}
