"""Verify the database: nothing is lost, nothing is in two states, everything has a reason.

Safe while the daemon runs: each rule is one statement over a range of ids, and so sees a consistent state.
"""

import hashlib
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    String,
    and_,
    case,
    cast,
    exists,
    func,
    literal,
    not_,
    or_,
    select,
    text,
    type_coerce,
)
from sqlalchemy.orm import Session, aliased

from daemon.store.deliveries import DeliveryState
from daemon.store.jobs import JobKind, JobState
from daemon.store.models import Decision, DeliveryRow, Inbound, Job, MessageRow, Ticket
from daemon.store.store import Store
from daemon.vocabulary import PENDING, Disposition, SubjectKind

IDS_AT_ONCE: Final = 2000
BYTES_AT_ONCE: Final = 8 * 1024 * 1024

LIVE_STATES: Final = (JobState.READY, JobState.LEASED)
ON_TICKET: Final = (Disposition.TICKET, Disposition.FOLLOW_UP)
FINAL_STATES: Final = (
    DeliveryState.SENT,
    DeliveryState.FAILED,
    DeliveryState.SUPPRESSED,
    DeliveryState.UNCERTAIN,
    DeliveryState.DISMISSED,
)
TABLES: Final[dict[SubjectKind, Any]] = {
    SubjectKind.TICKET: Ticket,
    SubjectKind.MESSAGE: MessageRow,
    SubjectKind.DECISION: Decision,
    SubjectKind.DELIVERY: DeliveryRow,
}
# Compared as text, because a damaged row may hold an invalid subject.
SUBJECT: Final = type_coerce(Job.subject, String)

Problem = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule for every row of a table: `broken` is true for a row that violates it, which `says` describes."""

    table: Any
    says: str
    broken: ColumnElement[bool]


def rules() -> tuple[Rule, ...]:
    """Return the rules, the most important first."""
    other, twin, later = aliased(Inbound), aliased(Inbound), aliased(Decision)
    message = exists().where(MessageRow.inbound_id == Inbound.id, MessageRow.ticket_id == Inbound.ticket_id)
    ticket = exists().where(Ticket.id == Inbound.ticket_id)
    newest = select(func.max(later.id)).where(later.ticket_id == Ticket.id).correlate(Ticket).scalar_subquery()
    differs = or_(
        Decision.category != Ticket.category,
        Decision.priority != Ticket.priority,
        func.coalesce(Ticket.assigned_team, "") != Decision.team,
    )
    states = [d.value for d in Disposition]
    return (
        Rule(Inbound, "is in no known state", Inbound.disposition.not_in(states)),
        Rule(Inbound, "has no reason for its state", _length(Inbound.reasons) == 0),
        Rule(Inbound, "should be on a ticket that exists", and_(Inbound.disposition.in_(ON_TICKET), not_(ticket))),
        Rule(Inbound, "should be a message of its ticket", and_(Inbound.disposition.in_(ON_TICKET), not_(message))),
        Rule(
            Inbound,
            "is a duplicate without an original",
            and_(
                Inbound.disposition == Disposition.DUPLICATE,
                not_(exists().where(other.id == Inbound.duplicate_of, other.duplicate_of.is_(None))),
            ),
        ),
        Rule(
            Inbound,
            "is no duplicate, but points to another email",
            and_(Inbound.disposition != Disposition.DUPLICATE, Inbound.duplicate_of.is_not(None)),
        ),
        Rule(
            Inbound,
            "has no raw email",
            and_(Inbound.disposition != Disposition.DUPLICATE, Inbound.raw.is_(None)),
        ),
        Rule(
            Inbound,
            "opened a ticket that another email opened already",
            and_(
                Inbound.disposition == Disposition.TICKET,
                exists().where(
                    twin.ticket_id == Inbound.ticket_id, twin.disposition == Disposition.TICKET, twin.id < Inbound.id
                ),
            ),
        ),
        Rule(Ticket, "has no inbound email", not_(exists().where(Inbound.ticket_id == Ticket.id))),
        Rule(Ticket, "has no message", not_(exists().where(MessageRow.ticket_id == Ticket.id))),
        Rule(
            Ticket,
            "is pending, and no live job will decide it",
            and_(Ticket.category == PENDING, not_(_live_job(JobKind.TRIAGE, SubjectKind.TICKET, Ticket.id))),
        ),
        Rule(
            Ticket,
            "is decided, but has no decision",
            and_(Ticket.category != PENDING, not_(exists().where(Decision.ticket_id == Ticket.id))),
        ),
        Rule(
            Ticket,
            "differs from its newest decision",
            and_(Ticket.category != PENDING, exists().where(Decision.id == newest, differs)),
        ),
        Rule(Decision, "has no reasons", _length(Decision.reasons) == 0),
        Rule(
            DeliveryRow,
            "is in no known state",
            DeliveryRow.state.not_in([s.value for s in DeliveryState]),
        ),
        Rule(
            DeliveryRow,
            "has not ended, and no live job will end it",
            and_(
                DeliveryRow.state.not_in((*FINAL_STATES, DeliveryState.DEFERRED)),
                not_(_live_job(JobKind.DELIVER, SubjectKind.DELIVERY, DeliveryRow.id)),
            ),
        ),
        Rule(
            DeliveryRow,
            "is deferred, and no live job will plan it again",
            and_(
                DeliveryRow.state == DeliveryState.DEFERRED,
                not_(_live_job(JobKind.NOTIFY, SubjectKind.DELIVERY, DeliveryRow.id)),
            ),
        ),
        Rule(
            DeliveryRow,
            "is sent, but has no time",
            and_(DeliveryRow.state == DeliveryState.SENT, DeliveryRow.sent_at.is_(None)),
        ),
        Rule(
            DeliveryRow,
            "was not sent, but has no reason",
            and_(
                DeliveryRow.state.in_(FINAL_STATES), DeliveryRow.state != DeliveryState.SENT, DeliveryRow.reason == ""
            ),
        ),
        Rule(Job, "is in no known state", Job.state.not_in([s.value for s in JobState])),
        Rule(Job, "is leased without an owner", and_(Job.state == JobState.LEASED, Job.owner.is_(None))),
        Rule(Job, "is about a row that does not exist", and_(Job.state.in_(LIVE_STATES), _subject_missing())),
    )


def verify(store: Store, progress: Callable[[int], object]) -> Iterator[Problem]:
    """Yield (row, problem) for each problem, such as ("inbound 7", "has no raw email").

    Calls `progress` with the number of rows that were checked; `work` is their sum.
    """
    if store.engine.dialect.name == "sqlite":
        yield from _pages(store)
    for table in (Inbound, Ticket, Decision, DeliveryRow, Job):
        of_table = [rule for rule in rules() if rule.table is table]
        for low, high in _ranges(store, table):
            for rule in of_table:
                yield from _broken(store, rule, low, high)
            progress(high - low)
    for low, high in _ranges(store, Inbound):
        yield from _damaged(store, low, high)
        progress(high - low)


def work(store: Store) -> int:
    """Return how many rows a verification checks."""
    tables = (Inbound, Ticket, Decision, DeliveryRow, Job, Inbound)
    with store.read() as session:
        return sum(_highest(session, table) for table in tables)


def _live_job(kind: JobKind, about: SubjectKind, number: Any) -> ColumnElement[bool]:  # noqa: ANN401 - a mapped column
    subject = literal(f"{about}:") + cast(number, String)
    return exists().where(subject == SUBJECT, Job.kind == kind, Job.state.in_(LIVE_STATES))


def _subject_missing() -> ColumnElement[bool]:
    there = [
        (
            SUBJECT.startswith(f"{about}:"),
            not_(exists().where(literal(f"{about}:") + cast(table.id, String) == SUBJECT)),
        )
        for about, table in TABLES.items()
    ]
    return case(*there, else_=literal(value=False))


def _length(column: Any) -> ColumnElement[int]:  # noqa: ANN401 - a mapped column of JSON
    return func.json_array_length(column)


def _ranges(store: Store, table: Any) -> Iterator[tuple[int, int]]:  # noqa: ANN401 - any table of ours
    """Yield ranges (after, up to) of ids; each is read in its own transaction, so that checkpoints are not blocked."""
    with store.read() as session:
        highest = _highest(session, table)
    for low in range(0, highest, IDS_AT_ONCE):
        yield low, min(low + IDS_AT_ONCE, highest)


def _highest(session: Session, table: Any) -> int:  # noqa: ANN401 - any table of ours
    return session.execute(select(func.max(table.id))).scalar_one() or 0


def _broken(store: Store, rule: Rule, low: int, high: int) -> Iterator[Problem]:
    query = select(rule.table.id).where(rule.table.id > low, rule.table.id <= high, rule.broken).order_by(rule.table.id)
    with store.read() as session:
        found = session.execute(query).scalars().all()
    for number in found:
        yield f"{rule.table.__tablename__} {number}", rule.says


def _damaged(store: Store, low: int, high: int) -> Iterator[Problem]:
    """Yield the raw emails that do not decompress to the accepted bytes, a few megabytes at once."""
    with store.read() as session:
        query = select(Inbound.id, Inbound.size).where(Inbound.id > low, Inbound.id <= high, Inbound.raw.is_not(None))
        sizes = session.execute(query.order_by(Inbound.id)).all()
    batch: list[int] = []
    batch_bytes = 0
    for number, size in sizes:
        batch.append(number)
        batch_bytes += size
        if batch_bytes >= BYTES_AT_ONCE:
            yield from _check_raw(store, batch)
            batch, batch_bytes = [], 0
    yield from _check_raw(store, batch)


def _check_raw(store: Store, numbers: list[int]) -> Iterator[Problem]:
    with store.read() as session:
        query = select(Inbound.id, Inbound.size, Inbound.sha256, Inbound.raw).where(Inbound.id.in_(numbers))
        rows = session.execute(query.order_by(Inbound.id)).all()
    for number, size, sha256, raw in rows:
        problem = raw_problem(raw or b"", size, sha256)
        if problem:
            yield f"inbound {number}", problem


def raw_problem(raw: bytes, size: int, sha256: str) -> str | None:
    """Return what is wrong with a compressed email, or None. Decompresses at most one byte more than its size."""
    unpacking = zlib.decompressobj()
    try:
        content = unpacking.decompress(raw, size + 1)
    except zlib.error as error:
        return f"its raw email does not decompress: {error}"
    if len(content) != size or not (unpacking.eof or size == 0):
        return f"its raw email has another size than the {size} bytes accepted"
    if hashlib.sha256(content).hexdigest() != sha256:
        return "its raw email is not the accepted one: the SHA-256 differs"
    return None


def _pages(store: Store) -> Iterator[Problem]:
    """Run SQLite's own checks of its file and its foreign keys."""
    with store.read() as session:
        for (result,) in session.execute(text("PRAGMA quick_check(100)")):
            if result != "ok":
                yield "database", str(result)
        for table, row, parent, _ in session.execute(text("PRAGMA foreign_key_check")):
            yield f"{table} {row}", f"points to a row of {parent} that does not exist"
