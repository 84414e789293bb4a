"""An email without an answer is handed over twice at most, hours apart; before that it is attempted until it is."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from dramatiq.middleware import Interrupt
from sqlalchemy import select

from daemon.mail.roster import Team
from daemon.store.models import DeliveryRow, Job
from daemon.store.store import Store
from daemon.tickets import sign_in
from tests.support.emails import mail
from tests.support.fakes import NOON
from tests.support.pipeline import Pipeline
from workers.actors.deliver import MAX_DEATHS, REPEAT_WAIT
from workers.transports.base import TemporaryFailure, UncertainFailure
from workers.transports.servers import MAX_UNANSWERED

ATTEMPTS_OF_A_JOB = 3


@pytest.fixture
def pipeline(store: Store) -> Pipeline:
    """A ticket whose acknowledgement and notification are to be sent."""
    return Pipeline(store, 2)


def silent(pipeline: Pipeline, times: int) -> None:
    pipeline.transport.failures = [UncertainFailure("no reply after the whole email was sent") for _ in range(times)]


def deliveries(pipeline: Pipeline) -> list[DeliveryRow]:
    with pipeline.store.read() as session:
        return list(session.execute(select(DeliveryRow).order_by(DeliveryRow.id)).scalars())


def job_of(pipeline: Pipeline) -> Job:
    with pipeline.store.read() as session:
        return session.execute(select(Job).where(Job.kind == "deliver").order_by(Job.id)).scalars().first()  # type: ignore[return-value]


def due(pipeline: Pipeline) -> datetime:
    return job_of(pipeline).due_at


def again(pipeline: Pipeline) -> None:
    """Offer what is due now, do it, and let the relay see what was postponed."""
    pipeline.relay.sweep()
    pipeline.work()
    pipeline.relay.sweep()


def test_an_email_without_an_answer_is_handed_over_again_after_hours(pipeline: Pipeline) -> None:
    # Two tries a minute apart made it uncertain while the mail server hung for hours.
    silent(pipeline, 1)
    pipeline.accept(mail())
    pipeline.work()
    first, *others = deliveries(pipeline)
    assert (first.state, due(pipeline)) == ("sending", NOON + REPEAT_WAIT)
    assert timedelta(hours=2) <= REPEAT_WAIT
    assert first.reason.startswith("handed over once, the mail server did not answer; once more after 2026-03-02 16:00")
    assert {other.state for other in others} == {"sent"}
    pipeline.clock.advance(seconds=REPEAT_WAIT.total_seconds() - 1)
    again(pipeline)
    assert deliveries(pipeline)[0].state == "sending"
    pipeline.clock.advance(seconds=1)
    again(pipeline)
    assert deliveries(pipeline)[0].state == "sent"


def test_an_email_without_an_answer_twice_is_left_uncertain_in_true_words(pipeline: Pipeline) -> None:
    silent(pipeline, 1)
    pipeline.accept(mail())
    pipeline.work()
    silent(pipeline, 1)
    pipeline.clock.advance(seconds=REPEAT_WAIT.total_seconds())
    again(pipeline)
    row, asked = deliveries(pipeline)[0], pipeline.transport.asked
    assert row.state == "uncertain"
    assert "twice without an answer; it may have arrived once, twice or not at all" in row.reason
    assert job_of(pipeline).state == "done"
    pipeline.clock.advance(days=1)
    again(pipeline)
    assert pipeline.transport.asked == asked


def test_no_further_email_is_handed_over_to_a_server_that_answers_none(pipeline: Pipeline) -> None:
    silent(pipeline, 100)
    for number in range(MAX_UNANSWERED + 2):
        pipeline.accept(mail(subject=f"number {number}", body=f"number {number}", message_id=f"<{number}@x.example>"))
    pipeline.work()
    states = [row.state for row in deliveries(pipeline)]
    assert states.count("sending") == MAX_UNANSWERED
    assert set(states) - {"suppressed"} == {"sending", "planned"}


@pytest.mark.parametrize(("when", "state"), [("before", "planned"), ("after", "sending")])
def test_a_server_that_is_slower_than_a_job_may_take_is_tried_again(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, when: str, state: str
) -> None:
    def slow(_mail_from: str, _recipient: str, _content: bytes, hand_over: Callable[[], None]) -> str:
        if when == "after":
            hand_over()
        raise Interrupt

    monkeypatch.setattr(pipeline.transport, "send", slow)
    pipeline.accept(mail())
    pipeline.work()
    assert {row.state for row in deliveries(pipeline)} == {state}
    assert job_of(pipeline).state == "ready"


def test_a_refusal_before_the_handover_spends_no_attempt(pipeline: Pipeline) -> None:
    pipeline.accept(mail())
    for _ in range(2 * ATTEMPTS_OF_A_JOB):
        pipeline.transport.failures = [TemporaryFailure("451 later") for _ in range(2)]
        again(pipeline)
        pipeline.clock.advance(hours=4)
    assert {(row.state, row.unended) for row in deliveries(pipeline)} == {("planned", 0)}
    again(pipeline)
    assert {row.state for row in deliveries(pipeline)} == {"sent"}


def test_an_email_that_kills_its_worker_again_and_again_is_given_up_loudly(pipeline: Pipeline) -> None:
    pipeline.accept(mail())
    pipeline.transport.failures = [TemporaryFailure("451 later") for _ in range(2)]
    pipeline.work()
    deadly = deliveries(pipeline)[0]

    def die(session: object) -> None:
        row = session.get_one(DeliveryRow, deadly.id)  # type: ignore[attr-defined]
        row.unended = MAX_DEATHS
        session.get_one(Job, job_of(pipeline).id).attempts = MAX_DEATHS  # type: ignore[attr-defined]

    pipeline.store.write(die)
    pipeline.clock.advance(hours=4)
    again(pipeline)
    row, other = deliveries(pipeline)
    assert (row.state, job_of(pipeline).state, other.state) == ("failed", "dead", "sent")
    assert "the worker died in each of" in row.reason


def test_a_link_to_sign_in_is_sent_like_every_email(pipeline: Pipeline) -> None:
    people = sign_in.People("admin@example.com", (), Team.of("", "", ()))
    pipeline.store.write(
        lambda s: sign_in.request_link(s, people, "admin@example.com", "b" * 64, "https://help", "example.com", NOON)
    )
    sent = []
    pipeline.transport.send = lambda *mail, **_: sent.append(mail) or "250"  # type: ignore[assignment, func-returns-value]
    again(pipeline)
    [row] = [row for row in deliveries(pipeline) if row.kind == "sign-in"]
    [(_, recipient, content, *_)] = sent
    assert (row.state, recipient) == ("sent", "admin@example.com")
    assert re.search(rb"https://help/ui/sign-in/1\.[0-9a-f]{64}", content)
    assert b"Auto-Submitted: auto-generated" in content
