"""The relay: every due job is offered until it is done, whoever died or forgot."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial

import dramatiq
import pytest
import redis
from sqlalchemy import func, select

from daemon import broker as brokers
from daemon.relay import Relay
from daemon.store import jobs
from daemon.store.jobs import JobKind, Lease, NewJob, Offer
from daemon.store.models import Job
from daemon.store.store import Store
from daemon.vocabulary import Subject, SubjectKind
from tests.support.fakes import NOON, FakeClock, eventually
from tests.support.servers import RedisServer


class Offers:
    """A broker that only listens; `broken` makes it fail."""

    def __init__(self) -> None:
        self.ids: list[int] = []
        self.broken = False
        self.waiting = 0

    def __call__(self, offer: Offer) -> None:
        if self.broken:
            raise ConnectionError("redis is away")
        self.ids.append(offer.job_id)


@pytest.fixture
def offers() -> Offers:
    return Offers()


@pytest.fixture
def relay(store: Store, offers: Offers, clock: FakeClock) -> Iterator[Relay]:
    made = Relay(store, offers, clock, lambda _kind: offers.waiting)
    yield made
    made.close()


def promise(store: Store, number: int = 1) -> list[int]:
    promises = [NewJob(JobKind.TRIAGE, Subject(SubjectKind.TICKET, n), NOON) for n in range(number)]
    return [offer.job_id for offer in store.write(lambda session: jobs.add(session, promises))]


def claimed(store: Store, job_id: int, clock: FakeClock) -> Lease:
    lease = store.write(lambda session: jobs.claim(session, job_id, "a", clock.now()))
    assert lease is not None
    return lease


def state(store: Store, job_id: int) -> str:
    with store.read() as session:
        return session.get_one(Job, job_id).state


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a relay wait tenths of what it waits in earnest."""
    monkeypatch.setattr("daemon.relay.OFFER_AGAIN_SECONDS", 0.3)
    monkeypatch.setattr("daemon.relay.DEAD_AFTER_SECONDS", 0.3)
    monkeypatch.setattr("daemon.relay.SWEEP_SECONDS", 0.05)


class TestOffers:
    def test_whatever_is_due_is_offered_once(self, relay: Relay, offers: Offers, store: Store) -> None:
        ids = promise(store, 5)
        relay.sweep()
        relay.sweep()
        assert offers.ids == ids

    def test_what_is_woken_is_offered_at_once(self, relay: Relay, offers: Offers, store: Store) -> None:
        relay.start()
        (job_id,) = promise(store)
        relay.wake([Offer(job_id, JobKind.TRIAGE)])
        eventually(lambda: set(offers.ids) == {job_id})

    def test_what_nobody_woke_it_for_is_offered_soon(self, relay: Relay, offers: Offers, store: Store) -> None:
        relay.start()
        ids = promise(store, 3)
        eventually(lambda: offers.ids == ids)

    @pytest.mark.usefixtures("hasty")
    def test_what_nobody_claims_is_offered_again(self, relay: Relay, offers: Offers, store: Store) -> None:
        (job_id,) = promise(store)
        relay.start()
        eventually(lambda: offers.ids.count(job_id) >= 3)

    @pytest.mark.usefixtures("hasty")
    def test_what_waits_in_a_broker_that_is_busy_is_not_offered_over_and_over(
        self, relay: Relay, offers: Offers, store: Store
    ) -> None:
        offers.waiting = 1
        promise(store, 10)
        relay.start()
        eventually(lambda: len(offers.ids) == 10)
        time.sleep(1.0)
        assert len(offers.ids) == 10
        offers.waiting = 0  # the broker was emptied
        eventually(lambda: len(offers.ids) >= 20)

    def test_a_job_given_back_is_offered_when_it_is_due_and_not_later(
        self, relay: Relay, offers: Offers, store: Store, clock: FakeClock
    ) -> None:
        (job_id,) = promise(store)
        relay.sweep()
        lease = claimed(store, job_id, clock)
        store.write(lambda session: jobs.retry(session, lease, "x", clock.now() + timedelta(seconds=2)))
        relay.sweep()
        assert offers.ids == [job_id]
        clock.advance(seconds=2)
        relay.sweep()
        assert offers.ids == [job_id, job_id]

    def test_what_is_done_is_not_offered(self, relay: Relay, offers: Offers, store: Store, clock: FakeClock) -> None:
        (job_id,) = promise(store)
        lease = claimed(store, job_id, clock)
        relay.sweep()
        store.write(lambda session: jobs.finish(session, [lease], NOON))
        relay.sweep()
        assert offers.ids == []


class TestTrouble:
    @pytest.mark.usefixtures("hasty")
    def test_a_broker_that_fails_is_asked_again_and_nothing_is_lost(
        self, relay: Relay, offers: Offers, store: Store
    ) -> None:
        offers.broken = True
        relay.start()
        ids = promise(store, 20)
        for job_id in ids:
            relay.wake([Offer(job_id, JobKind.TRIAGE)])
        eventually(lambda: relay._thread.failing)
        offers.broken = False
        eventually(lambda: set(offers.ids) == set(ids))
        eventually(lambda: not relay._thread.failing)

    @pytest.mark.usefixtures("hasty")
    def test_wake_ups_do_not_pile_up_while_the_broker_is_away(self, relay: Relay, offers: Offers, store: Store) -> None:
        offers.broken = True
        relay.start()
        promise(store)
        for _ in range(10_000):
            relay.wake([Offer(4711, JobKind.TRIAGE)])
        eventually(lambda: relay._fresh.qsize() == 0)

    @pytest.mark.usefixtures("hasty")
    def test_it_moves_while_the_broker_is_away(self, relay: Relay, offers: Offers, store: Store) -> None:
        offers.broken = True
        promise(store)
        relay.start()
        eventually(lambda: relay._thread.failing)
        before = relay._round_ended_at
        eventually(lambda: relay._round_ended_at > before)
        assert relay.stuck_seconds() < 20

    @pytest.mark.usefixtures("hasty")
    def test_a_job_whose_worker_died_is_rescued_and_offered(
        self, relay: Relay, offers: Offers, store: Store, clock: FakeClock
    ) -> None:
        (job_id,) = promise(store)
        claimed(store, job_id, clock)
        relay.start()
        eventually(lambda: job_id in offers.ids)
        again = claimed(store, job_id, clock)
        assert again.attempts == 2

    @pytest.mark.usefixtures("hasty")
    def test_a_job_that_is_beaten_for_is_left_alone(
        self, relay: Relay, offers: Offers, store: Store, clock: FakeClock
    ) -> None:
        (job_id,) = promise(store)
        claimed(store, job_id, clock)
        stop = threading.Event()

        def beat() -> None:
            while not stop.wait(0.02):
                store.write(lambda session: jobs.beat(session, "a", [job_id]))

        beating = threading.Thread(target=beat)
        beating.start()
        relay.start()
        time.sleep(0.8)
        assert state(store, job_id) == "leased"
        stop.set()
        beating.join()
        eventually(lambda: job_id in offers.ids)

    def test_no_clock_is_asked_whether_a_worker_died(self, relay: Relay, store: Store, clock: FakeClock) -> None:
        (job_id,) = promise(store)
        claimed(store, job_id, clock)
        relay.sweep()
        clock.advance(days=365)
        relay.sweep()
        clock.advance(days=-700)
        relay.sweep()
        assert state(store, job_id) == "leased"

    def test_closing_waits_for_nobody(self, relay: Relay, offers: Offers, store: Store) -> None:
        offers.broken = True
        promise(store)
        relay.start()
        eventually(lambda: relay._thread.failing)
        began = time.monotonic()
        relay.close()
        assert time.monotonic() - began < 10


class Works:
    """Workers of a broker that claim and finish jobs."""

    def __init__(self, store: Store, broker: dramatiq.Broker) -> None:
        self._store, self._broker = store, broker
        dramatiq.actor(actor_name="triage", queue_name="triage", broker=broker)(self._perform)
        self._worker = dramatiq.Worker(broker, worker_timeout=50, worker_threads=2)

    def _perform(self, job_id: int) -> None:
        lease = self._store.write(lambda session: jobs.claim(session, job_id, "a", NOON))
        if lease is not None:
            self._store.write(lambda session: jobs.finish(session, [lease], NOON))

    def __enter__(self) -> None:
        self._worker.start()

    def __exit__(self, *_exception: object) -> None:
        self._worker.stop(timeout=30_000)
        self._broker.close()


def done(store: Store) -> int:
    with store.read() as session:
        return session.execute(select(func.count(Job.id)).where(Job.state == "done")).scalar_one()


@pytest.mark.usefixtures("hasty")
class TestWithRedis:
    @pytest.fixture
    def relay_to(self, sqlite_store: Store, clock: FakeClock) -> Iterator[Callable[[dramatiq.Broker], Relay]]:
        made: list[Relay] = []

        def make(broker: dramatiq.Broker) -> Relay:
            relay = Relay(sqlite_store, partial(brokers.enqueue, broker), clock, partial(brokers.waiting, broker))
            made.append(relay)
            relay.start()
            return relay

        yield make
        for relay in made:
            relay.close()

    @pytest.mark.parametrize("where", ["memory", "redis"])
    def test_every_promise_is_kept(
        self,
        sqlite_store: Store,
        relay_to: Callable[[dramatiq.Broker], Relay],
        where: str,
        request: pytest.FixtureRequest,
    ) -> None:
        broker = brokers.make_broker(request.getfixturevalue("redis_url") if where == "redis" else "")
        relay = relay_to(broker)
        with Works(sqlite_store, broker):
            ids = promise(sqlite_store, 100)
            relay.wake(Offer(job_id, JobKind.TRIAGE) for job_id in ids[:50])
            eventually(lambda: done(sqlite_store) == 100)

    def test_a_redis_that_forgets_everything_costs_seconds(
        self, sqlite_store: Store, relay_to: Callable[[dramatiq.Broker], Relay], redis_url: str
    ) -> None:
        broker = brokers.make_broker(redis_url)
        relay_to(broker)
        promise(sqlite_store, 50)
        with redis.Redis.from_url(redis_url) as client:
            eventually(lambda: client.llen("dramatiq:triage") == 50)
            client.flushall()
            with Works(sqlite_store, broker):
                eventually(lambda: done(sqlite_store) == 50)
                promise(sqlite_store, 50)
                client.flushall()
                eventually(lambda: done(sqlite_store) == 100)

    def test_a_redis_that_is_killed_and_comes_back_empty_costs_seconds(
        self, sqlite_store: Store, relay_to: Callable[[dramatiq.Broker], Relay]
    ) -> None:
        with RedisServer() as server:
            broker = brokers.make_broker(server.url)
            relay_to(broker)
            with Works(sqlite_store, broker):
                promise(sqlite_store, 20)
                eventually(lambda: done(sqlite_store) == 20)
                server.kill()
                promise(sqlite_store, 20)
                server.start()
                eventually(lambda: done(sqlite_store) == 40, 60)

    def test_a_redis_that_hangs_stops_neither_the_relay_nor_its_end(
        self,
        sqlite_store: Store,
        relay_to: Callable[[dramatiq.Broker], Relay],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr("daemon.broker.REDIS_TIMEOUT_SECONDS", 0.2)
        with RedisServer() as server:
            broker = brokers.make_broker(server.url)
            relay = relay_to(broker)
            with Works(sqlite_store, broker):
                promise(sqlite_store, 5)
                eventually(lambda: done(sqlite_store) == 5)
                with server.frozen():
                    promise(sqlite_store, 5)
                    eventually(lambda: relay._thread.failing)
                    before = relay._round_ended_at
                    eventually(lambda: relay._round_ended_at > before)
                    assert relay.stuck_seconds() < 20
                eventually(lambda: done(sqlite_store) == 10, 60)
                with server.frozen():
                    began = time.monotonic()
                    relay.close()
                    assert time.monotonic() - began < 20


def test_a_clock_that_is_set_back_delays_nothing_that_waits(store: Store, clock: FakeClock) -> None:
    due = NewJob(JobKind.DELIVER, Subject(SubjectKind.DELIVERY, 1), NOON, clock.now() + timedelta(seconds=8))
    job_id = store.write(lambda session: jobs.add(session, [due]))[0].job_id
    relay = Relay(store, lambda _: None, clock)
    relay.sweep()
    clock.advance(days=-1)
    relay.sweep()
    clock.advance(seconds=8)
    with store.read() as session:
        assert [offer.job_id for offer in jobs.due(session, clock.now(), 9)] == [job_id]
    clock.advance(days=1)
    relay.sweep()
    with store.read() as session:
        assert [offer.job_id for offer in jobs.due(session, clock.now(), 9)] == [job_id]
