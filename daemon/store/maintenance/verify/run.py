"""Run all checks of a database, range by range; a damaged range does not stop them.

Safe while the daemon runs: each statement covers a range of ids and sees a consistent state. Memory is bounded by a
range, whatever the size of the database.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final

from sqlalchemy import Select, case, func, or_, select

from daemon.store.maintenance.verify import (
    answers,
    counts,
    database,
    emails,
    queue,
    raw,
    references,
    schema_objects,
    ticket_references,
    tickets,
    webhooks,
)
from daemon.store.maintenance.verify.database import DamageError, reading
from daemon.store.maintenance.verify.rule import Problem, Rule, Setting
from daemon.store.models import (
    AnswerRow,
    AttachmentRow,
    Decision,
    DeliveryRow,
    Event,
    InboundRow,
    Job,
    MessageRow,
    Person,
    Ticket,
    WebhookDeliveryRow,
)
from daemon.store.store import Store

IDS_AT_ONCE: Final = 2000
# An unreadable range is halved until it is this small, so that the rest is checked.
SMALLEST: Final = 50
TABLES: Final[tuple[Any, ...]] = (
    *(InboundRow, Ticket, Decision, DeliveryRow, Job),
    *(MessageRow, AttachmentRow, Person, Event, AnswerRow, WebhookDeliveryRow),
)

Check = Callable[[int, int], Sequence[Problem]]


def verify(store: Store, now: datetime, progress: Callable[[int], object]) -> Iterator[Problem]:
    """Yield (row, problem) for each problem, such as ("inbound 7", "has no raw email").

    Calls `progress` with the number of rows that were checked; `work` is their sum. Damage of the database is a
    problem too; raises SchemaError for the schema of another version, and what the store raises if it is away.
    """
    pages = list(database.damaged_pages(store))
    yield from pages
    fatal = list(database.unreadable(store))
    # A file that was cut off is refused with the same words by both.
    yield from (problem for problem in fatal if problem not in pages)
    if fatal:
        return
    rules = all_rules(Setting(store.engine.dialect.name, now))
    for table in TABLES:
        of_table = [rule for rule in rules if rule.table is table]
        yield from _through(store, table, partial(_broken, store, of_table, _statement(of_table)), progress)
    yield from _through(store, InboundRow, lambda low, high: list(raw.damaged(store, low, high)), progress)
    yield from _through(store, Ticket, lambda low, high: list(ticket_references.wrong(store, low, high)), progress)
    yield from _others(store)


def all_rules(setting: Setting) -> tuple[Rule, ...]:
    """Return the rules of all tables."""
    return (
        *emails.rules(setting),
        *tickets.rules(setting),
        *queue.rules(setting),
        *answers.rules(setting),
        *webhooks.rules(setting),
        *references.rules(),
    )


def work(store: Store) -> int:
    """Return how many rows a verification checks; 0 if that cannot be read."""
    try:
        with reading():
            return sum(_highest(store, table) for table in (*TABLES, InboundRow, Ticket))
    except DamageError:
        return 0


def _others(store: Store) -> Iterator[Problem]:
    """Yield the problems of what is not checked row by row."""
    checks = (schema_objects.missing, database.small_tables, references.of_tables_without_id, counts.vanished)
    for check in checks:
        try:
            with reading():
                yield from check(store)
        except DamageError as error:
            yield database.NAME, str(error)


def _through(store: Store, table: Any, check: Check, progress: Callable[[int], object]) -> Iterator[Problem]:  # noqa: ANN401 - any table of ours
    """Check a table range by range, each in its own transaction, so that checkpoints are not blocked."""
    try:
        with reading():
            highest = _highest(store, table)
    except DamageError as error:
        yield table.__tablename__, str(error)
        return
    done = low = 0
    while done < highest:
        high = min(low + IDS_AT_ONCE, highest)
        yield from _halving(table.__tablename__, check, low, high)
        progress(high - done)
        done, low = high, _next(store, table, high) - 1


def _next(store: Store, table: Any, after: int) -> int:  # noqa: ANN401 - any table of ours
    """Return the lowest number above `after`: one damaged number must not make us walk through a million ranges."""
    try:
        with reading(), store.read() as session:
            found = session.execute(select(func.min(table.id)).where(table.id > after)).scalar_one()
    except DamageError:
        found = None
    return found or after + 1


def _halving(name: str, check: Check, low: int, high: int) -> Sequence[Problem]:
    """Check a range; where it cannot be read, its halves."""
    try:
        with reading():
            return check(low, high)
    except DamageError as error:
        if high - low <= SMALLEST:
            return [(f"{name} {low + 1} to {high}", str(error))]
    middle = (low + high) // 2
    return [*_halving(name, check, low, middle), *_halving(name, check, middle, high)]


def _statement(rules: Sequence[Rule]) -> Select[Any]:
    """Return the query for the rows that break any rule: one pass over the table, with a column for each rule."""
    number = rules[0].table.id
    flags = [case((rule.broken, 1), else_=0).label(f"rule_{position}") for position, rule in enumerate(rules)]
    return select(number, *flags).where(or_(*(rule.broken for rule in rules))).order_by(number)


def _broken(store: Store, rules: Sequence[Rule], query: Select[Any], low: int, high: int) -> list[Problem]:
    table = rules[0].table
    with store.read() as session:
        rows = session.execute(query.where(table.id > low, table.id <= high)).all()
    return [
        (f"{table.__tablename__} {number}", rule.says)
        for number, *flags in rows
        for rule, is_broken in zip(rules, flags, strict=True)
        if is_broken
    ]


def _highest(store: Store, table: Any) -> int:  # noqa: ANN401 - any table of ours
    with store.read() as session:
        return session.execute(select(func.max(table.id))).scalar_one() or 0
