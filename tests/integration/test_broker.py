"""The engine's brokers: ids go through, garbage delays nothing, and no thread ends with Redis."""

import json
import threading
import time
from collections.abc import Iterator
from typing import Any, Self

import dramatiq
import pytest
import redis
from dramatiq.brokers.redis import _RedisConsumer

from daemon import broker as brokers
from daemon.broker import QUEUES, MemoryBroker, enqueue, make_broker
from daemon.store.jobs import JobKind, Offer
from tests.support.fakes import eventually
from tests.support.servers import RedisServer


class Works:
    """Workers that remember the ids they were given; `fails` lists ids on which they fail."""

    def __init__(self, broker: dramatiq.Broker, fails: tuple[int, ...] = ()) -> None:
        self.broker = broker
        self.done: list[int] = []
        self._fails = fails
        for kind in QUEUES:
            dramatiq.actor(actor_name=kind, queue_name=kind, broker=broker)(self._perform)
        self.worker = dramatiq.Worker(broker, worker_timeout=50, worker_threads=2)

    def _perform(self, job_id: int) -> None:
        self.done.append(job_id)
        if job_id in self._fails:
            raise ZeroDivisionError

    def __enter__(self) -> Self:
        self.worker.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.worker.stop(timeout=30_000)
        self.broker.close()


def offer(broker: dramatiq.Broker, *ids: int, kind: JobKind = JobKind.TRIAGE) -> None:
    for job_id in ids:
        enqueue(broker, Offer(job_id, kind))


@pytest.fixture(params=["memory", "redis"])
def broker(request: pytest.FixtureRequest) -> Iterator[dramatiq.Broker]:
    made = make_broker(request.getfixturevalue("redis_url") if request.param == "redis" else "")
    yield made
    made.close()


def test_ids_of_every_kind_go_through(broker: dramatiq.Broker) -> None:
    with Works(broker) as works:
        for number, kind in enumerate(QUEUES):
            offer(broker, number, kind=kind)
        eventually(lambda: sorted(works.done) == list(range(len(QUEUES))))


def test_a_job_that_fails_is_not_repeated_by_the_broker_and_stops_nobody(broker: dramatiq.Broker) -> None:
    with Works(broker, fails=(1, 2, 3, 4)) as works:
        offer(broker, *range(10))
        eventually(lambda: len(works.done) == 10)
        time.sleep(0.3)
        assert sorted(works.done) == list(range(10))


def test_it_says_how_much_waits(broker: dramatiq.Broker) -> None:
    assert brokers.waiting(broker, JobKind.TRIAGE) == 0
    offer(broker, 1, 2, 3)
    assert brokers.waiting(broker, JobKind.TRIAGE) == 3
    assert brokers.waiting(broker, JobKind.DELIVER) == 0
    with Works(broker) as works:
        eventually(lambda: len(works.done) == 3)
        assert brokers.waiting(broker, JobKind.TRIAGE) == 0


def test_the_memory_broker_keeps_no_dead_letters() -> None:
    broker = make_broker("")
    assert isinstance(broker, MemoryBroker)
    with Works(broker, fails=tuple(range(50))) as works:
        offer(broker, *range(50))
        eventually(lambda: len(works.done) == 50)
        eventually(lambda: all(queue.unfinished_tasks == 0 for queue in broker.queues.values()))
        assert not broker.dead_letters


def message(**changes: Any) -> bytes:
    whole = {
        "queue_name": "triage",
        "actor_name": "triage",
        "args": [1_000_000],
        "kwargs": {},
        "options": {"redis_message_id": "x"},
        "message_id": "x",
        "message_timestamp": 0,
    }
    return json.dumps({name: value for name, value in {**whole, **changes}.items() if value is not ...}).encode()


GARBAGE = [
    b"",
    b"garbage",
    b"\xff\xfe\x00",
    b"null",
    b"[]",
    b"{}",
    b"1",
    b'"text"',
    b"[" * 100_000,
    b'{"a":' * 50_000,
    message(options=None),
    message(options=[]),
    message(options="text"),
    message(options={}),
    message(options={"redis_message_id": "x", "eta": 1 << 60}),
    message(options={"redis_message_id": "x", "eta": "soon"}),
    message(options={"redis_message_id": "x", "on_success": {"queue_name": "triage"}}),
    message(options={"redis_message_id": "x", "pipe_target": {"queue_name": "triage"}}),
    message(options={"redis_message_id": "x", "time_limit": "never"}),
    message(actor_name="os.system"),
    message(actor_name=None),
    message(actor_name=["triage"]),
    message(args=None),
    message(args="text"),
    message(args=[]),
    message(args=["1"]),
    message(args=[True]),
    message(args=[1.5]),
    message(args=[[1]]),
    message(args={"0": 1}),
    message(args=[1, 2]),
    message(kwargs=None),
    message(kwargs=[]),
    message(kwargs={"job_id": 1}),
    message(queue_name=None),
    message(message_id=None),
    message(message_timestamp="noon"),
    message(unknown=1),
    message(args=...),
]


def put(client: redis.Redis, number: int, payload: bytes) -> None:
    """Put a payload where a message would stand."""
    client.hset("dramatiq:triage.msgs", f"garbage-{number}", payload)
    client.rpush("dramatiq:triage", f"garbage-{number}")


def test_garbage_among_good_ones_delays_nothing(redis_url: str) -> None:
    broker = make_broker(redis_url)
    with redis.Redis.from_url(redis_url) as client, Works(broker) as works:
        for number, payload in enumerate(GARBAGE * 2):
            put(client, number, payload.replace(b'"message_id": "x"', b'"message_id": "%d"' % number))
            offer(broker, number)
        client.rpush("dramatiq:triage", "an id without a payload")
        wanted = set(range(len(GARBAGE) * 2))
        began = time.monotonic()
        eventually(lambda: wanted <= set(works.done))
        assert time.monotonic() - began < 20
        # Every thread is still there.
        assert all(thread.is_alive() for thread in (*works.worker.workers, *works.worker.consumers.values()))
        offer(broker, 7_000)
        eventually(lambda: 7_000 in works.done)


def test_only_ids_reach_an_actor(redis_url: str) -> None:
    broker = make_broker(redis_url)
    with redis.Redis.from_url(redis_url) as client, Works(broker) as works:
        for number, payload in enumerate(GARBAGE):
            put(client, number, payload)
        offer(broker, 7)
        eventually(lambda: 7 in works.done)
        eventually(lambda: client.llen("dramatiq:triage") == 0)
        assert all(type(job_id) is int for job_id in works.done)
        assert set(works.done) <= {7, 1_000_000}


class Calls:
    """The calls of consumers to Redis, and the events that the default level logs."""

    def __init__(self) -> None:
        self.count = 0
        self.events: list[str] = []

    def log(self, capsys: pytest.CaptureFixture[str]) -> list[str]:
        rows = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
        self.events += [row["event"] for row in rows if row["level"] != "debug"]
        return self.events


AWAY, BACK = "redis not reached; jobs wait in the database", "redis reached again"


class TestRedisInTrouble:
    @pytest.fixture
    def calls(self, monkeypatch: pytest.MonkeyPatch) -> Calls:
        counted = Calls()
        original = _RedisConsumer.__next__

        def call(consumer: Any) -> Any:
            counted.count += 1
            return original(consumer)

        monkeypatch.setattr(_RedisConsumer, "__next__", call)
        return counted

    @pytest.fixture
    def server(self) -> Iterator[RedisServer]:
        with RedisServer() as running:
            yield running

    @pytest.fixture
    def works(self, server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Works]:
        monkeypatch.setattr("daemon.broker.REDIS_TIMEOUT_SECONDS", 0.3)
        with Works(make_broker(server.url)) as running:
            offer(running.broker, 1)
            eventually(lambda: running.done == [1])
            yield running

    @pytest.mark.parametrize("trouble", ["killed", "stopped", "frozen"])
    def test_workers_outlive_it(self, server: RedisServer, works: Works, trouble: str) -> None:
        if trouble == "frozen":
            with server.frozen():
                time.sleep(1.5)
        else:
            (server.kill if trouble == "killed" else server.stop)()
            time.sleep(1.0)
            server.start()
        eventually(lambda: offered(works, 2), 60)
        eventually(lambda: 2 in works.done, 60)

    @pytest.mark.parametrize("trouble", ["killed", "frozen"])
    def test_a_job_at_hand_is_finished_though_redis_is_away(
        self, server: RedisServer, monkeypatch: pytest.MonkeyPatch, trouble: str
    ) -> None:
        monkeypatch.setattr("daemon.broker.REDIS_TIMEOUT_SECONDS", 0.3)
        entered, leave, left = threading.Event(), threading.Event(), threading.Event()

        class Slow(Works):
            def _perform(self, job_id: int) -> None:
                entered.set()
                leave.wait(30)
                super()._perform(job_id)
                left.set()

        with Slow(make_broker(server.url)) as works:
            offer(works.broker, 1)
            assert entered.wait(30)
            if trouble == "frozen":
                with server.frozen():
                    leave.set()
                    assert left.wait(30)
                    time.sleep(0.5)
            else:
                server.kill()
                leave.set()
                assert left.wait(30)
                server.start()
            eventually(lambda: offered(works, 2), 60)
            eventually(lambda: 2 in works.done, 60)

    def test_a_redis_that_is_full_refuses_and_recovers(self, server: RedisServer, works: Works) -> None:
        with redis.Redis.from_url(server.url) as client:
            client.config_set("maxmemory", "1")
            with pytest.raises(redis.RedisError):
                offer(works.broker, 2)
            client.config_set("maxmemory", "0")
        eventually(lambda: offered(works, 3))
        eventually(lambda: 3 in works.done, 60)

    def test_one_that_hangs_is_not_waited_for_as_long_as_the_watchdog_waits(
        self, server: RedisServer, works: Works
    ) -> None:
        with server.frozen():
            began = time.monotonic()
            with pytest.raises(redis.RedisError):
                offer(works.broker, 2)
            # Ten times the time-out that is in force here; the default of the library takes a hundred.
            assert time.monotonic() - began < 3

    def test_an_outage_is_two_lines_of_log_and_few_calls(
        self, server: RedisServer, works: Works, calls: Calls, capsys: pytest.CaptureFixture[str]
    ) -> None:
        for job_id in (2, 3):
            server.stop()
            eventually(lambda: AWAY in calls.log(capsys))
            before = calls.count
            time.sleep(2.0)
            # Each queue tries after 0.5, 1 and 2 seconds; without a pause there are thousands.
            assert calls.count - before <= 4 * len(QUEUES)
            server.start()
            eventually(lambda: offered(works, job_id), 60)  # noqa: B023 - called at once
            eventually(lambda: job_id in works.done, 60)  # noqa: B023 - called at once
            eventually(lambda: BACK in calls.log(capsys), 60)
            assert calls.log(capsys) == [AWAY, BACK]
            calls.events.clear()

    def test_a_queue_that_alone_fails_is_logged_once(
        self, server: RedisServer, works: Works, calls: Calls, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with redis.Redis.from_url(server.url) as client:
            client.set("dramatiq:deliver", "not a list")
            eventually(lambda: AWAY in calls.log(capsys))
            for job_id in range(10, 20):
                offer(works.broker, job_id)
            eventually(lambda: set(range(10, 20)) <= set(works.done))
            assert calls.log(capsys) == [AWAY]
            client.delete("dramatiq:deliver")
        eventually(lambda: BACK in calls.log(capsys), 60)
        assert calls.log(capsys) == [AWAY, BACK]

    def test_workers_stop_at_once_while_redis_is_away(self, server: RedisServer, works: Works) -> None:
        server.stop()
        time.sleep(1.0)
        works.worker.stop(timeout=2_000)
        assert not any(thread.is_alive() for thread in works.worker.consumers.values())

    def test_one_that_is_not_there_at_the_start_is_no_reason_to_fail(self) -> None:
        broker = make_broker("redis://127.0.0.1:1/0")
        with Works(broker), pytest.raises(redis.RedisError):
            offer(broker, 1)


def offered(works: Works, job_id: int) -> bool:
    try:
        offer(works.broker, job_id)
    except redis.RedisError:
        return False
    return True


def test_no_queue_of_delayed_messages_is_polled(redis_url: str) -> None:
    for url in ("", redis_url):
        assert brokers.make_broker(url).get_declared_delay_queues() == set()


def test_queues_that_nobody_waits_for_are_polled_less_often() -> None:
    # Each poll costs CPU, also on an idle machine.
    broker = make_broker("redis://127.0.0.1:1/0")
    waits = {kind: broker.consume(kind, timeout=40)._consumer.timeout for kind in QUEUES}  # type: ignore[attr-defined]
    assert {kind for kind, wait in waits.items() if wait > 40} == {JobKind.TRAIN, JobKind.WAKE}
