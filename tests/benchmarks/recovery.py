"""Measure a cold start after kill -9: until it answers 250 again, and until everything that was pending is sent.

Usage: python -m tests.benchmarks.recovery [--emails N] [--rounds N]
Prints a table in Markdown. The real `triaged run` on SQLite, started by its command; nothing is loaded beforehand.
"""

import argparse
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.benchmarks.__main__ import wait_for
from tests.benchmarks.proc import Desk, desk
from tests.faults.load import Client, Numbers

CONNECTIONS: Final = 4
PATIENCE: Final = 120.0


@dataclass(frozen=True, slots=True)
class Recovery:
    """What a killed process left undone, and the seconds from its death to the first 250 and to the last mail."""

    pending: int
    greeting: float
    done: float


def killed(ours: Desk, client: Client, numbers: Numbers, emails: int) -> Recovery:
    """Send emails, kill the process when it has accepted half of them, and start it again."""
    before = len(client.accepted)
    client.send(numbers.emails(emails))
    wait_for(lambda: len(client.accepted) >= before + emails // 2, "half of the emails")
    ours.kill()
    died = time.monotonic()
    pending = ours.unfinished()
    client.send(numbers.emails(1))
    ours.start()
    wait_for(lambda: any(one.at > died for one in client.accepted), "a 250", PATIENCE)
    greeting = min(one.at for one in client.accepted if one.at > died) - died
    if not client.wait(PATIENCE):
        raise TimeoutError("emails without an answer")
    wait_for(lambda: not ours.unfinished(), "the end of what was pending", PATIENCE)
    return Recovery(pending, greeting, time.monotonic() - died)


def row(found: Sequence[Recovery], emails: int) -> str:
    """Return the figures of some rounds."""
    pending = statistics.median(one.pending for one in found)
    cells = (
        f"{emails} emails, {pending:.0f} jobs and emails pending",
        *map(_spread, zip(*map(_times, found), strict=True)),
    )
    return f"| {' | '.join(cells)} |"


def _times(one: Recovery) -> tuple[float, float]:
    return one.greeting, one.done


def _spread(seconds: Sequence[float]) -> str:
    return f"{statistics.median(seconds):.1f} / {max(seconds):.1f} s"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--emails", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="triaged-recovery-"))
    try:
        print("| killed at | 250 again, median / max | all sent, median / max |\n|---|---:|---:|")
        with desk(folder / "a", "run", connections_per_address="100") as ours:
            client, numbers = Client(ours.port, CONNECTIONS), Numbers("r")
            try:
                for emails in (2, options.emails):
                    found = [killed(ours, client, numbers, emails) for _ in range(options.rounds)]
                    print(row(found, emails), flush=True)
            finally:
                client.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
