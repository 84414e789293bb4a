"""Run the command in this process, on a store of the test's own."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from sqlalchemy.orm import Session

from daemon.cli import main
from daemon.mail.envelope import Inbound
from daemon.store import decisions, deliveries, jobs, keys
from daemon.store.deliveries import DeliveryState, NewDelivery
from daemon.store.jobs import JobKind, NewJob
from daemon.store.store import Store
from daemon.tickets.admission import Receipt
from daemon.tickets.intake import Intake
from daemon.vocabulary import Priority, Subject, SubjectKind, Triage
from tests.support.domain_values import identity
from tests.support.emails import SUPPORT
from tests.support.fakes import NOON, Woken

KEY = b"k" * 32


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command said, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]


class Case:
    """A store, the way in, and the command."""

    def __init__(self, store: Store, capsys: pytest.CaptureFixture[str]) -> None:
        self.store = store
        self.woken = Woken()
        signing = store.write(lambda session: keys.ensure(session, NOON))
        policy = identity(own_addresses=frozenset({SUPPORT}), keys=signing)
        self.intake = Intake(store, policy, self.woken)
        self._capsys = capsys

    def run(self, *arguments: str) -> Outcome:
        """Run a command."""
        self._capsys.readouterr()
        code = main(arguments)
        said = self._capsys.readouterr()
        return Outcome(code, said.out, said.err)

    def accept(self, delivery: Inbound) -> Receipt:
        """Take a mail in."""
        return self.intake.accept(delivery)

    def opened(self, delivery: Inbound) -> tuple[int, str]:
        """Take a mail in that opens a ticket; return its id and reference."""
        receipt = self.accept(delivery)
        assert receipt.ticket_id is not None
        assert receipt.reference is not None
        return receipt.ticket_id, receipt.reference

    def park(self, delivery: Inbound) -> int:
        """Park a mail as if our own code had failed on it."""
        reading = replace(self.intake.prepare(delivery), analysis=None, failure="our own code failed: a bug")
        return self.intake.store([reading])[0].result().inbound_id

    def decide(self, ticket_id: int, by: str = "model", category: str = "Payments", team: str = "PAYMENTS_TEAM") -> int:
        """Put a decision in force."""
        triage = Triage(category, Priority.MEDIUM, 0.8, team, ("the reason",), (("Login", 0.1),), model="m1")
        return self.store.write(lambda session: decisions.apply(session, ticket_id, triage, NOON, by=by, actor=None))

    def plan_mail(self, ticket_id: int, decision: int, message_id: str = "<ours@example.com>") -> int:
        """Plan the mail to a team that follows from a decision; return its id."""

        def write(session: Session) -> int:
            planned = NewDelivery(
                cause=Subject(SubjectKind.DECISION, decision),
                kind="notification",
                recipient="team@example.com",
                ticket_id=ticket_id,
                message_id=message_id,
                state=DeliveryState.PLANNED,
                reason="",
                now=NOON,
            )
            [delivery] = deliveries.add(session, [planned])
            assert delivery is not None
            jobs.add(session, [NewJob(JobKind.DELIVER, Subject(SubjectKind.DELIVERY, delivery), NOON)])[0]
            return delivery

        return self.store.write(write)

    def ask(self, question: Callable[[Any], Any]) -> Any:
        """Ask the store."""
        with self.store.read() as session:
            return question(session)
