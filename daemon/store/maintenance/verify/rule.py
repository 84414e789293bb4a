"""A rule for every row of a table, and the conditions that rules are made of, on every database."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Integer,
    String,
    and_,
    case,
    cast,
    exists,
    false,
    func,
    literal,
    not_,
    or_,
    type_coerce,
)
from sqlalchemy.orm import aliased

from daemon.store.jobs import JobKind, JobState
from daemon.store.models import (
    AnswerRow,
    Decision,
    DeliveryRow,
    Event,
    InboundRow,
    Job,
    MessageRow,
    Ticket,
    WebhookDeliveryRow,
)
from daemon.vocabulary import SubjectKind

# Clocks of several machines differ, and one may have been wrong for a while.
CLOCK_ERROR: Final = timedelta(days=2)
# Earlier than any row of ours; a machine whose clock lost its time is in 1970 or 1980.
EARLIEST: Final = datetime(2020, 1, 1, tzinfo=UTC)
LIVE_STATES: Final = (JobState.READY, JobState.LEASED)
SUBJECT_TABLES: Final[dict[SubjectKind, Any]] = {
    SubjectKind.TICKET: Ticket,
    SubjectKind.MESSAGE: MessageRow,
    SubjectKind.DECISION: Decision,
    SubjectKind.DELIVERY: DeliveryRow,
    SubjectKind.ANSWER: AnswerRow,
    SubjectKind.EVENT: Event,
    SubjectKind.INBOUND: InboundRow,
    SubjectKind.WEBHOOK: WebhookDeliveryRow,
}
MAX_DIGITS: Final = 9
SQLITE_DATE: Final = "[0-9][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9] [0-2][0-9]:*"


# What is wrong, and where, such as ("inbound 7", "has no raw email").
Problem = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule for every row of a table: `broken` is true for a row that violates it, which `says` describes."""

    table: Any
    says: str
    broken: ColumnElement[bool]


@dataclass(frozen=True, slots=True)
class Setting:
    """What the wording of a rule depends on: the database (`sqlite` or `postgresql`) and the time."""

    dialect: str
    now: datetime


def lists_nothing(column: Any, setting: Setting) -> ColumnElement[bool]:  # noqa: ANN401 - a mapped column of JSON
    """Say whether a JSON column holds anything but a list with entries; a damaged value must not end the query."""
    kind_of = func.json_type if setting.dialect == "sqlite" else func.json_typeof
    entries = case((kind_of(column) == "array", func.json_array_length(column)), else_=0)
    if setting.dialect == "sqlite":
        entries = case((func.json_valid(column) == 1, entries), else_=0)
    return entries == 0


def wrong_date(table: Any, setting: Setting, *names: str) -> Rule:  # noqa: ANN401 - any table of ours
    """Return the rule that dates are dates (SQLite stores any text), and neither in the future nor before 2020."""
    columns = [getattr(table, name) for name in names]
    wrong = [column > setting.now + CLOCK_ERROR for column in columns]
    wrong += [column < EARLIEST for column in columns]
    if setting.dialect == "sqlite":
        wrong += [not_(type_coerce(column, String).bool_op("GLOB")(SQLITE_DATE)) for column in columns]
    return Rule(table, f"has a date that is in the future, before {EARLIEST.year}, or none at all", or_(*wrong))


def outside_0_to_1(column: Any) -> ColumnElement[bool]:  # noqa: ANN401 - a mapped column
    """Say whether a share is not between 0 and 1; NaN and text are not."""
    return or_(column < 0, column > 1)


def live_job(kind: JobKind, about: SubjectKind, number: Any) -> ColumnElement[bool]:  # noqa: ANN401 - a mapped column
    """Say whether a job of a kind about a row waits or runs."""
    return any_job(kind, about, number, *LIVE_STATES)


def any_job(kind: JobKind, about: SubjectKind, number: Any, *states: JobState) -> ColumnElement[bool]:  # noqa: ANN401 - a mapped column
    """Say whether there is a job of a kind about a row, in one of these states."""
    # Compared as text: a damaged row may hold a subject that cannot be parsed.
    subject = literal(f"{about}:") + cast(number, String)
    return exists().where(type_coerce(Job.subject, String) == subject, Job.kind == kind, Job.state.in_(states))


def number_of(column: Any, about: SubjectKind) -> ColumnElement[int]:  # noqa: ANN401 - a mapped column
    """Return the number in a subject such as "ticket:7" as an integer, so that its row is found by primary key.

    0 if it is about another kind of row, or no number follows.
    """
    digits = func.substr(type_coerce(column, String), len(about) + 2)
    is_number = and_(
        func.length(digits).between(1, MAX_DIGITS),
        func.length(func.ltrim(digits, "0123456789")) == 0,
        type_coerce(column, String).startswith(f"{about}:"),
    )
    return cast(case((is_number, digits), else_="0"), Integer)


def subject_missing(column: Any) -> ColumnElement[bool]:  # noqa: ANN401 - a mapped column
    """Say whether a subject names no row that exists; that of a kind without a table is not examined."""
    # Aliases, because a row may be about another of its own table.
    tables = ((kind, aliased(table)) for kind, table in SUBJECT_TABLES.items())
    there = [
        (type_coerce(column, String).startswith(f"{kind}:"), not_(exists().where(other.id == number_of(column, kind))))
        for kind, other in tables
    ]
    others = [type_coerce(column, String).startswith(f"{kind}:") for kind in SubjectKind if kind not in SUBJECT_TABLES]
    return case(*there, else_=not_(or_(false(), *others)))
