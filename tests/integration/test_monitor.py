"""The admin gets one email about each problem, whichever process finds it, and another one if it comes back."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

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
        has_space=lambda: True,
    )


def wait_too_long(store: Store, clock: FakeClock) -> None:
    store.write(
        lambda session: jobs.add(session, [NewJob(JobKind.TRIAGE, Subject(SubjectKind.TICKET, 1), clock.now())])[0]
    )
    clock.advance(minutes=6)


def test_two_monitors_alert_the_admin_once(store: Store, sink: Sink, transport: Transport) -> None:
    clock = FakeClock()
    wait_too_long(store, clock)
    first, second = monitor(store, clock, transport), monitor(store, clock, transport)
    assert [t.key for t in first.check()] == ["jobs"]
    assert second.check() == ()
    assert first.check() == ()
    (alert,) = sink.received
    assert alert.rcpts == [ADMIN]
    assert b"Subject: triaged: A job has been due for 6 minutes" in alert.content
    assert b"Auto-Submitted: auto-generated" in alert.content


def test_a_problem_that_comes_back_is_alerted_again(store: Store, sink: Sink, transport: Transport) -> None:
    clock = FakeClock()
    wait_too_long(store, clock)
    repeated = monitor(store, clock, transport)
    repeated.check()
    store.write(lambda session: session.execute(update(Job).values(state="done")) and None)
    assert repeated.check() == ()
    wait_too_long(store, clock)
    assert [t.key for t in repeated.check()] == ["jobs"]
    assert len(sink.received) == 2


def test_an_alert_that_could_not_be_sent_is_sent_by_the_next_check(
    store: Store, sink: Sink, transport: Transport
) -> None:
    clock = FakeClock()
    wait_too_long(store, clock)
    repeated = monitor(store, clock, transport)
    sink.script("RCPT", "451 4.2.0 later")
    repeated.check()
    assert sink.received == []
    repeated.check()
    assert len(sink.received) == 1


def test_without_an_admin_a_problem_is_recorded_and_no_email_goes_out(
    store: Store, sink: Sink, transport: Transport
) -> None:
    clock = FakeClock()
    wait_too_long(store, clock)
    assert [t.key for t in monitor(store, clock, transport, admin=None).check()] == ["jobs"]
    assert sink.received == []


def test_the_loss_of_the_database_file_is_alerted_once_although_nothing_can_be_recorded(
    sqlite_store: Store, sink: Sink, transport: Transport
) -> None:
    watching = monitor(sqlite_store, FakeClock(), transport)
    assert watching.check() == ()
    Path(str(sqlite_store.engine.url.database)).unlink()
    sink.script("RCPT", "451 4.2.0 later")
    assert [p.key for p in watching.check()] == ["database"]
    assert [p.key for p in watching.check()] == ["database"]
    assert watching.check() == ()
    (alert,) = sink.received
    assert b"The database file was removed or replaced" in alert.content
