"""Corrections at the same time add one training."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Event

from sqlalchemy.orm import Session

from daemon.store.jobs import JobKind
from daemon.store.models import Job
from daemon.store.store import Store
from daemon.tickets import actions
from daemon.tickets.actions import Correction
from daemon.tickets.intake import Intake
from daemon.vocabulary import Priority
from tests.support.domain_values import ADMIN, identity
from tests.support.emails import inbound, mail
from tests.support.fakes import NOON, Woken
from tests.support.store_queries import ask

SAID = Correction("General", "GENERAL_SUPPORT", None, Priority.LOW)
AFTER = 2


def test_corrections_at_the_same_time_add_one_training(store_url: str) -> None:
    begun, done = Event(), Event()

    def correct(session: Session, ticket: int) -> None:
        actions.correct(session, ticket, SAID, ADMIN, NOON, retrain_after=AFTER)

    def first(session: Session, ticket: int) -> None:
        correct(session, ticket)
        begun.set()
        # The second one waits for the first to be committed, so that this ends without it.
        done.wait(1)

    def second(session: Session, ticket: int) -> None:
        correct(session, ticket)
        done.set()

    with closing(Store(store_url)) as one, closing(Store(store_url)) as two, ThreadPoolExecutor(1) as pool:
        intake = Intake(one, identity(keys=(b"k" * 32,)), Woken())
        tickets = [intake.accept(inbound(mail(body=f"question {n}"))).ticket_id or 0 for n in range(AFTER + 1)]
        one.write(lambda session: correct(session, tickets[0]))
        running = pool.submit(one.write, lambda session: first(session, tickets[1]))
        assert begun.wait(60)
        two.write(lambda session: second(session, tickets[2]))
        running.result(60)
        assert [kind for (kind,) in ask(one, Job.kind) if kind == JobKind.TRAIN] == [JobKind.TRAIN]
