"""The order of events, also for a client that catches up on far more of one kind than of another."""

from datetime import timedelta

from sqlalchemy import update

from daemon.store.models import Ticket
from daemon.store.queries import feed
from daemon.store.queries.feed import Cursor, FeedEvent, Gaps
from daemon.store.store import Store
from tests.support.http import Web

PAGE = 2


def caught_up(store: Store) -> list[FeedEvent]:
    """Return all events, read in small pages."""
    gaps, cursor, seen = Gaps(), Cursor(), list[FeedEvent]()
    while True:
        with store.read() as session:
            page = feed.read(session, cursor, gaps, PAGE)
        if page.cursor == cursor:
            return seen
        seen += page.events
        cursor = page.cursor


def test_a_change_comes_behind_the_creation_of_its_ticket(case: Web, store: Store) -> None:
    for _ in range(7):
        case.clock.advance(seconds=1)
        last = case.opened()["id"]
    case.clock.advance(seconds=1)
    case.client.patch(f"/tickets/{last}", json={"status": "CLOSED"})
    seen = caught_up(store)
    assert [event.ticket_id for event in seen] == [*range(1, 8), last]
    assert [event.at for event in seen] == sorted(event.at for event in seen)


def test_a_clock_that_was_set_back_stops_nothing(case: Web, store: Store) -> None:
    first = case.opened()["id"]
    for _ in range(5):
        case.clock.advance(seconds=1)
        case.client.patch(f"/tickets/{case.opened()['id']}", json={"status": "CLOSED"})
    later = update(Ticket).where(Ticket.id == first).values(created_at=case.clock.now() + timedelta(minutes=5))
    store.write(lambda session: session.execute(later) and None)
    seen = caught_up(store)
    assert sorted(str(event.type) for event in seen) == ["ticket.created"] * 6 + ["ticket.status_changed"] * 5
