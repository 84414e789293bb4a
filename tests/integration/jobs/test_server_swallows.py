"""A mail server that answers nothing holds one thread at a time: the others go on with new emails."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from daemon.store.models import Ticket
from daemon.store.store import Store
from tests.support.emails import inbound, mail
from tests.support.fakes import eventually
from tests.support.pipeline import Pipeline
from workers.transports.base import ServerFailure, TemporaryFailure

AWAY = ServerFailure("cannot connect to mail.example.com:587: timed out")
THREADS = 2
# As long as a new email may wait; much shorter than a mail server is waited for.
SECONDS = 10.0


class Swallowing:
    """A transport whose server takes connections and answers nothing, until it is let go."""

    def __init__(self) -> None:
        self.inside = self.asked = 0
        self.end, self.failure = threading.Event(), AWAY

    def send(self, *_email: object) -> str:
        self.asked += 1
        self.inside += 1
        self.end.wait(60)
        self.inside -= 1
        raise self.failure


@pytest.fixture
def pipeline(store: Store) -> Pipeline:
    return Pipeline(store, 2)


@pytest.fixture
def server(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> Iterator[Swallowing]:
    found = Swallowing()
    monkeypatch.setattr(pipeline.transport, "send", found.send)
    yield found
    found.end.set()


def accept(pipeline: Pipeline, number: int) -> None:
    email = mail(f"ann@shop{number}.example", subject=f"number {number}", body=f"question {number}")
    pipeline.intake.store([pipeline.intake.prepare(inbound(email, mail_from=f"ann@shop{number}.example"))])[0].result()


def work(pipeline: Pipeline, stopping: Callable[[], bool]) -> None:
    """Do what is offered, as the thread of a worker does."""
    while not stopping():
        try:
            offer = pipeline.woken.offers.pop(0)
        except IndexError:
            time.sleep(0.01)
        else:
            pipeline.executor.perform(offer.job_id)


def is_triaged(pipeline: Pipeline, number: int) -> bool:
    with pipeline.store.read() as session:
        category = session.execute(select(Ticket.category).where(Ticket.subject == f"number {number}")).scalar()
    return category not in {None, "PENDING"}


def test_new_emails_are_triaged_while_a_mail_server_swallows_connections(
    pipeline: Pipeline, server: Swallowing
) -> None:
    # Each thread waited for the server at each attempt: with 30 tickets, new emails waited for minutes.
    done = threading.Event()
    with ThreadPoolExecutor(THREADS) as pool:
        threads = [pool.submit(work, pipeline, done.is_set) for _ in range(THREADS)]
        try:
            for number in range(30):
                accept(pipeline, number)
            eventually(lambda: server.inside, SECONDS)
            accept(pipeline, 30)
            eventually(lambda: is_triaged(pipeline, 30), SECONDS)
            assert server.inside == 1
        finally:
            done.set()
            server.end.set()
    assert [thread.exception() for thread in threads] == [None] * THREADS


def test_after_a_failed_attempt_the_other_emails_are_not_tried(pipeline: Pipeline, server: Swallowing) -> None:
    server.end.set()
    for number in range(10):
        accept(pipeline, number)
    pipeline.work()
    assert server.asked == 1


def test_a_recipient_that_is_put_off_holds_up_no_other(pipeline: Pipeline, server: Swallowing) -> None:
    # Greylisting: the server answers, and says no to each recipient for now.
    server.end.set()
    server.failure = TemporaryFailure("greylisted", 451, "4.7.1")  # type: ignore[assignment]  # another kind
    for number in range(5):
        accept(pipeline, number)
    pipeline.work()
    assert server.asked == 10
