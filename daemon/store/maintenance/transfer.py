"""Copy all rows of a SQLite database into an empty PostgreSQL database: all of them, or none."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import Connection, Engine, Executable, Table, exists, func, insert, select, text
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError

from daemon.store.maintenance import schema
from daemon.store.models import Base

# A row may have megabytes.
ROWS_AT_ONCE: Final = 20
TABLES: Final[Sequence[Table]] = Base.metadata.sorted_tables
SELECT_REFERENCES: Final = text(
    "SELECT conrelid::regclass::text AS place, quote_ident(conname) AS name, pg_get_constraintdef(oid) AS rule"
    " FROM pg_constraint WHERE contype = 'f' AND connamespace = current_schema()::regnamespace ORDER BY oid"
)
SELECT_SEQUENCE: Final = text("SELECT pg_get_serial_sequence(:place, :column)")


class TransferError(Exception):
    """The rows cannot be read, or the target does not take them; the message says why."""


def work(source: Engine) -> int:
    """Return the number of rows to copy; raises TransferError, and SchemaError for the schema of another version."""
    with _reading():
        schema.check(source)
        with source.connect().execution_options(readonly=True) as connection:
            return sum(_count(connection, one) for one in TABLES)


def transfer(source: Engine, target: Engine, progress: Callable[[int], object]) -> int:
    """Copy all rows, and return their number; both databases have the schema of this version.

    No process can write to `source` meanwhile. Calls `progress` with each number of rows that was copied. Raises
    TransferError, and then leaves `target` as it was.
    """
    # To begin takes the write lock of SQLite.
    with _reading(), source.begin() as reader, schema.locked(target) as writer:
        _refuse_rows(writer)
        references = writer.execute(SELECT_REFERENCES).all()
        # Rows refer to later ones too. To check all references at the end is also faster.
        for one in references:
            writer.execute(text(f"ALTER TABLE {one.place} DROP CONSTRAINT {one.name}"))
        copied = sum(_copy(reader, writer, one, progress) for one in TABLES)
        for one in references:
            _execute(writer, text(f"ALTER TABLE {one.place} ADD CONSTRAINT {one.name} {one.rule}"))
        return copied


@contextmanager
def _reading() -> Iterator[None]:
    """Say of an error of SQLite that it comes from the source; others are errors of the target."""
    try:
        yield
    except DBAPIError as error:
        if type(error.orig).__module__ == "sqlite3":
            raise TransferError(f"the SQLite database cannot be read: {error.orig}") from error
        raise


def _refuse_rows(writer: Connection) -> None:
    for one in TABLES:
        if writer.execute(select(exists(select(one)))).scalar_one():
            raise TransferError(f"the target is not empty, its table {one.name} has rows: create a new database for it")


def _copy(reader: Connection, writer: Connection, which: Table, progress: Callable[[int], object]) -> int:
    copied = 0
    rows = reader.execution_options(yield_per=ROWS_AT_ONCE).execute(select(which).order_by(*which.primary_key))
    for some in rows.mappings().partitions():
        _execute(writer, insert(which), [dict(row) for row in some])
        copied += len(some)
        progress(len(some))
    if (found := _count(writer, which)) != copied:
        raise TransferError(f"the target has {found} rows of the table {which.name} instead of {copied}")
    _continue_ids(writer, which)
    return copied


def _execute(writer: Connection, statement: Executable, rows: Sequence[dict[str, Any]] = ()) -> None:
    try:
        writer.execute(statement, list(rows) or None)
    except (DataError, IntegrityError) as error:
        line = str(error.orig).strip().splitlines()[0]
        raise TransferError(f"PostgreSQL does not take a row: {line}; see triaged db verify of the source") from error


def _continue_ids(writer: Connection, which: Table) -> None:
    """Let new rows get ids above those that were copied."""
    for column in which.primary_key:
        sequence = writer.execute(SELECT_SEQUENCE, {"place": which.name, "column": column.name}).scalar_one()
        if sequence and (newest := writer.execute(select(func.max(column))).scalar_one()):
            writer.execute(select(func.setval(sequence, newest)))


def _count(connection: Connection, which: Table) -> int:
    return int(connection.execute(select(func.count()).select_from(which)).scalar_one())
