"""One system under faults at the named points of a mail's way, and the table of what happened."""

import random
import statistics
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from daemon.system.failpoint import COMMIT
from tests.faults.checker import Report, check, sent_emails
from tests.faults.evidence import unanswered
from tests.faults.kit import Kit
from tests.faults.load import Client, Mail, Numbers
from tests.faults.points import ANY, FAILURES, GROUPS, KILL, SLEEP, Fault, Pair, pairs, waves
from tests.faults.system import SQLITE, System

PAST_THE_LEASE: Final = 3.5
EMAILS: Final = 3
PAIRS: Final = 50
TWO_ON_ONE: Final = "two on one mail"
# A mail leads to two others: one to the customer, one to the team.
LED_TO: Final = 2
SOON: Final = 3.0
MAX_PASSINGS: Final = 80
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
    """One system under faults, on the way of customers' emails."""

    groups: Sequence[Sequence[str]] = GROUPS
    settings: Mapping[str, str] = {}

    def __init__(self, kit: Kit, kind: str, seed: int) -> None:
        self._kit = kit
        self.outcome = Outcome(kind)
        self._random = random.Random(f"{seed} {kind}")
        # Of their own seed: the same pairs whatever else is asked for.
        chance = random.Random(f"{seed} {kind} pairs")
        self._pairs = pairs(chance, PAIRS, same=kind == SQLITE, groups=self.groups)
        self._points = [point for group in self.groups for point in group]
        self._struck: list[Pair] = []
        self._numbers = Numbers(f"m{seed}{kind[0]}")

    def __call__(self, rounds: int, pairs_: int, *, every_passing: bool) -> None:
        """Do everything, and check; what breaks is a problem, not an exception."""
        began = time.monotonic()
        try:
            with System(self._kit, self.outcome.kind, extra=self.settings) as self.system:
                self.client = Client(self.system.port)
                try:
                    self._inject(rounds, pairs_, every_passing=every_passing)
                finally:
                    self.client.close()
        except Exception as error:  # noqa: BLE001 - the other system goes on, and this is told at the end
            self.outcome.problems.append(f"{type(error).__name__}: {error}")
        self.outcome.seconds = time.monotonic() - began

    def emails(self, count: int) -> list[Mail]:
        """Return the next emails to send."""
        return self._numbers.emails(count)

    def prepare(self) -> None:
        """Do what must be there before the first fault."""

    def _inject(self, rounds: int, pairs_: int, *, every_passing: bool) -> None:
        self.prepare()
        points = self._points
        for _ in range(rounds):
            for wave in waves([Fault(p, a) for p in points for a in FAILURES], self._random, self.groups):
                self._wave(wave)
            # Asleep inside a transaction the one writer is stuck, and with it the heart.
            for stuck in (False, True):
                self._wave([Fault(p, SLEEP) for p in points if p.startswith(COMMIT) == stuck])
            for point in self._random.sample(points, len(points)):
                self._kill(point)
            if self.outcome.problems:
                break
        for pair in self._pairs[:pairs_]:
            self._pair(pair)
        if every_passing:
            for action in ("raise", "enospc", KILL):
                self._every_passing(action)
        self.check()

    def _wave(self, wave: Sequence[Fault]) -> None:
        """Let a few faults happen while emails come, and wait until all is quiet again."""
        for fault in wave:
            self.system.arm(fault.point, fault.action, self._random.randint(1, 2), PAST_THE_LEASE)
        until = time.monotonic() + PATIENCE
        while self.system.armed() and time.monotonic() < until:
            self.client.send(self.emails(EMAILS))
            self.quiet()
        left = self.system.disarm()
        if left:
            self.outcome.problems.append(f"never reached: {', '.join(sorted(left))}")
        self.outcome.faults.update(fault.action for fault in wave if fault.point not in left)

    def _kill(self, point: str) -> None:
        """Kill whoever reaches a point, and measure how long it takes until all that it held is done."""
        system = self.system
        system.arm(point, KILL)
        self.client.send(self.emails(1))
        system.until(lambda: not system.armed(), f"kill at {point}")
        died = time.monotonic()
        self.client.send(self.emails(1))
        if not self.client.wait(PATIENCE):
            self.outcome.problems.append(f"no 250 after the kill at {point}")
        self.outcome.greeting.append(time.monotonic() - died)
        self.quiet()
        self.outcome.recovery.append(time.monotonic() - died)
        self.outcome.faults[KILL] += 1

    def _pair(self, pair: Pair) -> None:
        """Let two faults strike one mail, the only one on its way."""
        system, again = self.system, pair.first.point == pair.second.point
        system.arm(pair.first.point, pair.first.action)
        if not again:
            system.arm(pair.second.point, pair.second.action)
        self.client.send(self.emails(1))
        if again:
            system.until(lambda: not system.armed(), str(pair.first))
            system.arm(pair.second.point, pair.second.action)
        self.quiet()
        # The last point lies behind the commit with which all is quiet.
        until = time.monotonic() + SOON
        while system.armed() and time.monotonic() < until:
            time.sleep(0.02)
        self.quiet()
        left = system.disarm()
        if left:
            self.outcome.problems.append(f"{pair}: never reached {', '.join(sorted(left))}")
        self._struck.append(pair)
        self.outcome.faults[TWO_ON_ONE] += 2 - len(left)

    def _every_passing(self, action: str) -> None:
        """Let the first passing of any point fail, then the second, until a mail passes no more points."""
        for nth in range(1, MAX_PASSINGS):
            self.system.arm(ANY, action, nth)
            self.client.send(self.emails(1))
            self.quiet()
            if self.system.disarm():
                break
            self.outcome.faults[f"{action} at every passing"] += 1
        else:
            self.outcome.problems.append(f"a mail passes more than {MAX_PASSINGS} points")

    def quiet(self) -> None:
        """Wait until every mail has its answer and all is done."""
        if not self.client.wait(PATIENCE):
            self.outcome.problems.append("emails without an answer")
        if not self.system.drain(PATIENCE):
            self.outcome.problems.append(f"not drained: {self.system.unfinished()}")
        self._replay()

    def _replay(self) -> None:
        """Do what an admin does with mail that our own code failed on."""
        if self.system.query("SELECT 1 FROM inbound WHERE disposition = 'parked' LIMIT 1"):
            code, said = self.system.command("parked", "replay", "--all")
            self.outcome.replayed += 1
            if code:
                self.outcome.problems.append(f"replay ended with {code}: {said[-300:]}")
            self.system.drain(PATIENCE)

    def check(self) -> None:
        """Compare everything that was heard, stored and sent."""
        outcome, system, client = self.outcome, self.system, self.client
        fired = system.fired()
        window = sum(Fault(point, action).may_repeat for point, action in fired)
        uncertain = LED_TO * sum(pair.may_leave_uncertain for pair in self._struck)
        outcome.deferred = client.deferred
        sent = sent_emails(system.sink.received)
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
        "emails accepted",
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
