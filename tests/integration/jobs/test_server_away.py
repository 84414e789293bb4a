"""A mail server that cannot be reached: its emails are tried again soon, and go out in order once it is back."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from daemon.store.models import DeliveryRow, Job
from daemon.store.store import Store
from tests.support.emails import mail
from tests.support.log_lines import log_lines
from tests.support.pipeline import Pipeline
from workers.actors.deliver import LONGEST_SERVER_WAIT, LONGEST_WAIT
from workers.transports.base import AuthenticationFailure, ServerFailure, TemporaryFailure, TransportFailure

AWAY = "cannot connect to mail.example.com:587: refused"


@pytest.fixture
def pipeline(store: Store) -> Pipeline:
    """A ticket whose acknowledgement and notification are to be sent."""
    return Pipeline(store, 2)


def waits(pipeline: Pipeline) -> list[timedelta]:
    """Return how long each job that is not done will wait, in the order of the jobs."""
    with pipeline.store.read() as session:
        rows = session.execute(select(Job.due_at).where(Job.state == "ready").order_by(Job.id)).scalars().all()
    return [max(due - pipeline.clock.now(), timedelta()) for due in rows]


def states(pipeline: Pipeline) -> set[str]:
    with pipeline.store.read() as session:
        return set(session.execute(select(DeliveryRow.state)).scalars())


def fail(pipeline: Pipeline, failure: TransportFailure, hours: int) -> None:
    """Let emails come, and the mail server fail for hours."""
    pipeline.transport.failures = [failure] * 10_000
    pipeline.accept(mail())
    pipeline.work()
    for _ in range(hours * 60):
        pipeline.wait(minutes=1)
        # Let the relay see what was postponed.
        pipeline.relay.sweep()


def test_a_server_that_cannot_be_reached_is_tried_again_within_a_quarter_of_an_hour(pipeline: Pipeline) -> None:
    fail(pipeline, ServerFailure(AWAY), 5)
    assert waits(pipeline)
    assert max(waits(pipeline)) <= LONGEST_SERVER_WAIT == timedelta(minutes=15)


def test_an_email_that_a_server_puts_off_waits_for_longer(pipeline: Pipeline) -> None:
    fail(pipeline, TemporaryFailure("try later", 451), 5)
    assert LONGEST_SERVER_WAIT < max(waits(pipeline)) <= LONGEST_WAIT


def test_the_first_email_that_a_server_takes_brings_those_that_wait_for_it(pipeline: Pipeline) -> None:
    fail(pipeline, ServerFailure(AWAY), 1)
    assert min(waits(pipeline)) > timedelta()
    pipeline.transport.failures = []
    pipeline.clock.advance(minutes=1)
    # Its acknowledgement is one too many for this hour, so it is suppressed.
    pipeline.accept(mail(subject="Another", body="Another question"))
    pipeline.work()
    assert waits(pipeline)
    assert set(waits(pipeline)) == {timedelta()}
    pipeline.relay.sweep()
    pipeline.work()
    assert states(pipeline) == {"sent", "suppressed"}


def test_an_email_that_a_server_put_off_is_not_brought(pipeline: Pipeline) -> None:
    fail(pipeline, TemporaryFailure("try later", 451), 1)
    pipeline.transport.failures = []
    pipeline.accept(mail(subject="Another", body="Another question"))
    pipeline.work()
    assert min(waits(pipeline)) > timedelta()


def test_the_log_says_once_that_the_server_is_away_and_once_that_it_is_back(
    pipeline: Pipeline, capsys: pytest.CaptureFixture[str]
) -> None:
    fail(pipeline, ServerFailure(AWAY), 1)
    pipeline.transport.failures = []
    pipeline.wait(minutes=16)
    events = [(row["event"], row["level"]) for row in log_lines(capsys) if row["event"].startswith("mail server")]
    assert events == [
        ("mail server not reached; emails wait in the database", "warning"),
        ("mail server reached again", "info"),
    ]


def test_an_email_is_sent_once_where_those_that_wait_cannot_be_brought(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise OSError("the database is away")

    monkeypatch.setattr("daemon.store.jobs.make_due", fails)
    pipeline.accept(mail())
    pipeline.work()
    pipeline.wait(minutes=16)
    assert states(pipeline) == {"sent"}
    assert pipeline.transport.asked == 2


@pytest.mark.parametrize("failure", [ServerFailure(AWAY), AuthenticationFailure("no", 535)])
def test_no_email_is_given_up_because_its_server_is_away_for_long(pipeline: Pipeline, failure: ServerFailure) -> None:
    fail(pipeline, failure, 1)
    let_hours_pass(pipeline, 6 * 24)
    assert states(pipeline) == {"planned"}
    pipeline.transport.failures = []
    let_hours_pass(pipeline, 1)
    assert states(pipeline) == {"sent"}


def let_hours_pass(pipeline: Pipeline, hours: int) -> None:
    for _ in range(hours):
        pipeline.wait(hours=1)
        # Let the relay see what was postponed.
        pipeline.relay.sweep()
