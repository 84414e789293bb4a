"""Insert many rows at once and learn their ids."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from sqlalchemy import Insert, Select, Table, func, insert, select
from sqlalchemy.orm import Session

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class BulkInsert:
    """The statements that add rows to a table, built once."""

    insert: Insert
    returning: Insert
    last: Select[int]

    @classmethod
    def to(cls, table: Table) -> Self:
        """Prepare to add to a table with an integer primary key `id`."""
        plain, last = insert(table), func.coalesce(func.max(table.c.id), 0)
        return cls(plain, plain.returning(table.c.id, sort_by_parameter_order=True), select(last))

    def rows(self, session: Session, rows: Sequence[Values]) -> Sequence[int]:
        """Add rows and return their ids, in order."""
        if not rows:
            return []
        if len(rows) == 1 or session.get_bind().dialect.name != "sqlite":
            return session.execute(self.returning, rows).scalars().all()
        # SQLite returns ids in no promised order, so SQLAlchemy would insert one row at a time. Nobody else writes
        # during our transaction: the ids that SQLite would choose can be foretold.
        last = session.execute(self.last).scalar_one()
        ids = range(last + 1, last + 1 + len(rows))
        session.execute(self.insert, [{**row, "id": number} for number, row in zip(ids, rows, strict=True)])
        return ids
