"""Compare the indexes, constraints and columns of the database with those of the models."""

from collections.abc import Iterable, Iterator
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Column, Dialect, Index
from sqlalchemy.schema import ColumnCollectionConstraint, CreateIndex

from daemon.store.maintenance.verify.rule import Problem
from daemon.store.models import Base
from daemon.store.store import Store

NAME = "database"


def missing(store: Store) -> Iterator[Problem]:
    """Yield what the tables lack, with the statement that makes an index again; what an admin added is left alone."""
    with store.engine.connect().execution_options(readonly=True) as connection:
        # The result has lists of differences of one column between those of tables.
        differences = compare_metadata(MigrationContext.configure(connection), Base.metadata)
        dialect = connection.dialect
    for difference in differences:
        if not isinstance(difference, list):
            yield from ((NAME, text) for text in _described(difference, dialect))


def _described(difference: Iterable[Any], dialect: Dialect) -> Iterator[str]:
    kind, *_, last = difference
    if kind == "add_index" and isinstance(last, Index):
        statement = " ".join(str(CreateIndex(last).compile(dialect=dialect)).split())
        harm = "rows may be stored twice" if last.unique else "queries are slow"
        yield f"lacks the index {last.name}, so {harm}; as its owner run: {statement}"
    elif kind == "add_column" and isinstance(last, Column):
        yield f"lacks the column {last.name} of {last.table.name}"
    elif kind in {"add_constraint", "add_fk"} and isinstance(last, ColumnCollectionConstraint):
        columns = ", ".join(last.columns.keys())
        what = "foreign key" if kind == "add_fk" else "unique constraint"
        yield f"lacks the {what} on {columns} of {last.table.name}"
