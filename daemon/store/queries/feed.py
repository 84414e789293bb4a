"""The feed of events about tickets: read from the rows that record them, so that nothing writes it.

A ticket, a decision, a message, an answer that is sent and a change of status are each a row that is added once. A
cursor names the last row of each table that was read. It is the same for every process, because it holds ids only.

On PostgreSQL a row can become visible after one with a higher id. A gap between ids therefore ends a page until every
transaction that ran when the gap was seen has ended; SQLite has one writer, so its gaps mean nothing.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple, dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from threading import Lock
from time import monotonic
from typing import Any, Final

from sqlalchemy import select, text
from sqlalchemy.orm import InstrumentedAttribute, Session

from daemon.store.models import Decision, DeliveryRow, Event, MessageRow, Ticket
from daemon.vocabulary import MailKind, MessageRole, Status

PAGE: Final = 100
# Between taking its id and its number a transaction has a moment in which no snapshot knows it.
GAP_SECONDS: Final = 2.0
# No transaction of ours lasts as long.
OLD_GAP: Final = timedelta(minutes=10)
MOST_GAPS: Final = 1000
# Kinds of rows in the event table that change the status, with the status after it where the row does not say it.
STATUS_EVENTS: Final = {
    "status changed": None,
    "closed": Status.CLOSED,
    "resolved": Status.RESOLVED,
    "opened": Status.OPEN,
    "waiting": Status.WAITING,
}
NEXT_TRANSACTIONS: Final = text(
    "SELECT pg_snapshot_xmin(s)::text::bigint, pg_snapshot_xmax(s)::text::bigint FROM pg_current_snapshot() AS s"
)


class FeedType(StrEnum):
    """What an event in the feed says."""

    CREATED = "ticket.created"
    DECIDED = "ticket.decided"
    MESSAGE = "ticket.message_received"
    ANSWERED = "ticket.answered"
    STATUS = "ticket.status_changed"


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last row that was read of each table, written "7-9-8-14-2"."""

    ticket: int = 0
    decision: int = 0
    message: int = 0
    delivery: int = 0
    event: int = 0

    def __str__(self) -> str:
        """Return the text that clients keep."""
        return "-".join(str(number) for number in astuple(self))

    @classmethod
    def parse(cls, written: str) -> "Cursor":
        """Parse the text; raises ValueError for any other."""
        parts = written.split("-")
        right = len(parts) == len(astuple(cls())) and all(p.isascii() and p.isdigit() and len(p) < 11 for p in parts)  # noqa: PLR2004
        if not right:
            raise ValueError("this is no cursor of events")
        return cls(*map(int, parts))


@dataclass(frozen=True, slots=True)
class FeedEvent:
    """An event: the row that records it, such as "decision:9", and the cursor after it."""

    row: str
    type: FeedType
    at: datetime
    ticket_id: int
    data: dict[str, Any]
    cursor: Cursor


@dataclass(frozen=True, slots=True)
class Page:
    """Events in the order of their time, and the cursor after all that was read."""

    events: tuple[FeedEvent, ...]
    cursor: Cursor


@dataclass(frozen=True, slots=True)
class _Read:
    """A row that was read: its table, id and time; `event` makes its event, None for a row that is none."""

    table: str
    id: int
    at: datetime
    event: tuple[FeedType, int, dict[str, Any]] | None


class Gaps:
    """The gaps between ids that a process waits for. Safe for several threads."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, int], tuple[int, float]] = {}
        self._lock = Lock()

    def settled(self, rows: Sequence[_Read], after: int, now: datetime, running: tuple[int, int] | None) -> list[_Read]:
        """Return the rows before the first gap that may still be filled.

        `running` are the oldest transaction that runs and the next one to begin, None where gaps mean nothing.
        """
        if running is None:
            return list(rows)
        found = []
        for row in rows:
            if row.id != after + 1 and row.at > now - OLD_GAP and not self._is_permanent(row, running):
                break
            found.append(row)
            after = row.id
        return found

    def _is_permanent(self, row: _Read, running: tuple[int, int]) -> bool:
        oldest, following = running
        with self._lock:
            while len(self._seen) > MOST_GAPS:
                del self._seen[next(iter(self._seen))]
            until, since = self._seen.setdefault((row.table, row.id), (following, monotonic()))
        return oldest >= until and monotonic() - since >= GAP_SECONDS


def head(session: Session) -> Cursor:
    """Return the cursor after all that is there."""
    ids: tuple[InstrumentedAttribute[int], ...] = (Ticket.id, Decision.id, MessageRow.id, DeliveryRow.id, Event.id)
    return Cursor(*(session.execute(select(one).order_by(one.desc()).limit(1)).scalar() or 0 for one in ids))


def read(session: Session, after: Cursor, gaps: Gaps, now: datetime) -> Page:
    """Return the next events after a cursor, from at most PAGE rows of each table."""
    # The snapshot is older than the rows that the statements after it see, never younger.
    running = None
    if session.get_bind().dialect.name == "postgresql":
        oldest, following = session.execute(NEXT_TRANSACTIONS).one()
        running = (oldest, following)
    rows: list[_Read] = []
    for table, fetch in TABLES.items():
        found = list(fetch(session, getattr(after, table)))
        rows += gaps.settled(found, getattr(after, table), now, running)
    cursor, events = after, []
    # Within a table the order of ids counts: only then does the cursor after a row say what was read.
    for row in _merged(rows):
        cursor = replace(cursor, **{row.table: row.id})
        if row.event is not None:
            kind, ticket_id, data = row.event
            events.append(FeedEvent(f"{row.table}:{row.id}", kind, row.at, ticket_id, data, cursor))
    return Page(tuple(events), cursor)


def _merged(rows: Sequence[_Read]) -> Iterator[_Read]:
    """Yield rows by their time; those of one table in the order of their ids, also where a clock was set back."""
    latest: dict[str, datetime] = {}
    placed = []
    for position, row in enumerate(rows):
        latest[row.table] = max(row.at, latest.get(row.table, row.at))
        placed.append((latest[row.table], position, row))
    for _, _, row in sorted(placed, key=lambda one: one[:2]):
        yield row


def _tickets(session: Session, after: int) -> Iterator[_Read]:
    query = select(Ticket.id, Ticket.created_at).where(Ticket.id > after).order_by(Ticket.id).limit(PAGE)
    for row in session.execute(query):
        yield _Read("ticket", row.id, row.created_at, (FeedType.CREATED, row.id, {}))


def _decisions(session: Session, after: int) -> Iterator[_Read]:
    query = select(Decision).where(Decision.id > after).order_by(Decision.id).limit(PAGE)
    for row in session.execute(query).scalars():
        names = ("category", "priority", "confidence", "team", "by", "actor")
        data = {"decision_id": row.id, **{name: getattr(row, name) for name in names}}
        yield _Read("decision", row.id, row.at, (FeedType.DECIDED, row.ticket_id, data))


def _messages(session: Session, after: int) -> Iterator[_Read]:
    """Yield messages; those of customers are events, but for the one that opens a ticket."""
    columns = (MessageRow.id, MessageRow.ticket_id, MessageRow.created_at, MessageRow.role)
    query = select(*columns).where(MessageRow.id > after).order_by(MessageRow.id).limit(PAGE)
    for row in session.execute(query).all():
        before = select(MessageRow.id).where(MessageRow.ticket_id == row.ticket_id, MessageRow.id < row.id).limit(1)
        follows = row.role == MessageRole.CUSTOMER and session.execute(before).scalar() is not None
        event = (FeedType.MESSAGE, row.ticket_id, {"message_id": row.id})
        yield _Read("message", row.id, row.created_at, event if follows else None)


def _deliveries(session: Session, after: int) -> Iterator[_Read]:
    """Yield outgoing emails; the first of each answer is an event."""
    d = DeliveryRow
    columns = (d.id, d.kind, d.cause, d.ticket_id, d.created_at)
    for row in session.execute(select(*columns).where(d.id > after).order_by(d.id).limit(PAGE)).all():
        event = None
        if row.kind == MailKind.ANSWER and row.ticket_id is not None:
            before = select(d.id).where(d.cause == row.cause, d.kind == row.kind, d.id < row.id).limit(1)
            if session.execute(before).scalar() is None:
                event = (FeedType.ANSWERED, row.ticket_id, {"answer_id": row.cause.id})
        yield _Read("delivery", row.id, row.created_at, event)


def _events(session: Session, after: int) -> Iterator[_Read]:
    query = select(Event).where(Event.id > after).order_by(Event.id).limit(PAGE)
    for row in session.execute(query).scalars():
        event = None
        if row.kind in STATUS_EVENTS and row.ticket_id is not None:
            to = row.data.get("status") or STATUS_EVENTS[row.kind]
            data = {"was": row.data.get("was"), "status": to, "actor": row.data.get("actor")}
            event = (FeedType.STATUS, row.ticket_id, data)
        yield _Read("event", row.id, row.at, event)


TABLES: Final[dict[str, Callable[[Session, int], Iterator[_Read]]]] = {
    "ticket": _tickets,
    "decision": _decisions,
    "message": _messages,
    "delivery": _deliveries,
    "event": _events,
}


def payloads(session: Session, found: Sequence[FeedEvent]) -> list[dict[str, Any]]:
    """Return events as clients get them, each with its ticket as it is now; no text or address of a customer."""
    query = select(Ticket).where(Ticket.id.in_({event.ticket_id for event in found}))
    tickets = {ticket.id: ticket for ticket in session.execute(query).scalars()}
    return [_payload(event, tickets[event.ticket_id]) for event in found]


def _payload(event: FeedEvent, ticket: Ticket) -> dict[str, Any]:
    names = ("id", "reference", "status", "category", "priority", "confidence", "assigned_team")
    return {
        "type": str(event.type),
        "timestamp": event.at.isoformat().replace("+00:00", "Z"),
        "data": {"ticket": {name: getattr(ticket, name) for name in names}, **event.data},
    }
