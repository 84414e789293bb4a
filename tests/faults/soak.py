"""Hours of mail while everything fails in turn; then quiet, and the proof that nothing was lost.

Usage: python -m tests.faults.soak [--minutes N] [--seed N] [--only SYSTEM]
Prints a table in Markdown; exits 1 on any violation.
"""

import argparse
import random
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from tests.faults.checker import Report, check, sent_emails
from tests.faults.evidence import unanswered
from tests.faults.kit import Kit, at_once, verdict
from tests.faults.load import Accepted, Client, Numbers
from tests.faults.nemesis import Mailbox, Nemesis
from tests.faults.system import KINDS, System
from tests.support.imap_server import ImapServer

EMAILS_A_SECOND: Final = 3.0
IMAP_SHARE: Final = 5
BETWEEN_EVILS: Final = (0.5, 4.0)
QUIET: Final = 300.0


@dataclass(slots=True)
class Outcome:
    """What happened on one system."""

    kind: str
    evils: dict[str, int] = field(default_factory=dict)
    imap: int = 0
    starts: int = 0
    deferred: int = 0
    seconds_to_quiet: float = 0.0
    report: Report = field(default_factory=Report)
    problems: list[str] = field(default_factory=list)


def soak(kit: Kit, outcome: Outcome, minutes: float, seed: int) -> None:
    """Run one system under load and evils; what breaks is a problem, not an exception."""
    try:
        with ImapServer() as server:
            mailbox = Mailbox(server)
            with System(kit, outcome.kind, own=True, extra={"TRIAGED_IMAP": mailbox.setting()}) as system:
                system.until(lambda: system.query("SELECT 1 FROM imap_cursor WHERE uidvalidity > 0"), "the mailbox")
                client = Client(system.port, connections=3)
                try:
                    _storm(outcome, system, client, mailbox, minutes, seed)
                finally:
                    client.close()
    except Exception as error:  # noqa: BLE001 - the other system goes on, and this is told at the end
        outcome.problems.append(f"{type(error).__name__}: {error}")


def _storm(outcome: Outcome, system: System, client: Client, mailbox: Mailbox, minutes: float, seed: int) -> None:
    chance = random.Random(f"{seed} {outcome.kind}")
    numbers = Numbers(f"k{seed}{outcome.kind[0]}")
    nemesis = Nemesis(system, mailbox, numbers, chance)
    over = threading.Event()
    load = threading.Thread(target=_load, args=(over, client, mailbox, numbers), daemon=True)
    load.start()
    until = time.monotonic() + minutes * 60
    try:
        while time.monotonic() < until:
            time.sleep(chance.uniform(*BETWEEN_EVILS))
            before = len(nemesis.refused)
            nemesis.strike()
            client.send(nemesis.refused[before:])
    finally:
        over.set()
        load.join()
        nemesis.relent()
    _settle(outcome, system, client, mailbox, nemesis)


def _load(over: threading.Event, client: Client, mailbox: Mailbox, numbers: Numbers) -> None:
    count = 0
    while not over.wait(1 / EMAILS_A_SECOND):
        count += 1
        if count % IMAP_SHARE:
            client.send(numbers.emails(1))
        else:
            mailbox.put(numbers.mail())


def _settle(outcome: Outcome, system: System, client: Client, mailbox: Mailbox, nemesis: Nemesis) -> None:
    """Wait for quiet, do what an admin does with what was given up, and check."""
    began = time.monotonic()
    if not client.wait(QUIET):
        outcome.problems.append("emails without an answer")
    known = {row.sha256 for row in system.query("SELECT sha256 FROM inbound")}
    wanted = [mail for mail in mailbox.emails if mail.sha256 not in mailbox.gone or mail.sha256 in known]
    _read_mailbox(system, [mail.sha256 for mail in wanted])
    if not system.drain(QUIET):
        outcome.problems.append(f"not drained: {system.unfinished()}\n{system.tail()}")
    for words in (("parked", "replay", "--all"), ("jobs", "retry", "--all")):
        system.command(*words)
    system.drain(QUIET)
    outcome.seconds_to_quiet = time.monotonic() - began
    accepted = [*client.accepted, *(Accepted(mail.sha256, mail.sender, 0.0, "IMAP") for mail in wanted)]
    outcome.report = check(
        system.engine,
        accepted,
        sent_emails(system.sink.received),
        window=None,
        unanswered=unanswered(system),
        given_up=True,
        uncertain=None,
        refused={mail.sender for mail in nemesis.refused},
    )
    outcome.problems += [*nemesis.problems, *outcome.report.problems]
    outcome.problems += [f"refused with {one.code} {one.answer}" for one in client.refused]
    outcome.problems += [f"never accepted: {mail.sha256[:12]}" for mail in client.given_up]
    code, said = system.command("db", "verify", seconds=QUIET)
    if code:
        outcome.problems.append(f"db verify ended with {code}: {said[-500:]}")
    outcome.evils, outcome.imap, outcome.deferred = nemesis.done, len(wanted), client.deferred
    outcome.starts = sum(child.starts for child in system.children)


def _read_mailbox(system: System, hashes: Sequence[str]) -> None:
    """Wait until all emails of the mailbox are stored: each may be read again after a change of its UIDVALIDITY."""
    # Looked up before the comparison: the last emails may be stored meanwhile, and none comes after them.
    newest = _newest(system)
    while not _stored(system, hashes):
        system.until(partial(_comes_after, system, newest), "more of the mailbox", QUIET)
        newest = _newest(system)


def _comes_after(system: System, inbound_id: int) -> bool:
    return _newest(system) > inbound_id


def _newest(system: System) -> int:
    return int(system.query("SELECT max(id) FROM inbound")[0][0])


def _stored(system: System, hashes: Sequence[str]) -> bool:
    known = {row.sha256 for row in system.query("SELECT sha256 FROM inbound")}
    return known.issuperset(hashes)


def table(outcomes: Sequence[Outcome]) -> str:
    """Return the figures in Markdown."""
    names = sorted({name for outcome in outcomes for name in outcome.evils})
    kinds = [outcome.kind for outcome in outcomes]
    figures = {
        "emails by SMTP": [o.report.accepted - o.imap for o in outcomes],
        "emails by IMAP": [o.imap for o in outcomes],
        "process starts": [o.starts for o in outcomes],
        "asked to come again (4xx)": [o.deferred for o in outcomes],
        "copies recognised": [o.report.duplicates for o in outcomes],
        "sent twice, explained": [len(o.report.doubles) for o in outcomes],
        "left uncertain": [o.report.uncertain for o in outcomes],
        "given to a person": [o.report.given_up for o in outcomes],
        "seconds to quiet": [round(o.seconds_to_quiet) for o in outcomes],
        "**lost or unexplained**": [len(o.problems) for o in outcomes],
    }
    lines = [f"| | {' | '.join(kinds)} |", f"|---|{'---:|' * len(kinds)}"]
    lines += [f"| {name} | {' | '.join(str(o.evils.get(name, '-')) for o in outcomes)} |" for name in names]
    lines += [f"| {name} | {' | '.join(map(str, values))} |" for name, values in figures.items()]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=KINDS)
    options = parser.parse_args()
    outcomes = [Outcome(kind) for kind in KINDS if options.only in (None, kind)]
    with Kit() as kit:
        at_once(partial(soak, kit, outcome, options.minutes, options.seed) for outcome in outcomes)
    print(f"{options.minutes:g} minutes, seed {options.seed}.\n\n{table(outcomes)}")
    return verdict({outcome.kind: outcome.problems for outcome in outcomes})


if __name__ == "__main__":
    sys.exit(main())
