"""A dead job of a member's email: what was returned to its author is not carried out behind their back."""

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from daemon.store import jobs
from daemon.store.jobs import JobKind, JobState, NewJob
from daemon.store.models import AnswerRow, Job
from daemon.tickets import conversation
from daemon.tickets.actor import Actor
from daemon.tickets.answer_values import NewAnswer
from daemon.vocabulary import AnswerState, ReturnCause, Subject, SubjectKind
from tests.support.cli import Case
from tests.support.emails import inbound, mail
from tests.support.fakes import NOON

EVA = "eva@example.com"


def dead_job(case: Case, *, returned: bool = True) -> int:
    """Return the dead job of a member's email, which was returned to its author."""
    receipt = case.accept(inbound(mail()))

    def write(session: Session) -> int:
        assert receipt.ticket_id is not None
        [offer] = jobs.add(session, [NewJob(JobKind.ANSWER, Subject(SubjectKind.MESSAGE, 1), NOON)])
        values = {"state": JobState.DEAD, "attempts": 5, "last_error": "boom"}
        session.execute(update(Job).where(Job.id == offer.job_id).values(values))
        if returned:
            actor = Actor(EVA, "PAYMENTS_TEAM", "email:1")
            new = NewAnswer(receipt.ticket_id, actor, "It is on its way.", "", NOON, message_id=1)
            conversation.return_to_author(session, new, ReturnCause.NOT_PROCESSED, ("boom",), NOON)
        return offer.job_id

    return case.store.write(write)


def state_of(case: Case, job: int) -> str:
    return case.ask(lambda session: session.get_one(Job, job).state)


def test_what_was_returned_to_its_author_is_not_carried_out_by_a_retry_which_says_so(case: Case) -> None:
    job = dead_job(case)
    outcome = case.run("jobs", "retry", str(job))
    assert outcome.code != 0
    assert (
        f"job {job} is not run again: its email was returned to {EVA}, to be sent again; dismiss the job" in outcome.err
    )
    assert state_of(case, job) == JobState.DEAD
    assert case.run("jobs", "dismiss", str(job)).code == 0
    assert state_of(case, job) == JobState.DONE


def test_what_went_back_to_the_team_is_said_to_be_there(case: Case) -> None:
    job = dead_job(case)
    case.store.write(lambda session: session.execute(update(AnswerRow).values(return_to="team@example.com")) and None)
    assert "its email was returned to team@example.com" in case.run("jobs", "retry", str(job)).err


@pytest.mark.parametrize("state", [AnswerState.SENT, AnswerState.HELD, AnswerState.DROPPED])
def test_an_email_that_became_an_answer_is_not_carried_out_twice(case: Case, state: AnswerState) -> None:
    job = dead_job(case)
    case.store.write(lambda session: session.execute(update(AnswerRow).values(state=state)) and None)
    assert f"its email is answer 1 ({state}); dismiss the job" in case.run("jobs", "retry", str(job)).err
    assert state_of(case, job) == JobState.DEAD


def test_an_email_that_was_not_returned_is_carried_out_by_a_retry(case: Case) -> None:
    job = dead_job(case, returned=False)
    assert case.run("jobs", "retry", str(job)).code == 0
    assert state_of(case, job) == JobState.READY


def test_one_that_cannot_be_retried_does_not_stop_the_others(case: Case) -> None:
    refused = dead_job(case)
    other = case.store.write(lambda s: jobs.add(s, [NewJob(JobKind.TRAIN, Subject(SubjectKind.DECISION, 1), NOON)]))[
        0
    ].job_id
    case.store.write(lambda s: s.execute(update(Job).where(Job.id == other).values(state=JobState.DEAD)) and None)
    outcome = case.run("jobs", "retry", "--all")
    assert f"job {refused} is not run again" in outcome.err
    assert (state_of(case, refused), state_of(case, other)) == (JobState.DEAD, JobState.READY)
