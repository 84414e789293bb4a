"""Emails that wait for the check of their sender: what becomes of them when something fails."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import delete

from config.settings import Settings
from daemon.authentication.checker import NoChecker, not_checked
from daemon.mail.envelope import Inbound
from daemon.policies import identity
from daemon.store.jobs import JobKind
from daemon.store.maintenance.verify.run import verify
from daemon.store.models import InboundRow, Job, MessageRow
from daemon.store.store import Store
from daemon.tickets import retry
from daemon.tickets.intake import Intake
from daemon.vocabulary import SenderCheck
from tests.support.emails import inbound, mail
from tests.support.fakes import NOON, FakeClock, Woken
from workers.actors.check import CheckActor
from workers.jobs.executor import JobExecutor
from workers.jobs.heartbeat import Heartbeat

GENUINE = SenderCheck(verified=True, results=("dmarc=pass (customer.example, dkim)",))


class FakeChecker:
    """Finds everybody genuine; `before` runs when a check starts."""

    def __init__(self) -> None:
        self.checked: list[Inbound] = []
        self.before: Any = lambda: None

    def start(self, one: Inbound) -> "FakeChecker":
        self.before()
        self.checked.append(one)
        return self

    def result(self) -> SenderCheck:
        return GENUINE

    def close(self) -> None: ...


class Checking:
    """An intake that checks senders, and an executor of check jobs alone."""

    def __init__(self, store: Store) -> None:
        self.store, self.clock, self.woken, self.checker = store, FakeClock(), Woken(), FakeChecker()
        self.intake = Intake(store, identity(Settings(authentication={"check": True}), (b"k" * 32,)), self.woken)  # type: ignore[arg-type]
        self.actor = CheckActor(self.clock, self.intake, self.checker)
        self.executor = JobExecutor(store, self.clock, Heartbeat(store, "here"), 4, 1, {JobKind.CHECK: self.actor})

    def accept(self, body: str = "help") -> int:
        return self.intake.accept(inbound(mail(body=body))).inbound_id

    def work(self, job_id: int = 1) -> None:
        self.clock.advance(hours=1)
        self.executor.perform(job_id)

    def rows(self, table: Any) -> list[Any]:
        with self.store.read() as session:
            return list(session.query(table).order_by(table.id))

    @property
    def states(self) -> list[str]:
        return [row.disposition for row in self.rows(InboundRow)]


@pytest.fixture
def checking(store: Store) -> Checking:
    return Checking(store)


def test_an_email_waits_in_the_ledger_until_its_sender_is_checked(checking: Checking) -> None:
    checking.accept()
    assert (checking.states, checking.rows(MessageRow)) == (["checking"], [])
    assert list(verify(checking.store, NOON, lambda _: None)) == []
    checking.work()
    (message,) = checking.rows(MessageRow)
    assert (checking.states, message.verified, message.authentication) == (["ticket"], True, [*GENUINE.results])
    check, triage = checking.rows(Job)
    assert (check.kind, check.state, triage.kind) == ("check", "done", "triage")


def test_an_email_that_waits_without_a_job_is_noticed(checking: Checking) -> None:
    checking.accept()
    checking.store.write(lambda session: session.execute(delete(Job)))
    found = list(verify(checking.store, NOON, lambda _: None))
    assert found == [("inbound 1", "waits for the check of its sender, and no live job does it")]


def test_an_email_whose_check_ended_two_workers_goes_on_unchecked(checking: Checking) -> None:
    def die() -> None:
        raise MemoryError

    checking.checker.before = die
    checking.accept()
    for _ in range(3):
        checking.work()
    (message,) = checking.rows(MessageRow)
    assert (message.verified, message.authentication) == (False, ["not checked: earlier attempts failed"])


def test_an_email_that_cannot_be_admitted_is_parked_and_can_be_tried_again(
    checking: Checking, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_arguments: object) -> None:
        raise ZeroDivisionError

    number = checking.accept()
    with monkeypatch.context() as patch:
        patch.setattr("daemon.tickets.checking.admit", broken)
        for _ in range(4):
            checking.work()
    (row,) = checking.rows(InboundRow)
    assert (row.disposition, "could not be admitted" in row.reasons[0]) == ("parked", True)
    assert list(verify(checking.store, checking.clock.now(), lambda _: None)) == []
    checking.store.write(lambda session: retry.retry_job(session, 1, "ann", checking.clock.now()))
    checking.work()
    assert (number, checking.states) == (1, ["ticket"])


def test_a_replayed_email_is_not_checked_again(checking: Checking) -> None:
    email = checking.intake.prepare(inbound(mail()))
    parked = checking.intake.store([replace(email, analysis=None, failure="our own code failed")])[0].result()
    checking.intake.replay(parked.inbound_id)
    (message,) = checking.rows(MessageRow)
    assert (checking.states, message.authentication, checking.checker.checked) == (["ticket"], None, [])


def test_an_email_that_somebody_replayed_meanwhile_is_left_alone(checking: Checking) -> None:
    checking.accept()
    with checking.store.read() as session:
        stored = session.get(InboundRow, 1)
    assert stored is not None
    checking.store.write(
        lambda session: setattr(session.get(InboundRow, 1), "disposition", "list"),
    )
    checking.work()
    assert (checking.states, checking.rows(MessageRow)) == (["list"], [])
    assert checking.rows(Job)[0].state == "done"


def test_a_batch_starts_all_checks_before_it_waits_for_one(checking: Checking, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    checking.checker.before = lambda: order.append("start")
    monkeypatch.setattr(FakeChecker, "result", lambda _: order.append("result") or GENUINE)
    for number in range(5):
        checking.accept(f"help {number}")
    checking.work()
    assert order == ["start"] * 5 + ["result"] * 5


def test_without_a_check_in_the_workers_email_flows(checking: Checking) -> None:
    checking.executor._actors = {
        JobKind.CHECK: CheckActor(checking.clock, checking.intake, NoChecker("authentication.check is off"))
    }
    checking.accept()
    checking.work()
    (message,) = checking.rows(MessageRow)
    assert message.authentication == [*not_checked("authentication.check is off").results]
