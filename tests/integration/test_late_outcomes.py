"""What becomes of an email or an event is known before, or after, the attempt that sent it has ended."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from daemon.store import jobs, orphans, webhook_deliveries
from daemon.store.jobs import LeaseLostError
from daemon.store.models import DeliveryRow, InboundRow, Job, Ticket, WebhookDeliveryRow
from daemon.store.store import Store
from daemon.tickets import actions, webhooks
from daemon.tickets.actions import Correction
from daemon.vocabulary import Priority
from tests.support.domain_values import ADMIN
from tests.support.emails import inbound, mail
from tests.support.fakes import NOON
from tests.support.http import web
from tests.support.pipeline import Pipeline
from tests.support.races import overlap
from tests.support.sent_emails import bounce
from tests.support.store_queries import ask
from tests.support.webhooks import Case, serving
from workers.jobs.executor import JobExecutor
from workers.jobs.heartbeat import Heartbeat


@pytest.fixture
def case(store: Store) -> Iterator[Case]:
    with serving() as server, web(store) as helpdesk:
        yield Case(helpdesk, server)


def rescue(store: Store) -> None:
    """Take every job from its worker, as the relay does where the worker stands still."""
    leased = store.write(lambda session: orphans.leased(session, 100))
    store.write(lambda session: [orphans.rescue_one(session, job, beat) for job, beat in leased.items()] and None)


def test_a_worker_that_stood_still_does_not_make_a_sent_event_pending(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(*_: object) -> tuple[int, str]:
        monkeypatch.undo()
        rescue(case.store)
        assert case.work() == []
        return 503, "too late"

    case.web.opened()
    case.publisher.publish()
    monkeypatch.setattr("workers.actors.webhook.post", slow)
    with pytest.raises(LeaseLostError):
        case.work()
    assert case.states() == ["sent"]
    assert case.endpoint().failing_since is None
    assert ask(case.store, Job.state, Job.kind)[-1] == ("done", "webhook")


def test_an_event_that_kills_its_worker_again_and_again_is_given_up(case: Case) -> None:
    case.web.opened()
    case.publisher.publish()
    with case.store.read() as session:
        job = session.execute(select(Job.id).where(Job.kind == "webhook")).scalar_one()
    executor = JobExecutor(
        case.store, case.clock, Heartbeat(case.store, "test"), 3, 1, {jobs.JobKind.WEBHOOK: case.actor}
    )
    for _ in range(3):
        assert case.store.write(lambda session: jobs.claim(session, job, "dead", case.clock.now()))
        rescue(case.store)
    executor.perform(job)
    assert (case.states(), case.server.got) == (["failed"], [])
    assert ask(case.store, WebhookDeliveryRow.answer) == [
        ("it ended its worker, or ran out of time, in each of its attempts",)
    ]


def test_an_email_that_bounces_before_its_attempt_has_ended_stays_failed(store: Store) -> None:
    pipeline = Pipeline(store, 0)

    def bounces() -> None:
        pipeline.transport.then = lambda: None
        with store.read() as session:
            sent = session.execute(select(DeliveryRow).where(DeliveryRow.state == "sending")).scalars().first()
        assert sent is not None
        bounced.append(sent.id)
        pipeline.intake.accept(inbound(bounce(sent.message_id, sent.recipient), mail_from=""))

    bounced: list[int] = []
    pipeline.transport.then = bounces
    pipeline.process([inbound(mail())])
    with store.read() as session:
        row = session.get_one(DeliveryRow, bounced[0])
    assert (row.state, row.reason) == ("failed", "bounced: 5.1.1")
    assert row.sent_at == pipeline.clock.now()


def sent_event(case: Case) -> None:
    case.web.opened()
    case.publisher.publish()
    assert case.work() == []


def test_an_event_is_replayed_once_by_two_admins(case: Case, store_url: str) -> None:
    sent_event(case)

    def replay(session: Session) -> bool:
        return webhooks.replay(session, 1, "eva", case.clock.now())

    assert not overlap(store_url, replay, lambda store: store.write(replay))
    case.work()
    assert len(case.server.got) == 2


def test_an_event_that_is_replayed_is_not_deleted_at_that_moment(case: Case, store_url: str) -> None:
    sent_event(case)
    now = case.clock.now()
    later = now + timedelta(days=60)
    overlap(
        store_url,
        lambda session: webhooks.replay(session, 1, "eva", now),
        lambda store: store.write(lambda session: webhook_deliveries.prune(session, later, 100)),
    )
    assert case.states() == ["pending"]
    case.work()
    assert (len(case.server.got), case.states()) == (2, ["sent"])


def test_triage_that_fails_after_a_person_decided_parks_nothing(store: Store) -> None:
    pipeline = Pipeline(store, 0)
    receipt = pipeline.accept(mail())
    ticket = receipt.ticket_id
    assert ticket is not None
    lease = store.write(lambda session: jobs.claim(session, receipt.offers[0].job_id, "here", NOON))
    assert lease is not None
    right = Correction("Login", "IDENTITY_TEAM", None, Priority.LOW)
    store.write(lambda session: actions.correct(session, ticket, right, ADMIN, NOON))
    assert not pipeline.executor._discard(lease, "it failed")
    assert ask(store, InboundRow.disposition) == [("ticket",)]
    assert ask(store, Ticket.category) == [("Login",)]
