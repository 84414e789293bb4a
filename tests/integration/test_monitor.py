"""The admin is told once of each trouble, by whoever sees it first, and again when it comes back."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import update

from daemon.store import jobs, keys
from daemon.store.jobs import JobKind, NewJob
from daemon.store.models import Job
from daemon.store.store import Store
from daemon.tickets.health import Thresholds
from daemon.vocabulary import Subject, SubjectKind
from tests.support.fakes import FakeClock
from tests.support.smtp_sink import Sink
from workers.monitor import HealthMonitor
from workers.transports.base import Transport
from workers.transports.smtp import SmtpTransport

ADMIN = "admin@example.com"


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink() as found:
        yield found


@pytest.fixture
def transport(sink: Sink) -> Iterator[Transport]:
    found = SmtpTransport(
        sink.host, sink.port, security="none", username="", password="", timeout=5, hostname="triaged.test"
    )
    yield found
    found.close()


def monitor(store: Store, clock: FakeClock, transport: Transport, admin: str | None = ADMIN) -> HealthMonitor:
    return HealthMonitor(
        store,
        clock,
        transport,
        store.write(lambda session: keys.ensure(session, clock.now())),
        sender="support@example.com",
        admin=admin,
        message_id_domain="example.com",
        mailboxes=(),
        thresholds=Thresholds(timedelta(minutes=5), timedelta(minutes=15), None),
        refused=lambda: "",
        drifted=lambda: "",
        room=lambda: True,
    )


def wait_too_long(store: Store, clock: FakeClock) -> None:
    store.write(
        lambda session: jobs.add(session, [NewJob(JobKind.TRIAGE, Subject(SubjectKind.TICKET, 1), clock.now())])[0]
    )
    clock.advance(minutes=6)


def test_two_watchmen_tell_the_admin_of_one_trouble_once(store: Store, sink: Sink, transport: Transport) -> None:
    clock = FakeClock()
    wait_too_long(store, clock)
    first, second = monitor(store, clock, transport), monitor(store, clock, transport)
    assert [t.key for t in first.look()] == ["jobs"]
    assert second.look() == ()
    assert first.look() == ()
    (told,) = sink.received
    assert told.rcpts == [ADMIN]
    assert b"Subject: triaged: A job has been due for 6 minutes" in told.content
    assert b"Auto-Submitted: auto-generated" in told.content


def test_a_trouble_that_comes_back_is_told_again(store: Store, sink: Sink, transport: Transport) -> None:
    clock = FakeClock()
    wait_too_long(store, clock)
    looking = monitor(store, clock, transport)
    looking.look()
    store.write(lambda session: session.execute(update(Job).values(state="done")) and None)
    assert looking.look() == ()
    wait_too_long(store, clock)
    assert [t.key for t in looking.look()] == ["jobs"]
    assert len(sink.received) == 2


def test_what_could_not_be_told_is_told_in_the_next_round(store: Store, sink: Sink, transport: Transport) -> None:
    clock = FakeClock()
    wait_too_long(store, clock)
    looking = monitor(store, clock, transport)
    sink.script("RCPT", "451 4.2.0 later")
    looking.look()
    assert sink.received == []
    looking.look()
    assert len(sink.received) == 1


def test_without_an_admin_trouble_is_noted_and_nobody_is_mailed(store: Store, sink: Sink, transport: Transport) -> None:
    clock = FakeClock()
    wait_too_long(store, clock)
    assert [t.key for t in monitor(store, clock, transport, admin=None).look()] == ["jobs"]
    assert sink.received == []
