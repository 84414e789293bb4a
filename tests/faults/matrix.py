"""Let every fault happen at every point of a mail's way, on both stores, and prove that nothing was lost.

Then let the machine and the servers fail (`machine.py`).

Usage: python -m tests.faults.matrix [--short] [--seed N] [--rounds N] [--only SYSTEM] [--real]
Prints a table in Markdown; exits 1 on any violation.
"""

import argparse
import random
import statistics
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from daemon.system.failpoint import COMMIT
from tests.faults.checker import Report, check, sent_mails
from tests.faults.evidence import unanswered
from tests.faults.kit import Kit, at_once, verdict
from tests.faults.load import Client, Numbers
from tests.faults.points import ANY, FAILURES, KILL, POINTS, SLEEP, Fault, Pair, pairs, waves
from tests.faults.real import RealRun
from tests.faults.real import table as real_table
from tests.faults.system import KINDS, SQLITE, System

PAST_THE_LEASE: Final = 3.5
MAILS: Final = 3
FULL_ROUNDS: Final = 12
REAL_ROUNDS: Final = 8
PAIRS: Final = 50
SHORT_PAIRS: Final = 5
TWO_ON_ONE: Final = "two on one mail"
# A mail leads to two others: one to the customer, one to the team.
LED_TO: Final = 2
SOON: Final = 3.0
PASSINGS_AT_MOST: Final = 80
PATIENCE: Final = 60.0


@dataclass(slots=True)
class Outcome:
    """What happened on one system."""

    kind: str
    faults: Counter[str] = field(default_factory=Counter)
    recovery: list[float] = field(default_factory=list)
    greeting: list[float] = field(default_factory=list)
    replayed: int = 0
    deferred: int = 0
    report: Report = field(default_factory=Report)
    problems: list[str] = field(default_factory=list)
    seconds: float = 0.0


class Run:
    """One system under faults."""

    def __init__(self, kit: Kit, kind: str, seed: int) -> None:
        self._kit = kit
        self.outcome = Outcome(kind)
        self._random = random.Random(f"{seed} {kind}")
        # Of their own seed: the same pairs whatever else is asked for.
        self._pairs = pairs(random.Random(f"{seed} {kind} pairs"), PAIRS, same=kind == SQLITE)
        self._struck: list[Pair] = []
        self._numbers = Numbers(f"m{seed}{kind[0]}")

    def __call__(self, rounds: int, pairs_: int, *, every_passing: bool) -> None:
        """Do everything, and check; what breaks is a problem, not an exception."""
        began = time.monotonic()
        try:
            with System(self._kit, self.outcome.kind) as self._system:
                self._client = Client(self._system.port)
                try:
                    self._inject(rounds, pairs_, every_passing=every_passing)
                finally:
                    self._client.close()
        except Exception as error:  # noqa: BLE001 - the other system goes on, and this is told at the end
            self.outcome.problems.append(f"{type(error).__name__}: {error}")
        self.outcome.seconds = time.monotonic() - began

    def _inject(self, rounds: int, pairs_: int, *, every_passing: bool) -> None:
        for _ in range(rounds):
            for wave in waves([Fault(p, a) for p in POINTS for a in FAILURES], self._random):
                self._wave(wave)
            # Asleep inside a transaction the one writer is stuck, and with it the heart.
            for stuck in (False, True):
                self._wave([Fault(p, SLEEP) for p in POINTS if p.startswith(COMMIT) == stuck])
            for point in self._random.sample(POINTS, len(POINTS)):
                self._kill(point)
            if self.outcome.problems:
                break
        for pair in self._pairs[:pairs_]:
            self._pair(pair)
        if every_passing:
            for action in ("raise", "enospc", KILL):
                self._every_passing(action)
        self._check()

    def _wave(self, wave: Sequence[Fault]) -> None:
        """Let a few faults happen while mails come, and wait until all is quiet again."""
        for fault in wave:
            self._system.arm(fault.point, fault.action, self._random.randint(1, 2), PAST_THE_LEASE)
        until = time.monotonic() + PATIENCE
        while self._system.armed() and time.monotonic() < until:
            self._client.send(self._numbers.mails(MAILS))
            self._quiet()
        left = self._system.disarm()
        if left:
            self.outcome.problems.append(f"never reached: {', '.join(sorted(left))}")
        self.outcome.faults.update(fault.action for fault in wave if fault.point not in left)

    def _kill(self, point: str) -> None:
        """Kill whoever reaches a point, and measure how long it takes until all that it held is done."""
        system = self._system
        system.arm(point, KILL)
        self._client.send(self._numbers.mails(1))
        system.until(lambda: not system.armed(), f"kill at {point}")
        died = time.monotonic()
        self._client.send(self._numbers.mails(1))
        if not self._client.wait(PATIENCE):
            self.outcome.problems.append(f"no 250 after the kill at {point}")
        self.outcome.greeting.append(time.monotonic() - died)
        self._quiet()
        self.outcome.recovery.append(time.monotonic() - died)
        self.outcome.faults[KILL] += 1

    def _pair(self, pair: Pair) -> None:
        """Let two faults strike one mail, the only one on its way."""
        system, again = self._system, pair.first.point == pair.second.point
        system.arm(pair.first.point, pair.first.action)
        if not again:
            system.arm(pair.second.point, pair.second.action)
        self._client.send(self._numbers.mails(1))
        if again:
            system.until(lambda: not system.armed(), str(pair.first))
            system.arm(pair.second.point, pair.second.action)
        self._quiet()
        # The last point lies behind the commit with which all is quiet.
        until = time.monotonic() + SOON
        while system.armed() and time.monotonic() < until:
            time.sleep(0.02)
        self._quiet()
        left = system.disarm()
        if left:
            self.outcome.problems.append(f"{pair}: never reached {', '.join(sorted(left))}")
        self._struck.append(pair)
        self.outcome.faults[TWO_ON_ONE] += 2 - len(left)

    def _every_passing(self, action: str) -> None:
        """Let the first passing of any point fail, then the second, until a mail passes no more points."""
        for nth in range(1, PASSINGS_AT_MOST):
            self._system.arm(ANY, action, nth)
            self._client.send(self._numbers.mails(1))
            self._quiet()
            if self._system.disarm():
                break
            self.outcome.faults[f"{action} at every passing"] += 1
        else:
            self.outcome.problems.append(f"a mail passes more than {PASSINGS_AT_MOST} points")

    def _quiet(self) -> None:
        if not self._client.wait(PATIENCE):
            self.outcome.problems.append("mails without an answer")
        if not self._system.drain(PATIENCE):
            self.outcome.problems.append(f"not drained: {self._system.unfinished()}")
        self._replay()

    def _replay(self) -> None:
        """Do what an admin does with mail that our own code failed on."""
        if self._system.query("SELECT 1 FROM inbound WHERE disposition = 'parked' LIMIT 1"):
            code, said = self._system.command("parked", "replay", "--all")
            self.outcome.replayed += 1
            if code:
                self.outcome.problems.append(f"replay ended with {code}: {said[-300:]}")
            self._system.drain(PATIENCE)

    def _check(self) -> None:
        outcome, system, client = self.outcome, self._system, self._client
        fired = system.fired()
        window = sum(Fault(point, action).may_repeat for point, action in fired)
        uncertain = LED_TO * sum(pair.may_leave_uncertain for pair in self._struck)
        outcome.deferred = client.deferred
        sent = sent_mails(system.sink.received)
        outcome.report = check(
            system.engine,
            client.accepted,
            sent,
            window=window,
            unanswered=unanswered(system),
            uncertain=uncertain,
        )
        outcome.problems += outcome.report.problems
        outcome.problems += [f"never accepted: {mail.sha256[:12]}" for mail in client.given_up]
        outcome.problems += [f"refused with {one.code} {one.answer}" for one in client.refused]
        code, said = system.command("db", "verify")
        if code:
            outcome.problems.append(f"db verify ended with {code}: {said[-500:]}")
        if len(fired) != sum(outcome.faults.values()):
            outcome.problems.append(f"{len(fired)} faults happened, {sum(outcome.faults.values())} were counted")


def table(outcomes: Sequence[Outcome]) -> str:
    """Return the figures in Markdown."""
    titles = (
        "system",
        "faults",
        "mails accepted",
        "lost or unexplained",
        "sent twice, explained",
        "left uncertain",
        "asked to come again (4xx)",
        "copies recognised",
        "250 again after kill -9, median / max",
        "all done after kill -9, median / max",
        "run",
    )
    lines = [
        "| system | fault | injected |",
        "|---|---|---:|",
        *(f"| {o.kind} | {name} | {n} |" for o in outcomes for name, n in sorted(o.faults.items())),
        "",
        f"| {' | '.join(titles)} |",
        f"|---{'|---:' * (len(titles) - 1)}|",
        *(_row(outcome) for outcome in outcomes),
    ]
    return "\n".join(lines)


def _row(o: Outcome) -> str:
    r = o.report
    counts = (
        sum(o.faults.values()),
        r.accepted,
        len(o.problems),
        len(r.doubles),
        r.uncertain,
        o.deferred,
        r.duplicates,
    )
    cells = (o.kind, *map(str, counts), _spread(o.greeting), _spread(o.recovery), f"{o.seconds:.0f} s")
    return f"| {' | '.join(cells)} |"


def _spread(seconds: Sequence[float]) -> str:
    return f"{statistics.median(seconds):.1f} / {max(seconds):.1f} s" if seconds else "-"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="each fault once, as every change must pass it")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, help="how often each fault happens at each point")
    parser.add_argument("--only", choices=KINDS)
    parser.add_argument("--real", action="store_true", help="only the faults of the machine and the servers")
    options = parser.parse_args()
    kinds = [kind for kind in KINDS if options.only in (None, kind)]
    with Kit() as kit:
        named = [] if options.real else _at_points(kit, kinds, options)
        real = [RealRun(kit, kind, options.seed) for kind in kinds]
        at_once(partial(run, 0 if options.short else options.rounds or REAL_ROUNDS) for run in real)
    hit = [run.outcome for run in real]
    tables = [table(named)] if named else []
    print("\n\n".join([f"Seed {options.seed}.", *tables, real_table(hit)]))
    problems = {kind: [p for o in (*named, *hit) if o.kind == kind for p in o.problems] for kind in kinds}
    return verdict(problems)


def _at_points(kit: Kit, kinds: Sequence[str], options: argparse.Namespace) -> list[Outcome]:
    """Let the faults happen at the named points, on all systems at once."""
    runs = [Run(kit, kind, options.seed) for kind in kinds]
    rounds = options.rounds or (1 if options.short else FULL_ROUNDS)
    pairs_ = SHORT_PAIRS if options.short else PAIRS
    at_once(
        partial(run, rounds, pairs_, every_passing=not options.short and run.outcome.kind == SQLITE) for run in runs
    )
    return [run.outcome for run in runs]


if __name__ == "__main__":
    sys.exit(main())
