"""One system under real faults, one after the other while emails come; then the proof that nothing was lost."""

import random
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from daemon.system.failpoint import VARIABLE
from tests.faults.checker import Report, check, sent_emails
from tests.faults.evidence import unanswered
from tests.faults.kit import Kit
from tests.faults.load import Client, Numbers
from tests.faults.machine import Fault, Machine
from tests.faults.system import System
from tests.support.strace import Strace

EMAILS_BEFORE: Final = 1
EMAILS_DURING: Final = 2
PATIENCE: Final = 120.0
NO_FAILPOINTS: Final = {VARIABLE: ""}


@dataclass(slots=True)
class Outcome:
    """What happened on one system. `idle` counts the system calls that no process made while they would have failed."""

    kind: str
    faults: Counter[str] = field(default_factory=Counter)
    idle: Counter[str] = field(default_factory=Counter)
    deferred: int = 0
    report: Report = field(default_factory=Report)
    problems: list[str] = field(default_factory=list)
    seconds: float = 0.0


class RealRun:
    """Meets every fault `rounds` times, or a choice of them once."""

    def __init__(self, kit: Kit, kind: str, seed: int) -> None:
        self._kit = kit
        self.outcome = Outcome(kind)
        self._random = random.Random(f"{seed} {kind} real")
        self._numbers = Numbers(f"r{seed}{kind[0]}")

    def __call__(self, rounds: int) -> None:
        """Do everything, and check; `rounds` of 0 means the choice. What breaks is a problem, not an exception."""
        began = time.monotonic()
        try:
            with System(self._kit, self.outcome.kind, own=True, tmpfs=True, extra=NO_FAILPOINTS) as self._system:
                self._client = Client(self._system.port)
                machine = Machine(self._system, self._random)
                try:
                    for fault in machine.short() if not rounds else []:
                        self._meet(fault)
                    for _ in range(rounds):
                        for fault in machine.faults():
                            self._meet(fault)
                finally:
                    self._client.close()
                self._check()
        except Exception as error:  # noqa: BLE001 - the other system goes on, and this is told at the end
            self.outcome.problems.append(f"{type(error).__name__}: {error}")
        self.outcome.seconds = time.monotonic() - began

    def _meet(self, fault: Fault) -> None:
        """Let emails come before and while a fault is in force, then wait until all is quiet again."""
        began = time.monotonic()
        self._client.send(self._numbers.emails(EMAILS_BEFORE))
        with fault.begin() as active:
            self._client.send(self._numbers.emails(EMAILS_DURING))
            time.sleep(fault.seconds)
        if isinstance(active, Strace) and not active.injected:
            self.outcome.idle[fault.name] += 1
        else:
            self.outcome.faults[fault.name] += 1
        if not self._client.wait(PATIENCE):
            self.outcome.problems.append(f"{fault.name}: emails without an answer")
        if not self._system.drain(PATIENCE):
            self.outcome.problems.append(f"{fault.name}: not drained: {self._system.unfinished()}")
        print(f"{self.outcome.kind}: {fault.name}, quiet after {time.monotonic() - began:.1f} s", file=sys.stderr)

    def _check(self) -> None:
        outcome, system, client = self.outcome, self._system, self._client
        outcome.deferred = client.deferred
        outcome.report = check(
            system.engine,
            client.accepted,
            sent_emails(system.sink.received),
            window=None,
            unanswered=unanswered(system),
        )
        outcome.problems += outcome.report.problems
        outcome.problems += [f"never accepted: {mail.sha256[:12]}" for mail in client.given_up]
        outcome.problems += [f"refused with {one.code} {one.answer}" for one in client.refused]
        code, said = system.command("db", "verify")
        if code:
            outcome.problems.append(f"db verify ended with {code}: {said[-500:]}")


def table(outcomes: list[Outcome]) -> str:
    """Return the figures in Markdown."""
    names = sorted({name for outcome in outcomes for name in outcome.faults})
    figures = {
        "**real faults**": [sum(o.faults.values()) for o in outcomes],
        "emails accepted": [o.report.accepted for o in outcomes],
        "**lost or unexplained**": [len(o.problems) for o in outcomes],
        "sent twice, explained": [len(o.report.doubles) for o in outcomes],
        "left uncertain": [o.report.uncertain for o in outcomes],
        "asked to come again (4xx)": [o.deferred for o in outcomes],
        "copies recognised": [o.report.duplicates for o in outcomes],
        "system call not made, not counted": [sum(o.idle.values()) for o in outcomes],
        "seconds": [round(o.seconds) for o in outcomes],
    }
    lines = [f"| real fault | {' | '.join(o.kind for o in outcomes)} |", f"|---|{'---:|' * len(outcomes)}"]
    lines += [f"| {name} | {' | '.join(str(o.faults.get(name, '-')) for o in outcomes)} |" for name in names]
    lines += [f"| {name} | {' | '.join(map(str, values))} |" for name, values in figures.items()]
    return "\n".join(lines)
