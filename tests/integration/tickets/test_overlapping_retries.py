"""Two admins replay an email or retry a job at the same moment: it is done once."""

from dataclasses import replace
from types import SimpleNamespace
from typing import cast

import pytest
from sqlalchemy.orm import Session

from daemon.store import jobs
from daemon.store.models import InboundRow, Job, MessageRow, Ticket
from daemon.store.store import Store
from daemon.tickets import retry
from daemon.tickets.admission import Receipt
from daemon.tickets.intake import Intake
from daemon.tickets.replay import NotParkedError, Replayed, replay
from daemon.tickets.retry import RetryError
from tests.support.emails import inbound, mail
from tests.support.fakes import NOON, Woken
from tests.support.merging import ANN
from tests.support.pipeline import Pipeline
from tests.support.races import overlap
from tests.support.store_queries import ask, count


def intake_of(pipeline: Pipeline, store: Store) -> Intake:
    return Intake(store, pipeline.intake.identity, Woken())


def writing(store: Store, session: Session) -> Store:
    """Return a store whose writes are those of one session."""
    return cast(Store, SimpleNamespace(read=store.read, write=lambda run: run(session)))


def parked(pipeline: Pipeline) -> Receipt:
    reading = pipeline.intake.prepare(inbound(mail(ANN, body="breaks us")))
    return pipeline.intake.store([replace(reading, analysis=None, failure="our own code failed")])[0].result()


def failed_triage(pipeline: Pipeline) -> tuple[int, int]:
    """Accept an email whose triage is given up; return the ids of the email and of the job."""
    number = pipeline.accept(mail(ANN)).inbound_id
    lease = pipeline.store.write(lambda session: jobs.claim(session, pipeline.woken.offers[0].job_id, "here", NOON))
    assert lease is not None
    pipeline.executor._discard(lease, "it failed")
    return number, lease.job_id


def test_a_parked_email_that_two_admins_replay_opens_one_ticket(pipeline: Pipeline, store_url: str) -> None:
    number = parked(pipeline).inbound_id

    def replayed(session: Session) -> Receipt:
        return Intake(writing(pipeline.store, session), pipeline.intake.identity, Woken()).replay(number)

    receipt = overlap(store_url, replayed, lambda store: intake_of(pipeline, store).replay(number))
    assert (count(pipeline.store, Ticket), count(pipeline.store, MessageRow)) == (1, 1)
    assert receipt.ticket_id is not None


def test_a_dead_job_that_two_admins_retry_is_made_ready_once(pipeline: Pipeline, store_url: str) -> None:
    _, job = failed_triage(pipeline)

    def again(session: Session) -> object:
        return retry.retry_job(session, job, "anna", NOON)

    with pytest.raises(RetryError, match="is ready, not dead"):
        overlap(store_url, again, lambda store: store.write(again))


def test_an_email_whose_triage_failed_is_triaged_again_once_by_two_admins(pipeline: Pipeline, store_url: str) -> None:
    number, _ = failed_triage(pipeline)

    def first(session: Session) -> Replayed:
        return replay(writing(pipeline.store, session), pipeline.intake, number, "eva", NOON)

    def second(store: Store) -> Replayed:
        return replay(store, intake_of(pipeline, store), number, "anna", NOON)

    with pytest.raises(NotParkedError, match="its disposition is ticket"):
        overlap(store_url, first, second)
    assert [kind for kind, _ in ask(pipeline.store, Job.kind, Job.id)].count("triage") == 1


def test_a_replay_and_the_note_of_who_asked_for_it_are_one_change(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = parked(pipeline).inbound_id

    def dies(*_: object, **__: object) -> None:
        raise KeyError("here the process is killed")

    monkeypatch.setattr("daemon.tickets.replay.events.add", dies)
    with pytest.raises(KeyError):
        replay(pipeline.store, pipeline.intake, number, "anna", NOON)
    assert (count(pipeline.store, Ticket), ask(pipeline.store, InboundRow.disposition)) == (0, [("parked",)])
