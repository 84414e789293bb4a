"""Rules for references: each points to a row that exists. A database checks that only while it writes."""

from collections.abc import Iterator
from typing import Final

from sqlalchemy import Column, ColumnElement, and_, exists, not_, select

from daemon.store.maintenance.verify.rule import Problem, Rule
from daemon.store.models import Base, Participant, SimilarRow, Suppression, TicketVector
from daemon.store.sql import table
from daemon.store.store import Store

# Tables that have no number to go through them by; a reference from there loses no email.
WITHOUT_ID: Final = (Participant, SimilarRow, Suppression, TicketVector)
MAX_SHOWN: Final = 100


def rules() -> tuple[Rule, ...]:
    """Return a rule for each reference of a table with an `id`."""
    return tuple(
        Rule(mapper.class_, _says(column), _dangles(column))
        for mapper in Base.registry.mappers
        for column in table(mapper.class_).columns
        if column.foreign_keys and mapper.class_ not in WITHOUT_ID
    )


def of_tables_without_id(store: Store) -> Iterator[Problem]:
    """Yield the references from the other tables that point to nothing."""
    for model in WITHOUT_ID:
        for column in table(model).columns:
            if column.foreign_keys:
                with store.read() as session:
                    found = session.execute(select(column).where(_dangles(column)).limit(MAX_SHOWN)).scalars().all()
                for number in found:
                    yield f"{column.table.name} of {_parent(column).table.name} {number}", _says(column)


def _says(column: Column[int]) -> str:
    return f"points to a row of {_parent(column).table.name} that does not exist"


def _dangles(column: Column[int]) -> ColumnElement[bool]:
    # An alias, because a table may refer to itself.
    parent = _parent(column).table.alias()
    return and_(column.is_not(None), not_(exists().where(parent.c.id == column)))


def _parent(column: Column[int]) -> Column[int]:
    return next(iter(column.foreign_keys)).column
