"""Server-sent events: everything once and in order, also for a client that comes back, and across commit order."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import insert, text

from daemon.store import engine as engines
from daemon.store.models import Decision, Event
from daemon.store.queries import feed
from daemon.store.queries.feed import Cursor, Gaps
from daemon.store.store import Store
from daemon.web.api import events
from daemon.web.services import WebServices
from tests.support.fakes import NOON
from tests.support.http import Web, problem, web

Seen = list[tuple[str, str, dict[str, object]]]


class Ending:
    """Ends a stream once it has read nothing new."""

    def __init__(self, case: Web, monkeypatch: pytest.MonkeyPatch) -> None:
        self._read, self._is_idle = events._read, False
        monkeypatch.setattr(events, "_read", self.read)
        monkeypatch.setattr(events, "POLL_SECONDS", 0.0)
        object.__setattr__(case.services, "closing", self.closing)

    def read(self, services: WebServices, after: Cursor, gaps: Gaps) -> tuple[feed.Page, list[str]]:
        page, texts = self._read(services, after, gaps)
        self._is_idle = page.cursor == after
        return page, texts

    def closing(self) -> bool:
        is_idle, self._is_idle = self._is_idle, False
        return is_idle


@pytest.fixture
def case(store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    """Give an application whose streams end once all was said."""
    with web(store) as found:
        Ending(found, monkeypatch)
        yield found


def followed(case: Web, last: str | None = "0-0-0-0") -> Seen:
    """Return the events of a stream: id, type and data of each."""
    answer = case.client.get("/events", headers={"Last-Event-ID": last} if last else {})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/event-stream")
    blocks = [dict(line.split(": ", 1) for line in block.splitlines()) for block in answer.text.strip().split("\n\n")]
    return [(one["id"], one["event"], json.loads(one["data"])) for one in blocks if "event" in one]


def types(seen: Seen) -> list[str]:
    return [kind.removeprefix("ticket.") for _, kind, _ in seen]


def test_what_happens_to_a_ticket_is_followed(case: Web) -> None:
    ticket = case.opened()
    case.client.patch(f"/tickets/{ticket['id']}", json={"status": "RESOLVED"})
    case.client.patch(f"/tickets/{ticket['id']}", json={"category": "Login"})
    seen = followed(case)
    assert sorted(types(seen)) == ["created", "decided", "status_changed"]
    bodies = {kind: body["data"] for _, kind, body in seen}
    assert bodies["ticket.status_changed"]["status"] == "RESOLVED"
    assert bodies["ticket.status_changed"]["was"] == "OPEN"
    assert bodies["ticket.decided"]["category"] == "Login"
    assert bodies["ticket.created"]["ticket"]["reference"] == ticket["reference"]
    assert "Payment failed" not in json.dumps(seen)


def test_without_a_last_event_the_stream_begins_now(case: Web) -> None:
    case.opened()
    assert followed(case, None) == []


def test_a_client_that_comes_back_gets_each_event_once(case: Web) -> None:
    for number in range(250):
        decided(case, 1 if number else case.opened()["id"])
    seen = followed(case)
    assert len(seen) == 251
    assert len({identity for identity, _, _ in seen}) == 251
    for cut in (0, 1, 100, 250):
        # How rows of several tables interleave depends on the page, and so do the cursors.
        assert [rest[1:] for rest in followed(case, seen[cut][0])] == [rest[1:] for rest in seen[cut + 1 :]]


def decided(case: Web, ticket_id: int) -> None:
    """Add a decision."""
    row = {
        "ticket_id": ticket_id,
        "at": NOON,
        "by": "model",
        "category": "Login",
        "priority": "High",
        "audit": False,
        "confidence": 1.0,
        "team": "X",
        "reasons": [],
        "alternatives": [],
    }
    case.store.write(lambda session: session.execute(insert(Decision).values(row)))


@pytest.mark.parametrize("last", ["x", "1-2", "-1-0-0-0", "9-9-9-9", "0-0-0-99999999999", "1e3-0-0-0", "0-0-0-0-0"])
def test_a_foreign_last_event_is_refused(last: str, case: Web) -> None:
    assert problem(case.client.get("/events", headers={"Last-Event-ID": last})) == (400, "bad-request")


def test_an_idle_stream_sends_heartbeats(case: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "HEARTBEAT_SECONDS", 0.0)
    assert "\n\n:\n\n" in case.client.get("/events").text


def test_a_stream_ends_when_the_process_stops(case: Web) -> None:
    object.__setattr__(case.services, "closing", lambda: True)
    assert case.client.get("/events").status_code == 200


def test_clients_are_bounded_apart_from_requests(sqlite_store: Store) -> None:
    with web(sqlite_store, http={"event_clients": 1}) as case:
        inner: list[int] = []

        def closing() -> bool:
            inner.append(case.client_with(case.token).get("/events").status_code)
            inner.append(case.client_with(case.token).get("/tickets").status_code)
            return True

        object.__setattr__(case.services, "closing", closing)
        assert case.client.get("/events").status_code == 200
        assert inner == [503, 200]


class TestCommitOrder:
    """On PostgreSQL, a transaction that began earlier may commit later."""

    def test_a_row_that_becomes_visible_late_is_not_missed(self, postgres_store: Store) -> None:
        add = text("INSERT INTO event (at, kind, data) VALUES (now(), 'closed', '{}') RETURNING id")
        slow = engines.make_engine(postgres_store.engine.url.render_as_string(hide_password=False))
        with slow.connect() as late:
            missing = late.execute(add).scalar_one()
            with postgres_store.engine.begin() as quick:
                assert quick.execute(add).scalar_one() == missing + 1
            gaps, start = Gaps(), Cursor(event=missing - 1)
            for _ in range(3):
                assert position(postgres_store, start, gaps) == missing - 1
            late.commit()
        slow.dispose()
        assert position(postgres_store, start, gaps) == missing + 1

    def test_a_late_row_is_not_missed_by_an_older_snapshot_than_that_which_saw_it(
        self, postgres_store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        add = text("INSERT INTO event (at, kind, data) VALUES (now(), 'closed', '{}') RETURNING id")
        monkeypatch.setattr(feed, "GAP_SECONDS", 0.0)
        gaps = Gaps()
        with postgres_store.engine.connect() as late, postgres_store.read() as older:
            missing = late.execute(add).scalar_one()
            with postgres_store.engine.begin() as quick:
                quick.execute(add)
            start = Cursor(event=missing - 1)
            assert feed.read(older, start, gaps).cursor == start
            late.commit()
            assert position(postgres_store, start, gaps) == missing + 1
            # At a later gap, another thread sees that the first one has ended.
            with postgres_store.engine.connect() as quick:
                quick.execute(add)
                quick.rollback()
                quick.execute(add)
                quick.commit()
            assert position(postgres_store, Cursor(event=missing + 1), gaps) == missing + 1
            assert feed.read(older, start, gaps).cursor == start

    def test_a_gap_of_a_rollback_is_passed_in_the_end(
        self, postgres_store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        add = text("INSERT INTO event (at, kind, data) VALUES (now(), 'closed', '{}') RETURNING id")
        with postgres_store.engine.connect() as connection:
            gone = connection.execute(add).scalar_one()
            connection.rollback()
            connection.execute(add)
            connection.commit()
        gaps, start = Gaps(), Cursor(event=gone - 1)
        assert position(postgres_store, start, gaps) == gone - 1
        monkeypatch.setattr(feed, "GAP_SECONDS", 0.0)
        assert position(postgres_store, start, gaps) == gone + 1

    def test_a_late_row_is_not_missed_before_one_with_an_old_time(self, postgres_store: Store) -> None:
        # An email that is replayed or forwarded has the time at which it came.
        add = text("INSERT INTO event (at, kind, data) VALUES (:at, 'closed', '{}') RETURNING id")
        old = {"at": NOON - timedelta(days=400)}
        with postgres_store.engine.connect() as late:
            missing = late.execute(add, {"at": NOON}).scalar_one()
            with postgres_store.engine.begin() as quick:
                quick.execute(add, old)
            gaps, start = Gaps(), Cursor(event=missing - 1)
            assert position(postgres_store, start, gaps) == missing - 1
            late.commit()
        assert position(postgres_store, start, gaps) == missing + 1

    def test_the_gaps_of_the_past_cost_one_wait_together(
        self, postgres_store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        rows = [{"id": number, "at": NOON, "kind": "closed", "data": {}} for number in range(50, 2000, 50)]
        postgres_store.write(lambda session: session.execute(insert(Event), rows) and None)
        gaps = Gaps()
        assert position(postgres_store, Cursor(), gaps) == 0
        monkeypatch.setattr(feed, "GAP_SECONDS", 0.0)
        assert position(postgres_store, Cursor(), gaps) == 1950


def position(store: Store, after: Cursor, gaps: Gaps) -> int:
    """Return how far the event table is read."""
    with store.read() as session:
        return feed.read(session, after, gaps).cursor.event


@pytest.fixture
def postgres_store(postgres_url: str) -> Iterator[Store]:
    from daemon.store.maintenance import schema  # noqa: PLC0415 - beside its use

    store = Store(postgres_url)
    schema.upgrade(store.engine)
    yield store
    store.close()
