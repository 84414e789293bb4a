"""Tickets that were triaged without an encoder get their vectors later, a few at a time."""

import threading

import pytest
from sqlalchemy import select, update

from daemon.store import vectors
from daemon.store.models import TicketVector
from daemon.store.store import Store
from tests.support.encoders import FakeEncoder
from tests.support.similar import REFUND, ComparedTickets
from workers import earlier_vectors
from workers.earlier_vectors import EarlierVectors


def walker(tickets: ComparedTickets, encoder: FakeEncoder) -> EarlierVectors:
    return EarlierVectors(tickets.store, encoder, tickets.pipeline.config, frozenset)


def stored(store: Store) -> dict[int, str]:
    with store.read() as session:
        rows = session.execute(select(TicketVector.ticket_id, TicketVector.encoder).order_by(TicketVector.ticket_id))
        return {row[0]: row[1] for row in rows}


@pytest.fixture
def tickets(store: Store) -> ComparedTickets:
    """Return tickets that came while there was no encoder."""
    found = ComparedTickets(store, FakeEncoder(""))
    for number in range(5):
        found.write(f"u{number}@a.example", REFUND if number else "refund")
    return found


def test_earlier_tickets_get_vectors_from_the_newest_back_and_only_once(
    tickets: ComparedTickets, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(earlier_vectors, "BATCH", 2)
    monkeypatch.setattr(vectors, "LOOKED_AT", 3)
    encoder = FakeEncoder()
    earlier = walker(tickets, encoder)
    assert earlier.encode_next() == 2
    assert list(stored(tickets.store)) == [4, 5]
    assert sum(earlier.encode_next() for _ in range(6)) == 2
    # The first says too little to be compared.
    assert list(stored(tickets.store)) == [2, 3, 4, 5]
    again = walker(tickets, second := FakeEncoder())
    assert sum(again.encode_next() for _ in range(6)) == 0
    assert second.asked == []


def test_vectors_of_another_encoder_are_replaced(tickets: ComparedTickets) -> None:
    walker(tickets, FakeEncoder()).encode_next()
    tickets.store.write(lambda session: session.execute(update(TicketVector).values(encoder="old-0")))
    walker(tickets, FakeEncoder()).encode_next()
    assert set(stored(tickets.store).values()) == {"fake-1"}


def test_tickets_that_wait_for_triage_and_very_old_ones_are_passed_over(
    tickets: ComparedTickets, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(earlier_vectors, "MAX_TICKETS", 3)
    monkeypatch.setattr(vectors, "LOOKED_AT", 1)
    waiting = tickets.write("eve@c.example", REFUND, work=False)
    earlier = walker(tickets, FakeEncoder())
    for _ in range(9):
        earlier.encode_next()
    assert list(stored(tickets.store)) == [4, 5]
    assert waiting == 6


@pytest.mark.parametrize("name", ["", "broken"])
def test_without_an_encoder_nothing_happens(tickets: ComparedTickets, name: str) -> None:
    encoder = FakeEncoder(name)
    if name:
        encoder.encode = lambda _texts: None  # type: ignore[method-assign]
    earlier = walker(tickets, encoder)
    assert earlier.encode_next() == 0
    assert stored(tickets.store) == {}
    earlier.close()


def test_the_thread_finds_what_came_before_and_ends(tickets: ComparedTickets, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.support.fakes import eventually  # noqa: PLC0415 - only here

    monkeypatch.setattr(earlier_vectors, "EVERY_SECONDS", 0.01)
    earlier = walker(tickets, FakeEncoder())
    earlier.start()
    eventually(lambda: len(stored(tickets.store)) == 4)
    earlier.close()


def test_a_process_ends_although_the_encoder_hangs(tickets: ComparedTickets, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(earlier_vectors, "EVERY_SECONDS", 0.01)
    monkeypatch.setattr(earlier_vectors, "STOP_SECONDS", 0.1)
    encoder, began, release = FakeEncoder(), threading.Event(), threading.Event()

    def hang(_texts: object) -> None:
        began.set()
        release.wait()

    encoder.encode = hang  # type: ignore[method-assign]
    earlier = walker(tickets, encoder)
    earlier.start()
    assert began.wait(20)
    earlier.close()
    release.set()
