"""Measure the memory of a running triaged: with idle clients, with one large mail, and after many emails.

Usage: python -m tests.benchmarks.memory [--clients N] [--emails N] [--minutes N]
Prints a table in Markdown; exits 1 where a target is missed. Real processes on SQLite, read from /proc.
"""

import argparse
import asyncio
import base64
import os
import resource
import shutil
import smtplib
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.benchmarks.__main__ import RECIPIENT, load, wait_for
from tests.benchmarks.proc import MEGABYTE, Desk, desk

MAX_IDLE_MB: Final = 150.0
TIMES_ITS_SIZE: Final = 4.0
LARGE: Final = 25 * MEGABYTE
# Of the mail, so that all of it stays below the limit of 25 MB: a line of base64 has 78 octets for 57.
CONTENT: Final = (LARGE - 64 * 1024) * 57 // 78
LARGE_EMAILS: Final = 3
SETTLED: Final = 2.0
STEP: Final = 1000
CONNECTIONS: Final = 8
AT_ONCE: Final = 100
FILES_BESIDE: Final = 500
PATIENCE: Final = 300.0


@dataclass(frozen=True, slots=True)
class Figure:
    """Megabytes, and how many there should be at most."""

    what: str
    megabytes: float
    target: float | None = None

    @property
    def missed(self) -> bool:
        """Say whether there are too many."""
        return self.target is not None and self.megabytes > self.target

    def __str__(self) -> str:
        target = "" if self.target is None else f"{self.target:.0f} MB{' MISSED' if self.missed else ''}"
        return f"| {self.what} | {self.megabytes:.1f} MB | {target} |"


def idle(folder: Path, clients: int) -> Iterator[Figure]:
    """Let many clients connect, greet, and say nothing more."""
    many = str(clients + FILES_BESIDE)
    with desk(folder, "daemon", connections=many, connections_per_address=many, idle_seconds="600") as ours:
        time.sleep(SETTLED)
        yield Figure("daemon, after the start", ours.memory())
        yield asyncio.run(_with_clients(ours, clients))
        wait_for(lambda: not ours.connections(), "the end of the connections")
        time.sleep(SETTLED)
        yield Figure("daemon, after they are gone", ours.memory())


async def _with_clients(ours: Desk, clients: int) -> Figure:
    writers: list[asyncio.StreamWriter] = []
    while len(writers) < clients:
        some = min(AT_ONCE, clients - len(writers))
        writers += await asyncio.gather(*(_greeted(ours.port) for _ in range(some)))
    connected = ours.connections()
    assert connected == clients, f"{connected} of {clients} are connected"
    await asyncio.sleep(SETTLED)
    figure = Figure(f"daemon, with {clients} idle clients", ours.memory(), MAX_IDLE_MB)
    for writer in writers:
        writer.close()
    return figure


async def _greeted(port: int) -> asyncio.StreamWriter:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    await reader.readline()
    writer.write(b"EHLO idle.example\r\n")
    while (await reader.readline())[3:4] == b"-":
        pass
    return writer


def large(folder: Path) -> Iterator[Figure]:
    """Take a mail that is as large as one may be, and then some more of them."""
    with desk(folder, "daemon") as ours:
        send(ours.port, letter(0, 1000))
        time.sleep(SETTLED)
        for number in range(1, LARGE_EMAILS + 1):
            raw = letter(number, CONTENT)
            before, size = ours.memory(), len(raw) / MEGABYTE
            ours.forget_peak()
            send(ours.port, raw)
            peak = ours.memory("VmHWM") - before
            which = f"large mail {number} of {size:.1f} MB"
            yield Figure(f"daemon, before {which}", before)
            yield Figure(f"{which}: most while it was taken, less what was before", peak, TIMES_ITS_SIZE * size)
            time.sleep(SETTLED)
            yield Figure(f"daemon, after {which}", ours.memory())


def letter(number: int, content: int) -> bytes:
    """Return a mail with an attachment that cannot be compressed."""
    head = (
        f"From: Customer <customer{number}@shop.example>\r\nTo: {RECIPIENT}\r\nSubject: A photo ({number})\r\n"
        f"Message-ID: <{number}.{os.getpid()}@memory.example>\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nSee the photo.\r\n'
        '--b\r\nContent-Type: image/jpeg\r\nContent-Disposition: attachment; filename="photo.jpg"\r\n'
        "Content-Transfer-Encoding: base64\r\n\r\n"
    )
    attachment = base64.encodebytes(os.urandom(content)).replace(b"\n", b"\r\n")
    return head.encode() + attachment + b"--b--\r\n"


def send(port: int, raw: bytes) -> None:
    """Hand a mail over; raises where it is not taken."""
    with smtplib.SMTP("127.0.0.1", port, "memory.example", timeout=PATIENCE) as client:
        client.sendmail("customer@shop.example", [RECIPIENT], raw)


def many(folder: Path, emails: int, until: float) -> Iterator[Figure]:
    """Send emails, each triaged and answered by two emails, and look after 1,000, 2,000, 5,000 ... of them."""
    with desk(folder, "run") as ours:
        time.sleep(SETTLED)
        yield Figure("run, after the start", ours.memory())
        done = 0
        for milestone in milestones(emails):
            while done < milestone and time.monotonic() < until:
                more = min(STEP, milestone - done)
                load(ours.port, CONNECTIONS, more)
                wait_for(lambda: not ours.unfinished(), "the end of the emails", PATIENCE)
                done += more
            yield Figure(f"run, after {done} emails", ours.memory())
            if done < milestone:
                break
        yield Figure("run, the most that ever was", ours.memory("VmHWM"))


def milestones(emails: int) -> list[int]:
    """Return 1,000, 2,000, 5,000, 10,000 ... up to so many emails."""
    found = [digit * 10**power for power in range(3, 9) for digit in (1, 2, 5)]
    return [*(n for n in found if n < emails), emails]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=2000)
    parser.add_argument("--emails", type=int, default=100_000)
    parser.add_argument("--minutes", type=float, default=60, help="no more emails are sent after that")
    options = parser.parse_args()
    until = time.monotonic() + options.minutes * 60
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, options.clients + FILES_BESIDE), hard))
    folder = Path(tempfile.mkdtemp(prefix="triaged-memory-"))
    missed = 0
    try:
        print("| memory (RSS) | | target |\n|---|---:|---:|")
        parts = (idle(folder / "a", options.clients), large(folder / "b"), many(folder / "c", options.emails, until))
        for figure in (figure for part in parts for figure in part):
            missed += figure.missed
            print(figure, flush=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
