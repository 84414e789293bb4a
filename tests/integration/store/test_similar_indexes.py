"""The statements that compare tickets: each uses an index, and reads the tickets of one team only."""

from collections.abc import Iterator
from functools import partial

import pytest
from sqlalchemy import insert, literal, select

from daemon.store import shown_similar, vectors
from daemon.store.models import Decision, Ticket, TicketVector
from daemon.store.queries import similar
from daemon.store.store import Store
from tests.benchmarks import seed
from tests.support.query_plans import Catch, faults

TICKETS = 3000


@pytest.fixture
def old(store_url: str) -> Iterator[Store]:
    """Return a store with many tickets of several teams, each with a vector."""
    seed.seed(store_url, TICKETS)
    store = Store(store_url)
    rows = insert(TicketVector).from_select(
        ["ticket_id", "encoder", "vector"], select(Ticket.id, literal("fake-1"), literal(b"12345678"))
    )
    store.write(lambda session: session.execute(rows))
    yield store
    store.close()


def newest_decisions(store: Store, count: int) -> list[int]:
    with store.read() as session:
        return list(session.execute(select(Decision.id).order_by(Decision.id.desc()).limit(count)).scalars())


def test_the_statements_use_indexes(old: Store, catch: Catch) -> None:
    ids = newest_decisions(old, 3)
    with catch.named("similar"):
        new = [vectors.NewVector(number, "fake-2", b"12345678") for number in (7, 5)]
        old.write(partial(vectors.put, new=new))
        with old.read() as session:
            vectors.searches(session, ids)
            assert vectors.without(session, "fake-2", vectors.newest_ticket(session) + 1, 9)[0]
        old.write(lambda session: shown_similar.keep(session, {ids[0]: [4, 5, 6]}))
        with old.read() as session:
            similar.of_ticket(session, 7)
    assert len(catch.found) >= 7
    bad = faults(old.engine, list(catch.found.values()))
    assert not bad, "\n".join(["", *bad])


def test_a_pool_has_the_tickets_of_the_team_and_is_read_once(old: Store) -> None:
    ids = newest_decisions(old, 40)
    with old.read() as session:
        found = [one for one in vectors.searches(session, ids) if one]
        teams = {row[0]: row[1] for row in session.execute(select(Ticket.id, Ticket.assigned_team))}
    assert found
    for one in found:
        assert {teams[number] for number in one.pool.ids} == {teams[one.ticket_id]}
        assert len(one.pool.vectors) == 8 * len(one.pool.ids)
    assert len({id(one.pool) for one in found}) == len({teams[one.ticket_id] for one in found})
