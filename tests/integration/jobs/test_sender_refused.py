"""A mail server that refuses our own address: no email is lost because of that, and the log says what to do."""

import pytest
from sqlalchemy import select

from daemon.store.models import DeliveryRow, Job
from daemon.store.store import Store
from tests.support.emails import mail
from tests.support.log_lines import log_lines
from tests.support.pipeline import Pipeline
from workers.transports.base import RefusedSenderFailure

NOT_OURS = "support@example.com: not owned by user us"


@pytest.fixture
def pipeline(store: Store) -> Pipeline:
    """A ticket whose acknowledgement and notification are refused."""
    found = Pipeline(store, 2)
    found.transport.failures = [RefusedSenderFailure(NOT_OURS, 553, "5.7.1") for _ in range(10_000)]
    found.accept(mail())
    found.work()
    return found


def states(pipeline: Pipeline) -> set[str]:
    with pipeline.store.read() as session:
        return set(session.execute(select(DeliveryRow.state)).scalars())


def let_hours_pass(pipeline: Pipeline, hours: int) -> None:
    for _ in range(hours * 4):
        pipeline.wait(minutes=15)
        pipeline.relay.sweep()


def test_an_email_waits_for_an_admin_to_correct_the_sender(pipeline: Pipeline) -> None:
    # Each failed for good at once: a change at the provider lost every email until somebody saw it.
    let_hours_pass(pipeline, 24)
    assert states(pipeline) == {"planned"}
    pipeline.transport.failures = []
    let_hours_pass(pipeline, 1)
    assert states(pipeline) == {"sent"}


def test_it_is_given_up_when_the_documented_time_is_over(pipeline: Pipeline) -> None:
    let_hours_pass(pipeline, 5 * 24 + 1)
    assert states(pipeline) == {"failed"}


def test_the_log_does_not_repeat_it_and_each_job_says_why_it_waits(
    pipeline: Pipeline, capsys: pytest.CaptureFixture[str]
) -> None:
    log_lines(capsys)
    let_hours_pass(pipeline, 3)
    assert [row["event"] for row in log_lines(capsys) if "sender" in row["event"]] == []
    with pipeline.store.read() as session:
        reasons = session.execute(select(Job.last_error).where(Job.state == "ready")).scalars().all()
    assert set(reasons) == {f"waiting for the mail server to accept our sender: 553 5.7.1 {NOT_OURS}"}
