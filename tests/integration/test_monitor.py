"""The admin gets one email about each problem, whichever process finds it, and another one if it comes back."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from email.parser import BytesParser
from email.policy import default
from pathlib import Path

import pytest
from sqlalchemy import select, update

from daemon.store import alarms, jobs
from daemon.store.jobs import JobKind, NewJob
from daemon.store.models import Alarm, Job
from daemon.store.store import Store
from daemon.tickets.health import logins_refused
from daemon.tickets.intake import Intake
from daemon.vocabulary import Subject, SubjectKind
from tests.support.emails import inbound, mail
from tests.support.fakes import FakeClock
from tests.support.monitors import ADMIN, monitor
from tests.support.smtp_client import POLICY
from tests.support.smtp_sink import Sink
from workers.transports.base import Transport
from workers.transports.smtp import SmtpTransport


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink() as found:
        yield found


@pytest.fixture
def transport(sink: Sink) -> Iterator[Transport]:
    found = SmtpTransport(sink.host, sink.port, security="none", username="", password="", hostname="triaged.test")
    yield found
    found.close()


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


def reports(sink: Sink) -> list[str]:
    """Return the subjects of the daily reports."""
    messages = [BytesParser(policy=default).parsebytes(mail.content) for mail in sink.received]
    return [subject for message in messages if "accepted" in (subject := str(message["Subject"]))]


def test_several_workers_send_one_report_of_the_day_before(store: Store, sink: Sink, transport: Transport) -> None:
    clock = FakeClock()
    workers = [monitor(store, clock, transport) for _ in range(5)]
    for worker in workers:
        worker.check()
    assert reports(sink) == []
    case = Intake(store, POLICY, lambda _: None)
    case.accept(inbound(mail()))
    case.accept(inbound(mail(headers=("Auto-Submitted: auto-replied",))))
    clock.advance(hours=11)
    case.accept(inbound(mail(body="later"), received_at=clock.now()))
    clock.advance(hours=2)
    case.accept(inbound(mail(body="on the next day"), received_at=clock.now()))
    with ThreadPoolExecutor(len(workers)) as pool:
        list(pool.map(lambda worker: worker.check(), workers))
    assert reports(sink) == ["triaged: 2026-03-02: accepted 3, tickets 2, screened out 1"]
    clock.advance(hours=20)
    for worker in workers:
        worker.check()
    assert len(reports(sink)) == 1
    clock.advance(hours=4)
    workers[0].check()
    assert reports(sink)[1:] == ["triaged: 2026-03-03: accepted 1, tickets 1, screened out 0"]


@pytest.mark.parametrize(("answer", "sent"), [("451 4.2.0 later", 1), ("550 5.1.1 no such user", 0)])
def test_a_report_that_is_refused_is_sent_again_unless_it_is_for_good(
    store: Store, sink: Sink, transport: Transport, answer: str, sent: int
) -> None:
    clock = FakeClock()
    worker = monitor(store, clock, transport)
    worker.check()
    clock.advance(days=1)
    sink.script("RCPT", answer)
    for _ in range(3):
        worker.check()
    assert len(reports(sink)) == sent


def test_no_report_is_sent_where_the_admin_wants_none(store: Store, sink: Sink, transport: Transport) -> None:
    clock = FakeClock()
    worker = monitor(store, clock, transport, daily_report=False)
    worker.check()
    clock.advance(days=1)
    worker.check()
    assert sink.received == []


def test_refused_logins_that_the_listener_reports_are_alerted_once_while_they_last(
    store: Store, sink: Sink, transport: Transport
) -> None:
    clock = FakeClock()
    watching = monitor(store, clock, transport)
    for number in (100, 150):
        store.write(lambda session, n=number: alarms.report(session, logins_refused(n, 2), clock.now()))
        found = [p.key for p in watching.check()]
        assert found == (["logins"] if number == 100 else [])
        clock.advance(minutes=9)
    (alert,) = sink.received
    assert b"100 SMTP logins were refused within an hour, from 2 addresses" in b" ".join(alert.content.split())
    clock.advance(minutes=2)
    assert watching.check() == ()
    with store.read() as session:
        assert "logins" not in session.execute(select(Alarm.key)).scalars().all()
    store.write(lambda session: alarms.report(session, logins_refused(100, 1), clock.now()))
    assert [p.key for p in watching.check()] == ["logins"]
