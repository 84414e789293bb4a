"""A ticket that waits opens again by itself, once, and its team is told."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from daemon.store.maintenance.verify.run import verify
from daemon.store.models import DeliveryRow, Event, Job, Ticket
from daemon.store.store import Store
from daemon.tickets import actions
from daemon.vocabulary import Status, SubjectKind
from tests.support.domain_values import ADMIN
from tests.support.emails import ANN, inbound, mail
from tests.support.fakes import NOON
from tests.support.pipeline import Pipeline


@pytest.fixture
def ticket(pipeline: Pipeline) -> int:
    pipeline.process([inbound(mail(ANN, body="I cannot log in"))])
    with pipeline.store.read() as session:
        return session.execute(select(Ticket.id).order_by(Ticket.id.desc()).limit(1)).scalar_one()


def wait(pipeline: Pipeline, ticket: int, **time: int) -> None:
    now = pipeline.clock.now()
    pipeline.store.write(lambda session: actions.wait(session, ticket, timedelta(**time), ADMIN, now))


def status(store: Store, ticket: int) -> str:
    with store.read() as session:
        return session.get_one(Ticket, ticket).status


def announced(store: Store) -> list[DeliveryRow]:
    with store.read() as session:
        rows = session.execute(select(DeliveryRow).order_by(DeliveryRow.id)).scalars()
        return [row for row in rows if row.cause.kind is SubjectKind.EVENT]


def sound(pipeline: Pipeline) -> bool:
    return list(verify(pipeline.store, pipeline.clock.now() + timedelta(days=1), lambda _: None)) == []


def test_a_ticket_opens_when_its_wait_is_over_and_the_team_is_told(pipeline: Pipeline, ticket: int) -> None:
    wait(pipeline, ticket, days=3)
    assert sound(pipeline)
    pipeline.wait(days=2, hours=23)
    assert status(pipeline.store, ticket) == Status.WAITING
    assert announced(pipeline.store) == []
    pipeline.wait(hours=2)
    assert status(pipeline.store, ticket) == Status.OPEN
    ((row),) = announced(pipeline.store)
    assert (row.kind, row.state, row.ticket_id) == ("follow-up", "sent", ticket)
    with pipeline.store.read() as session:
        found = session.get_one(Ticket, ticket)
        assert (found.wait_until, found.resolved_at) == (None, None)
        last = select(Event.kind).where(Event.ticket_id == ticket).order_by(Event.id.desc()).limit(1)
        assert session.execute(last).scalar_one() == "woken"
    assert sound(pipeline)


def test_each_wait_is_announced(pipeline: Pipeline, ticket: int) -> None:
    for _ in range(2):
        wait(pipeline, ticket, days=1)
        pipeline.wait(days=1, minutes=1)
    assert len(announced(pipeline.store)) == 2


@pytest.mark.parametrize("act", [actions.close, actions.resolve, actions.reopen, actions.spam])
def test_a_change_of_status_cancels_the_wait(pipeline: Pipeline, ticket: int, act: object) -> None:
    wait(pipeline, ticket, days=1)
    pipeline.store.write(lambda session: act(session, ticket, ADMIN, NOON))  # type: ignore[operator]
    before = status(pipeline.store, ticket)
    pipeline.wait(days=2)
    assert status(pipeline.store, ticket) == before
    assert announced(pipeline.store) == []
    assert sound(pipeline)


def test_an_email_of_the_customer_cancels_the_wait(pipeline: Pipeline, ticket: int) -> None:
    wait(pipeline, ticket, days=1)
    pipeline.old = ticket
    pipeline.accept_an_answer_by_token()
    pipeline.work()
    assert status(pipeline.store, ticket) == Status.OPEN
    pipeline.wait(days=2)
    assert announced(pipeline.store) == []


@pytest.mark.parametrize("times", [(1, 3), (3, 1)])
def test_the_last_wait_counts(pipeline: Pipeline, ticket: int, times: tuple[int, int]) -> None:
    for days in times:
        wait(pipeline, ticket, days=days)
    pipeline.wait(days=times[1], minutes=-1)
    assert status(pipeline.store, ticket) == Status.WAITING
    pipeline.wait(minutes=2)
    assert status(pipeline.store, ticket) == Status.OPEN
    pipeline.wait(days=3)
    assert len(announced(pipeline.store)) == 1
    assert sound(pipeline)


def test_a_job_that_a_clock_made_due_too_early_comes_again(pipeline: Pipeline, ticket: int) -> None:
    wait(pipeline, ticket, days=1)
    early = update(Job).where(Job.kind == "wake").values(due_at=NOON)
    pipeline.store.write(lambda session: session.execute(early))
    pipeline.wait(minutes=1)
    assert status(pipeline.store, ticket) == Status.WAITING
    assert sound(pipeline)
    pipeline.wait(days=1)
    assert status(pipeline.store, ticket) == Status.OPEN


def test_a_job_that_fails_for_good_is_said_on_the_ticket(
    pipeline: Pipeline, ticket: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise ZeroDivisionError

    wait(pipeline, ticket, days=1)
    monkeypatch.setattr("daemon.tickets.status._wake", fails)
    pipeline.wait(days=1, minutes=1)
    with pipeline.store.read() as session:
        job = session.execute(select(Job.id).where(Job.kind == "wake")).scalar_one()
    for _ in range(5):
        pipeline.clock.advance(hours=1)
        pipeline.executor.perform(job)
    with pipeline.store.read() as session:
        assert "not woken" in session.execute(select(Event.kind).where(Event.ticket_id == ticket)).scalars().all()
    assert status(pipeline.store, ticket) == Status.WAITING
    assert sound(pipeline)
