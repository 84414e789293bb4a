"""A mail that kills, hangs or starves whoever triages it is parked after three counted attempts; its neighbours flow.

Usage: python -m tests.faults.poison
"""

import json
import sys
import time
from dataclasses import dataclass
from typing import Final

import redis

from tests.faults import poison_patch
from tests.faults.checker import check, sent_emails
from tests.faults.evidence import unanswered
from tests.faults.kit import Kit
from tests.faults.load import Client, Numbers
from tests.faults.system import KINDS, POSTGRES, System

POISONS: Final = (poison_patch.DIE, poison_patch.HANG, poison_patch.EAT)
NEIGHBOURS: Final = 20
MAX_LATE: Final = 10.0
PATIENCE: Final = 90.0
GARBAGE: Final = (
    b"",
    b"not json",
    b"{}",
    b"[]",
    b'{"queue_name": "triage"}',
    json.dumps({"queue_name": "triage", "actor_name": "rm", "args": [1], "kwargs": {}, "options": {}}).encode(),
    b"\xff" * 100,
)


@dataclass(frozen=True, slots=True)
class Dose:
    """What a poison did: attempts until its mail was parked, and how late the latest neighbour was, in seconds."""

    kind: str
    poison: str
    attempts: int
    latest: float
    problems: tuple[str, ...]


def dose(system: System, poison: str, numbers: Numbers) -> Dose:
    """Send a poisonous mail among good ones."""
    client = Client(system.port)
    bad = numbers.mail(poison)
    good = numbers.emails(NEIGHBOURS)
    try:
        client.send([*good[:5], bad, *good[5:]])
        began = time.monotonic()
        answered = client.wait(PATIENCE)
        addresses = {mail.sender for mail in good}
        system.until(lambda: addresses <= {r for mail in list(system.sink.received) for r in mail.rcpts}, "neighbours")
        latest = time.monotonic() - began
        # Its back-off is part of what is measured, so the clock is not stepped here.
        system.until(lambda: _parked(system, bad.sha256), "the poison parked", PATIENCE)
        attempts = system.query("SELECT attempts FROM job WHERE kind = 'triage' ORDER BY attempts DESC LIMIT 1")[0][0]
        system.until(lambda: not system.unfinished(), "quiet")
    finally:
        client.close()
    said = [] if answered else ["emails without an answer"]
    if latest > MAX_LATE:
        said.append(f"a neighbour was {latest:.1f} s late")
    report = check(
        system.engine,
        client.accepted,
        sent_emails(system.sink.received),
        window=None,
        unanswered=unanswered(system),
        given_up=True,
    )
    said += [problem for problem in report.problems if not problem.endswith("is dead")]
    return Dose(system.kind, poison, attempts, latest, tuple(said))


def garbage(system: System, numbers: Numbers) -> Dose:
    """Push what is no job into every queue between good ones."""
    assert system.redis
    client = Client(system.port)
    before = {r for mail in list(system.sink.received) for r in mail.rcpts}
    good = numbers.emails(NEIGHBOURS)
    addresses = {mail.sender for mail in good}
    try:
        client.send(good)
        began = time.monotonic()
        with redis.Redis.from_url(system.redis.url) as broker:
            for round_ in range(4):
                for queue in ("triage", "notify", "deliver"):
                    for number, payload in enumerate(GARBAGE):
                        broker.hset(f"dramatiq:{queue}.msgs", f"garbage-{round_}-{number}", payload)
                        broker.rpush(f"dramatiq:{queue}", f"garbage-{round_}-{number}")
        client.wait(PATIENCE)
        system.until(
            lambda: addresses <= {r for mail in list(system.sink.received) for r in mail.rcpts} - before, "neighbours"
        )
        latest = time.monotonic() - began
        system.until(lambda: not system.unfinished(), "quiet")
    finally:
        client.close()
    late = (f"a neighbour was {latest:.1f} s late",) if latest > MAX_LATE else ()
    return Dose(system.kind, "garbage in Redis", 0, latest, late)


def _parked(system: System, sha256: str) -> bool:
    return bool(system.query("SELECT 1 FROM inbound WHERE sha256 = :sha AND disposition = 'parked'", sha=sha256))


def main() -> int:
    doses = []
    with Kit() as kit:
        for kind in KINDS:
            numbers = Numbers(f"p{kind[0]}")
            for poison in POISONS:
                # A system each: the checks of one are not those of another.
                with System(kit, kind, patch="tests.faults.poison_patch") as system:
                    doses.append(dose(system, poison, numbers))
            if kind == POSTGRES:
                with System(kit, kind) as system:
                    doses.append(garbage(system, numbers))
    print("| system | poison | counted attempts | latest neighbour |\n|---|---|---:|---:|")
    for one in doses:
        print(f"| {one.kind} | {one.poison} | {one.attempts or '-'} | {one.latest:.1f} s |")
        for problem in one.problems:
            print(f"VIOLATION on {one.kind}, {one.poison}: {problem}", file=sys.stderr)
    return 1 if any(one.problems for one in doses) else 0


if __name__ == "__main__":
    sys.exit(main())
