"""Column types and parts of statements that several tables share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final, Self

from sqlalchemy import (
    ColumnElement,
    DateTime,
    Dialect,
    Insert,
    Select,
    SQLColumnExpression,
    String,
    Table,
    TypeDecorator,
    func,
    insert,
    literal,
    select,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import DeclarativeBase, Session

from daemon.vocabulary import Subject

Values = Mapping[str, Any]

# The key in `Session.info` of the name under which a store writes. No two stores have the same.
WRITER: Final = "writer"


class UtcDateTime(TypeDecorator[datetime]):
    """A timezone-aware time in UTC, on every database."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Convert to UTC; raises ValueError for a naive time."""
        del dialect
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time needs its time zone")
        return value if value.tzinfo is UTC else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return an aware time in UTC; SQLite returns naive ones."""
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class SubjectText(TypeDecorator[Subject]):
    """A Subject, stored as text such as "ticket:7"."""

    impl = String(64)
    cache_ok = True

    def process_bind_param(self, value: Subject | None, dialect: Dialect) -> str | None:
        """Convert to text."""
        del dialect
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Subject | None:
        """Parse the text."""
        del dialect
        return None if value is None else Subject.parse(value)


# The longest line of RFC 5322 section 2.1.1. PostgreSQL cannot index values of more than 2,704 bytes.
INDEXABLE_BYTES = 998


def indexable(identifier: str) -> str:
    """Return an identifier from outside, such as a Message-ID, cut to a length that every database can index."""
    return identifier.encode()[:INDEXABLE_BYTES].decode(errors="ignore")


def table(model: type[DeclarativeBase]) -> Table:
    """Return the table of a model. Statements on tables are built once, which is ten times faster than each time."""
    found = model.__table__
    if not isinstance(found, Table):
        raise TypeError(f"{model} has no table of its own")
    return found


def unindexed(column: SQLColumnExpression[Any]) -> ColumnElement[Any]:
    """Return a text column in a form that no index matches, for conditions beside one that finds the rows by id.

    PostgreSQL may prefer an index that was nearly empty at its last ANALYZE, such as that of ready jobs, to the primary
    key; with a backlog, each look-up would then read the whole backlog. SQLite has no statistics at all.
    """
    return column + ""


def count_up_to(session: Session, most: int, *conditions: ColumnElement[bool]) -> int:
    """Count the rows of a table that meet conditions, and stop at `most`: a backlog must not make a count slow."""
    found = select(literal(1)).where(*conditions).limit(most).subquery()
    return session.execute(select(func.count()).select_from(found)).scalar_one()


def advisory_lock(session: Session, key: int) -> None:
    """Wait until no other transaction holds the lock of this key, and hold it until this one has ended."""
    if session.get_bind().dialect.name == "postgresql":
        # SQLite needs no lock: it has one writer at a time.
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})


@cache
def _insert_or_ignore(dialect: str, model: type[DeclarativeBase]) -> Insert:
    if dialect == "postgresql":
        return postgresql.insert(table(model)).on_conflict_do_nothing()
    return sqlite.insert(table(model)).on_conflict_do_nothing()


def insert_or_ignore(session: Session, model: type[DeclarativeBase]) -> Insert:
    """Return an INSERT that skips rows which exist already."""
    return _insert_or_ignore(session.get_bind().dialect.name, model)


@dataclass(frozen=True, slots=True)
class BulkInsert:
    """The statements that add rows to a table, built once."""

    insert: Insert
    returning: Insert
    last: Select[int]

    @classmethod
    def to(cls, table: Table) -> Self:
        """Build the statements for a table with an integer primary key `id`."""
        plain, last = insert(table), func.coalesce(func.max(table.c.id), 0)
        return cls(plain, plain.returning(table.c.id, sort_by_parameter_order=True), select(last))

    def rows(self, session: Session, rows: Sequence[Values]) -> Sequence[int]:
        """Add rows and return their ids, in order."""
        if not rows:
            return []
        if len(rows) == 1 or session.get_bind().dialect.name != "sqlite":
            return session.execute(self.returning, rows).scalars().all()
        # SQLite does not guarantee the order of returned ids, so SQLAlchemy would insert one row at a time. Nobody else
        # writes during our transaction, so we can choose the ids as SQLite would.
        last = session.execute(self.last).scalar_one()
        ids = range(last + 1, last + 1 + len(rows))
        session.execute(self.insert, [{**row, "id": number} for number, row in zip(ids, rows, strict=True)])
        return ids
