"""The most telling faults, on real processes; `make faults` has them all."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
import redis

from tests.faults.checker import check, sent_emails
from tests.faults.evidence import unanswered
from tests.faults.kit import Kit
from tests.faults.load import Client, Numbers, deliver
from tests.faults.system import POSTGRES, SQLITE, System

EMAILS = 5


@dataclass
class Trial:
    """A system with its client; each test leaves it quiet and checks everything that happened to it so far."""

    system: System
    client: Client
    numbers: Numbers
    window: int = 0
    died: list[float] = field(default_factory=list)

    def send(self, count: int = EMAILS) -> None:
        self.client.send(self.numbers.emails(count))

    def kill_at(self, point: str) -> None:
        self.system.arm(point, "kill")
        self.send()
        self.system.until(lambda: not self.system.armed(), f"the kill at {point}")
        self.died.append(time.monotonic())

    def settled(self) -> list[str]:
        """Return what is wrong once all is quiet."""
        assert self.client.wait(60), "emails without an answer"
        assert self.system.drain(), f"not drained:\n{self.system.tail()}"
        sent = sent_emails(self.system.sink.received)
        return check(
            self.system.engine, self.client.accepted, sent, window=self.window, unanswered=unanswered(self.system)
        ).problems


@pytest.fixture(scope="module")
def kit() -> Iterator[Kit]:
    with Kit() as kit:
        yield kit


def trial(kit: Kit, kind: str) -> Iterator[Trial]:
    with System(kit, kind, own=True) as system:
        client = Client(system.port)
        yield Trial(system, client, Numbers(f"s{kind[0]}"))
        client.close()


@pytest.fixture(scope="module")
def embedded(kit: Kit) -> Iterator[Trial]:
    yield from trial(kit, SQLITE)


@pytest.fixture(scope="module")
def scaled(kit: Kit) -> Iterator[Trial]:
    yield from trial(kit, POSTGRES)


def test_a_kill_between_commit_and_250_stores_the_email_once(embedded: Trial) -> None:
    embedded.kill_at("accept.committed")
    assert embedded.settled() == []
    assert embedded.system.query("SELECT 1 FROM inbound WHERE disposition = 'duplicate'")


def test_a_kill_after_the_claim_returns_the_job(embedded: Trial) -> None:
    embedded.kill_at("triage.claimed")
    assert embedded.settled() == []
    assert embedded.system.logged("orphaned jobs rescued")


def test_a_kill_after_data_sends_the_email_once_more_with_the_same_message_id(embedded: Trial) -> None:
    # One in the very window; up to three more were on their way in the other threads.
    embedded.window += 4
    embedded.kill_at("deliver.taken")
    assert embedded.settled() == []
    assert embedded.system.query("SELECT 1 FROM delivery WHERE attempts = 2 AND state = 'sent'")


def test_a_flushed_redis_loses_nothing(scaled: Trial) -> None:
    system = scaled.system
    for worker in ("worker-1", "worker-2"):
        system.pause(worker)
    scaled.send()
    assert scaled.client.wait(60)
    assert system.redis
    with redis.Redis.from_url(system.redis.url) as client:
        system.until(lambda: client.llen("dramatiq:triage"), "the offers")
        client.flushall()
    for worker in ("worker-1", "worker-2"):
        system.resume(worker)
    assert scaled.settled() == []


def test_a_database_that_is_away_is_answered_with_451_until_it_is_back(scaled: Trial) -> None:
    system = scaled.system
    assert system.postgres
    scaled.send()
    system.postgres.stop()
    code, text = deliver(system.port, scaled.numbers.mail())
    assert (code, text[:5]) == (451, b"4.3.0")
    scaled.send()
    system.postgres.start()
    assert scaled.settled() == []
    assert scaled.client.deferred
