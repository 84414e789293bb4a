"""Webhooks that fail or are slow cost bounded rows, jobs and threads, and what was given up can be tried again."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from dramatiq.middleware import TimeLimitExceeded
from sqlalchemy import func, select, update

from config.settings import Settings
from daemon.broker import make_broker
from daemon.policies import identity
from daemon.store import jobs, webhook_deliveries, webhooks
from daemon.store.jobs import JobKind
from daemon.store.keys import Keyring
from daemon.store.maintenance.verify import run
from daemon.store.models import Job, WebhookDeliveryRow
from daemon.store.store import Store
from daemon.tickets.retry import dismiss_job, retry_job
from tests.support.fakes import FakeClock
from tests.support.http import web
from tests.support.webhooks import Case, serving
from workers.actors import webhook
from workers.app import WorkerApp
from workers.jobs.executor import SnoozeError


@pytest.fixture
def case(store: Store) -> Iterator[Case]:
    with web(store) as helpdesk, serving() as server:
        yield Case(helpdesk, server)


def given(case: Case, number: int) -> None:
    """Give the endpoint events."""
    for one in range(number):
        case.web.opened(title=f"Ticket {one}")
    case.publisher.publish()


def rows(case: Case, table: Any) -> int:
    with case.store.read() as session:
        return session.execute(select(func.count()).select_from(table)).scalar_one()


class TestPauses:
    def test_an_endpoint_that_fails_is_left_alone_for_all_its_events(self, case: Case) -> None:
        given(case, 3)
        case.server.status = 500
        failures = case.work()
        assert [type(one) for one in failures] == [SnoozeError] * 3
        assert len(case.server.got) == 1
        case.clock.advance(seconds=5)
        case.server.status = 200
        assert case.work() == []
        assert len(case.server.got) == 4

    def test_the_pause_grows_with_the_time_since_the_first_failure(self, case: Case) -> None:
        given(case, 1)
        case.server.status = 500
        pauses = []
        for wait in (0, 400, 40_000):
            case.clock.advance(seconds=wait)
            case.work()
            until = case.endpoint().paused_until
            assert until is not None
            pauses.append((until - case.clock.now()).total_seconds())
        assert pauses == [5, 100, 900]

    def test_an_endpoint_that_never_ends_its_answer_has_failed(
        self, case: Case, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def hangs(*_: object) -> tuple[int, str]:
            raise TimeLimitExceeded

        monkeypatch.setattr(webhook, "post", hangs)
        given(case, 1)
        [error] = case.work()
        assert isinstance(error, SnoozeError)
        assert case.endpoint().failing_since == case.clock.now()


class TestBacklog:
    def test_an_endpoint_with_many_pending_events_gets_no_more_until_some_are_sent(
        self, case: Case, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(webhooks, "MAX_PENDING", 2)
        given(case, 3)
        case.web.opened(title="Later")
        assert case.publisher.publish() == 0
        assert case.states() == ["pending"] * 3
        case.work()
        assert case.publisher.publish() == 1

    def test_another_endpoint_does_not_wait_for_it(self, case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(webhooks, "MAX_PENDING", 1)
        given(case, 1)
        case.created("other")
        case.web.opened(title="Later")
        assert case.publisher.publish() == 1
        with case.store.read() as session:
            assert [line["pending"] for line in webhooks.lines(session)] == [1, 1]

    def test_webhooks_have_threads_of_their_own(self, sqlite_store: Store) -> None:
        app = WorkerApp(Settings(), sqlite_store, make_broker(""), Keyring((b"k" * 32,)), FakeClock(), identity)
        assert app._webhook_worker.consumer_whitelist == {"webhook"}
        assert app._worker.consumer_whitelist == {str(kind) for kind in JobKind} - {"webhook"}


class TestRetention:
    def test_what_ended_is_deleted_after_some_days_with_its_jobs(self, case: Case) -> None:
        given(case, 2)
        case.work()
        jobs_before = rows(case, Job)
        assert case.publisher.prune() == 0
        case.clock.advance(days=31)
        assert case.publisher.prune() == 2
        assert (rows(case, WebhookDeliveryRow), rows(case, Job)) == (0, jobs_before - 2)

    def test_what_is_pending_or_has_a_dead_job_stays(self, case: Case) -> None:
        given(case, 2)
        die(case, 1)
        case.clock.advance(days=31)
        assert case.publisher.prune() == 0

    def test_one_deletion_is_bounded(self, case: Case) -> None:
        given(case, 3)
        case.work()
        case.clock.advance(days=31)
        before = case.clock.now()
        assert case.store.write(lambda session: webhook_deliveries.prune(session, before, 2)) == 2


def die(case: Case, delivery: int) -> int:
    """Let our own code fail on an event, and return its job."""
    with case.store.read() as session:
        query = select(Job.id).where(Job.kind == "webhook").order_by(Job.id).offset(delivery - 1).limit(1)
        job = session.execute(query).scalar_one()
    lease = case.store.write(lambda session: jobs.claim(session, job, "test", case.clock.now()))
    assert lease is not None

    def bury(session: Any) -> None:
        jobs.bury(session, lease, "a bug", case.clock.now())
        case.actor.give_up(session, lease, "a bug")

    case.store.write(bury)
    return job


class TestDeadJobs:
    def test_the_event_of_a_dead_job_has_failed_and_is_sent_when_it_is_retried(self, case: Case) -> None:
        given(case, 1)
        job = die(case, 1)
        assert case.states() == ["failed"]
        case.store.write(lambda session: retry_job(session, job, "eva", case.clock.now()))
        case.clock.advance(seconds=5)
        assert case.work() == []
        assert case.states() == ["sent"]

    def test_it_can_be_dismissed(self, case: Case) -> None:
        given(case, 1)
        job = die(case, 1)
        case.store.write(lambda session: dismiss_job(session, job, "eva", case.clock.now()))
        assert case.states() == ["failed"]


class TestVerification:
    def test_a_database_with_webhooks_is_right(self, case: Case) -> None:
        given(case, 2)
        assert problems(case) == set()
        case.work()
        given(case, 1)
        case.clock.advance(days=1)
        assert problems(case) == set()

    @pytest.mark.parametrize(
        ("values", "says"),
        [
            ({"state": "odd"}, "is in no known state"),
            ({"state": "sent"}, "is sent, but has no time"),
            ({"state": "failed"}, "was not sent, but has no reason"),
        ],
    )
    def test_what_is_wrong_is_found(self, values: dict[str, Any], says: str, sqlite_store: Store) -> None:
        with web(sqlite_store) as helpdesk, serving() as server:
            case = Case(helpdesk, server)
            given(case, 1)
            case.store.write(lambda session: session.execute(update(WebhookDeliveryRow).values(values)))
            assert ("webhook_delivery 1", says) in problems(case)

    def test_a_pending_event_without_a_job_is_found(self, case: Case) -> None:
        given(case, 1)
        case.store.write(lambda session: session.execute(update(Job).where(Job.kind == "webhook").values(state="done")))
        assert ("webhook_delivery 1", "is pending, and no live job will send it") in problems(case)


def problems(case: Case) -> set[tuple[str, str]]:
    later = case.clock.now() + timedelta(minutes=1)
    return {one for one in run.verify(case.store, later, lambda _: None) if "webhook" in one[0]}
