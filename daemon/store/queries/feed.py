"""The feed of events about tickets: read from the rows that record them, so that nothing writes it.

A cursor names the last row of each table that was read. It is the same for every process, because it holds ids only.

On PostgreSQL a row can become visible after one with a higher id. A gap between ids therefore ends a page until every
transaction that ran when the gap was seen has ended; SQLite has one writer, so its gaps mean nothing. The time of a row
says nothing about a gap: an email that is replayed has the time at which it came.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from datetime import datetime
from functools import partial
from threading import Lock
from time import monotonic
from typing import Any, Final

from sqlalchemy import select, text
from sqlalchemy.orm import InstrumentedAttribute, Session

from daemon.store.models import Decision, Event, MessageRow, Ticket
from daemon.store.queries.feed_rows import TABLES, FeedRow, FeedType

# Rows of each table in a page.
PAGE: Final = 100
# Between taking its id and its number a transaction has a moment in which no snapshot knows it.
GAP_SECONDS: Final = 2.0
MOST_MARKS: Final = 100
IDS: Final[Mapping[str, InstrumentedAttribute[int]]] = {
    "ticket": Ticket.id,
    "decision": Decision.id,
    "message": MessageRow.id,
    "event": Event.id,
}
NEXT_TRANSACTIONS: Final = text(
    "SELECT pg_snapshot_xmin(s)::text::bigint, pg_snapshot_xmax(s)::text::bigint FROM pg_current_snapshot() AS s"
)


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last row that was read of each table, written "7-9-8-2"."""

    ticket: int = 0
    decision: int = 0
    message: int = 0
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
    """An event: the key of the row that records it, such as "decision:9" or "event:2/2", and the cursor after it.

    A row may record several events; the cursor of all but its last is that before the row.
    """

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
class _Mark:
    """The last id of a table at a moment, and the next transaction to begin then: all gaps below may still be filled.

    None can be once the older transactions have ended; `since` is when it was made, by a monotonic clock.
    """

    last: int
    following: int
    since: float


class Gaps:
    """The gaps between ids that a process waits for, whatever their number at once. Safe for several threads."""

    def __init__(self) -> None:
        self._marks: dict[str, deque[_Mark]] = defaultdict(deque)
        # The newest mark whose gaps nothing fills any more.
        self._ended: dict[str, _Mark] = {}
        self._lock = Lock()

    def settled(
        self, rows: Sequence[FeedRow], after: int, last: Callable[[], int], running: tuple[int, int] | None
    ) -> list[FeedRow]:
        """Return the rows of a table before the first gap that may still be filled. `last` returns its last id.

        `running` are the oldest transaction that runs and the next one to begin, None where gaps mean nothing.
        """
        if running is None:
            return list(rows)
        found = []
        for row in rows:
            if row.id != after + 1 and not self._is_permanent(row, last, running):
                break
            found.append(row)
            after = row.id
        return found

    def _is_permanent(self, row: FeedRow, last: Callable[[], int], running: tuple[int, int]) -> bool:
        oldest, following = running
        with self._lock:
            marks = self._marks[row.table]
            while marks and oldest >= marks[0].following and monotonic() - marks[0].since >= GAP_SECONDS:
                self._ended[row.table] = marks.popleft()
            ended = self._ended.get(row.table)
            if ended is not None and row.id <= ended.last:
                # Another thread may have seen the end by a snapshot that is younger than ours.
                return oldest >= ended.following
            if len(marks) < MOST_MARKS and (not marks or row.id > marks[-1].last):
                marks.append(_Mark(last(), following, monotonic()))
        return False


def head(session: Session) -> Cursor:
    """Return the cursor after all that is there."""
    return Cursor(**{table: _last(session, table) for table in IDS})


def _last(session: Session, table: str) -> int:
    return session.execute(select(IDS[table]).order_by(IDS[table].desc()).limit(1)).scalar() or 0


def read(session: Session, after: Cursor, gaps: Gaps, limit: int = PAGE) -> Page:
    """Return the next events after a cursor, from at most `limit` rows of each table."""
    # The snapshot is older than the rows that the statements after it see, never younger.
    running = None
    if session.get_bind().dialect.name == "postgresql":
        oldest, following = session.execute(NEXT_TRANSACTIONS).one()
        running = (oldest, following)
    found = {table: list(fetch(session, getattr(after, table), limit)) for table, fetch in TABLES.items()}
    settled = {
        table: gaps.settled(rows, getattr(after, table), partial(_last, session, table), running)
        for table, rows in found.items()
    }
    rows = list(_until_unread(found, settled, limit))
    cursor, events = after, []
    # Within a table the order of ids counts: only then does the cursor after a row say what was read.
    for row in _merged(rows):
        moved = replace(cursor, **{row.table: row.id})
        events += list(_events(row, cursor, moved))
        cursor = moved
    return Page(tuple(events), cursor)


def _until_unread(
    found: Mapping[str, Sequence[FeedRow]], settled: Mapping[str, Sequence[FeedRow]], limit: int
) -> Iterator[FeedRow]:
    """Yield the settled rows of each table that are not younger than what of another table is still to come.

    So nothing about a ticket comes before its creation: a page has as many rows of a table as of one that has far
    more of them in the same time, and a row behind a gap waits.
    """
    waits = [rows[len(settled[table])].at for table, rows in found.items() if len(settled[table]) < len(rows)]
    full = [
        max(row.at for row in settled[table]) for table, rows in found.items() if len(rows) >= limit and settled[table]
    ]
    for rows in settled.values():
        for row in rows:
            if any(row.at >= at for at in waits) or any(row.at > at for at in full):
                break
            yield row


def _events(row: FeedRow, before: Cursor, after: Cursor) -> Iterator[FeedEvent]:
    last = len(row.events)
    for number, (kind, data) in enumerate(row.events, 1):
        key = f"{row.table}:{row.id}" + (f"/{number}" if number > 1 else "")
        yield FeedEvent(key, kind, row.at, row.ticket_id or 0, data, after if number == last else before)


def _merged(rows: Sequence[FeedRow]) -> Iterator[FeedRow]:
    """Yield rows by their time; those of one table in the order of their ids, also where a clock was set back."""
    latest: dict[str, datetime] = {}
    placed = []
    for position, row in enumerate(rows):
        latest[row.table] = max(row.at, latest.get(row.table, row.at))
        placed.append((latest[row.table], position, row))
    for _, _, row in sorted(placed, key=lambda one: one[:2]):
        yield row


def payloads(session: Session, found: Sequence[FeedEvent]) -> list[dict[str, Any]]:
    """Return events as clients get them, each with its ticket as it is now; no text or address of a customer."""
    query = select(Ticket).where(Ticket.id.in_({event.ticket_id for event in found}))
    tickets = {ticket.id: ticket for ticket in session.execute(query).scalars()}
    return [_payload(event, tickets.get(event.ticket_id)) for event in found]


def _payload(event: FeedEvent, ticket: Ticket | None) -> dict[str, Any]:
    names = ("reference", "status", "category", "priority", "confidence", "assigned_team")
    shown = {"id": event.ticket_id, **{name: getattr(ticket, name, None) for name in names}}
    return {
        "type": str(event.type),
        "timestamp": event.at.isoformat().replace("+00:00", "Z"),
        "data": {"ticket": shown, **event.data},
    }
