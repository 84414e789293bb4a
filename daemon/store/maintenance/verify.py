"""Prove the ledger: nothing is lost, nothing is in two states, nothing is without a reason.

Works while the daemon does: each rule is one statement over a range of ids, and so sees one moment.
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

RANGE: Final = 2000
OCTETS_AT_ONCE: Final = 8 * 1024 * 1024

LIVE: Final = (JobState.READY, JobState.LEASED)
OPENED: Final = (Disposition.TICKET, Disposition.FOLLOW_UP)
FATES: Final = (DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.SUPPRESSED, DeliveryState.UNCERTAIN)
TABLES: Final[dict[SubjectKind, Any]] = {
    SubjectKind.TICKET: Ticket,
    SubjectKind.MESSAGE: MessageRow,
    SubjectKind.DECISION: Decision,
    SubjectKind.DELIVERY: DeliveryRow,
}
# Compared as text, for a damaged row may hold what is no subject.
SUBJECT: Final = type_coerce(Job.subject, String)

Problem = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Rule:
    """What must hold for every row of a table; `broken` is true for a row where it does not."""

    table: Any
    says: str
    broken: ColumnElement[bool]


def rules() -> tuple[Rule, ...]:
    """Return the rules, the most telling first."""
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
        Rule(Inbound, "should be on a ticket that exists", and_(Inbound.disposition.in_(OPENED), not_(ticket))),
        Rule(Inbound, "should be a message of its ticket", and_(Inbound.disposition.in_(OPENED), not_(message))),
        Rule(
            Inbound,
            "is a duplicate of nothing",
            and_(
                Inbound.disposition == Disposition.DUPLICATE,
                not_(exists().where(other.id == Inbound.duplicate_of, other.duplicate_of.is_(None))),
            ),
        ),
        Rule(
            Inbound,
            "is no duplicate, but points to another mail",
            and_(Inbound.disposition != Disposition.DUPLICATE, Inbound.duplicate_of.is_not(None)),
        ),
        Rule(
            Inbound,
            "has no raw mail",
            and_(Inbound.disposition != Disposition.DUPLICATE, Inbound.raw.is_(None)),
        ),
        Rule(
            Inbound,
            "opened a ticket that another mail opened already",
            and_(
                Inbound.disposition == Disposition.TICKET,
                exists().where(
                    twin.ticket_id == Inbound.ticket_id, twin.disposition == Disposition.TICKET, twin.id < Inbound.id
                ),
            ),
        ),
        Rule(Ticket, "came from no mail", not_(exists().where(Inbound.ticket_id == Ticket.id))),
        Rule(Ticket, "has no message", not_(exists().where(MessageRow.ticket_id == Ticket.id))),
        Rule(
            Ticket,
            "is pending, and no live job will decide it",
            and_(Ticket.category == PENDING, not_(_live_job(JobKind.TRIAGE, SubjectKind.TICKET, Ticket.id))),
        ),
        Rule(
            Ticket,
            "is decided, but no decision is kept",
            and_(Ticket.category != PENDING, not_(exists().where(Decision.ticket_id == Ticket.id))),
        ),
        Rule(
            Ticket,
            "is not what its newest decision says",
            and_(Ticket.category != PENDING, exists().where(Decision.id == newest, differs)),
        ),
        Rule(Decision, "gives no reason", _length(Decision.reasons) == 0),
        Rule(
            DeliveryRow,
            "is in no known state",
            DeliveryRow.state.not_in([s.value for s in DeliveryState]),
        ),
        Rule(
            DeliveryRow,
            "has no fate, and no live job will give it one",
            and_(
                DeliveryRow.state.not_in(FATES), not_(_live_job(JobKind.DELIVER, SubjectKind.DELIVERY, DeliveryRow.id))
            ),
        ),
        Rule(
            DeliveryRow,
            "is sent, but nobody knows when",
            and_(DeliveryRow.state == DeliveryState.SENT, DeliveryRow.sent_at.is_(None)),
        ),
        Rule(
            DeliveryRow,
            "was not sent, and nobody knows why",
            and_(DeliveryRow.state.in_(FATES), DeliveryRow.state != DeliveryState.SENT, DeliveryRow.reason == ""),
        ),
        Rule(Job, "is in no known state", Job.state.not_in([s.value for s in JobState])),
        Rule(Job, "is leased by nobody", and_(Job.state == JobState.LEASED, Job.owner.is_(None))),
        Rule(Job, "is about nothing that exists", and_(Job.state.in_(LIVE), _subject_missing())),
    )


def verify(store: Store, progress: Callable[[int], object]) -> Iterator[Problem]:
    """Yield (row, problem) for whatever is wrong, such as ("inbound 7", "has no raw mail").

    `progress` is told of rows as they are done; `work` counts them.
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
    """Return how many steps a verification has."""
    tables = (Inbound, Ticket, Decision, DeliveryRow, Job, Inbound)
    with store.read() as session:
        return sum(_highest(session, table) for table in tables)


def _live_job(kind: JobKind, about: SubjectKind, number: Any) -> ColumnElement[bool]:  # noqa: ANN401 - a mapped column
    subject = literal(f"{about}:") + cast(number, String)
    return exists().where(subject == SUBJECT, Job.kind == kind, Job.state.in_(LIVE))


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
    """Yield (above, up to) until the highest id: each range is read on its own, and holds up no checkpoint."""
    with store.read() as session:
        highest = _highest(session, table)
    for low in range(0, highest, RANGE):
        yield low, min(low + RANGE, highest)


def _highest(session: Session, table: Any) -> int:  # noqa: ANN401 - any table of ours
    return session.execute(select(func.max(table.id))).scalar_one() or 0


def _broken(store: Store, rule: Rule, low: int, high: int) -> Iterator[Problem]:
    query = select(rule.table.id).where(rule.table.id > low, rule.table.id <= high, rule.broken).order_by(rule.table.id)
    with store.read() as session:
        found = session.execute(query).scalars().all()
    for number in found:
        yield f"{rule.table.__tablename__} {number}", rule.says


def _damaged(store: Store, low: int, high: int) -> Iterator[Problem]:
    """Yield the raw emails that do not decompress to what was accepted, a few megabytes at once."""
    with store.read() as session:
        query = select(Inbound.id, Inbound.size).where(Inbound.id > low, Inbound.id <= high, Inbound.raw.is_not(None))
        sizes = session.execute(query.order_by(Inbound.id)).all()
    batch: list[int] = []
    octets = 0
    for number, size in sizes:
        batch.append(number)
        octets += size
        if octets >= OCTETS_AT_ONCE:
            yield from _check_raw(store, batch)
            batch, octets = [], 0
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
    """Return what is wrong with a compressed mail, or None. Decompresses no more than its size and one byte."""
    unpacking = zlib.decompressobj()
    try:
        content = unpacking.decompress(raw, size + 1)
    except zlib.error as error:
        return f"its raw mail does not decompress: {error}"
    if len(content) != size or not (unpacking.eof or size == 0):
        return f"its raw mail has another size than the {size} octets accepted"
    if hashlib.sha256(content).hexdigest() != sha256:
        return "its raw mail is not what was accepted: the SHA-256 differs"
    return None


def _pages(store: Store) -> Iterator[Problem]:
    """Ask SQLite itself whether its file is whole and every foreign key points somewhere."""
    with store.read() as session:
        for (said,) in session.execute(text("PRAGMA quick_check(100)")):
            if said != "ok":
                yield "database", str(said)
        for table, row, parent, _ in session.execute(text("PRAGMA foreign_key_check")):
            yield f"{table} {row}", f"points to a row of {parent} that is not there"
