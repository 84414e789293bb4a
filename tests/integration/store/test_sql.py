"""Rows of a bulk insert get the ids that it returns."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import delete, select

from daemon.store.models import Person
from daemon.store.sql import BulkInsert, table
from daemon.store.store import Store

PERSON = table(Person)
ADDING = BulkInsert.to(PERSON)


def people(*names: str) -> list[dict[str, Any]]:
    now = datetime.now(UTC)
    return [{"email": f"{name}@example.net", "name": name, "created_at": now, "verified_at": None} for name in names]


def names_by_id(store: Store) -> dict[int, str]:
    with store.read() as session:
        return {row.id: row.name for row in session.execute(select(PERSON.c.id, PERSON.c.name))}


@pytest.mark.parametrize("sizes", [(0,), (1,), (3,), (1, 4, 1, 2)])
def test_ids_are_in_the_order_of_the_rows(store: Store, sizes: tuple[int, ...]) -> None:
    expected: dict[int, str] = {}
    for round_, size in enumerate(sizes):
        names = [f"p{round_}-{number}" for number in reversed(range(size))]
        ids = store.write(lambda session, names=names: list(ADDING.rows(session, people(*names))))
        expected |= dict(zip(ids, names, strict=True))
    assert names_by_id(store) == expected


def test_ids_are_right_after_rows_were_deleted(store: Store) -> None:
    first = store.write(lambda session: list(ADDING.rows(session, people("a", "b", "c"))))
    store.write(lambda session: session.execute(delete(PERSON).where(PERSON.c.id == first[1])) and None)
    more = store.write(lambda session: list(ADDING.rows(session, people("d", "e"))))
    assert names_by_id(store) == {first[0]: "a", first[2]: "c", more[0]: "d", more[1]: "e"}


def test_a_failed_bulk_insert_leaves_no_row(store: Store) -> None:
    with pytest.raises(Exception, match=r"(?i)unique"):
        store.write(lambda session: list(ADDING.rows(session, people("a", "b", "a"))))
    assert names_by_id(store) == {}
