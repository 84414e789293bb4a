"""Measure HTTP: POST /tickets beside a bare FastAPI application, and what it costs email, memory and the start.

Run as `python -m tests.benchmarks.http`; with words, only the parts whose name has one of them. All compared figures
are of the same run and interleaved; each is the median of its rounds.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Final

from tests.benchmarks.__main__ import listens, load, process, triaged, wait_for
from tests.benchmarks.proc import Desk, desk
from tests.support.ports import free_port

ROUNDS: Final = 5
CLIENTS: Final = 8
REQUESTS: Final = 800
QUIET_REQUESTS: Final = 100
QUIET_SECONDS: Final = 0.2
EMAILS: Final = 1500
# Five clients with 10 requests a second each.
FLOOD: Final = ("5", "1000000")
FLOOD_PAUSE: Final = "0.1"
MODULE: Final = (sys.executable, "-m", "tests.benchmarks.http_load")


def send(port: int, clients: int, requests: int, token: str, pause: float = 0.0) -> dict[str, float]:
    """Open tickets from a process of its own, and return the figures."""
    command = [*MODULE, "send", *map(str, (port, clients, requests)), token, str(pause)]
    found: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert not found["refused"], found
    return found


@contextmanager
def settings(**values: str) -> Iterator[None]:
    """Set [http] for the processes that are started meanwhile."""
    names = {f"TRIAGED_HTTP__{name.upper()}": value for name, value in values.items()}
    os.environ.update(names)
    try:
        yield
    finally:
        for name in names:
            del os.environ[name]


@contextmanager
def served(folder: Path, command: str) -> Iterator[tuple[Desk, int, str]]:
    """Run a command with HTTP; give it, the port of HTTP and a token."""
    port = free_port()
    with (
        settings(listen=f"127.0.0.1:{port}", token_requests_per_minute="1000000"),
        desk(folder, command) as found,
    ):
        wait_for(lambda: listens(port), "HTTP")
        token = triaged("tokens", "create", "benchmark", "--scope", "tickets:write", env=found.env()).strip()
        send(port, CLIENTS, CLIENTS, token)
        yield found, port, token


def rate(folder: Path) -> None:
    """Compare tickets per second with those of a bare application."""
    other = free_port()
    with process(*MODULE, "bare", str(other)), served(folder, "daemon") as (_, port, token):
        wait_for(lambda: listens(other), "the bare application")
        send(other, CLIENTS, REQUESTS, token)
        pairs = [(send(other, CLIENTS, REQUESTS, token), send(port, CLIENTS, REQUESTS, token)) for _ in range(ROUNDS)]
    bare, mine = sorted(pairs, key=lambda pair: pair[1]["rate"] / pair[0]["rate"])[ROUNDS // 2]
    for name, found in (("bare FastAPI", bare), ("triaged daemon", mine)):
        print(f"  {name}: {found['rate']:.0f} requests/s, p50 {found['p50']:.1f} ms, p95 {found['p95']:.1f} ms")
    print(f"  share {mine['rate'] / bare['rate']:.0%}, asked 60 %")


def quiet(folder: Path) -> None:
    """Measure the answer of `triaged run` when little happens."""
    with served(folder, "run") as (_, port, token):
        found = send(port, 1, QUIET_REQUESTS, token, QUIET_SECONDS)
    print(f"  p50 {found['p50']:.1f} ms, p95 {found['p95']:.1f} ms, asked 25 ms")


def cost(folder: Path) -> None:
    """Compare memory and start of `triaged run` with and without HTTP."""
    folder.mkdir()
    seconds: dict[str, list[float]] = {"true": [], "false": []}
    memory: dict[str, list[float]] = {"true": [], "false": []}
    for number in range(ROUNDS):
        for enabled in ("true", "false"):
            with (
                settings(enabled=enabled, listen=f"127.0.0.1:{free_port()}"),
                desk(folder / f"{enabled}-{number}", "run") as found,
            ):
                # The first start made the database and the model; the second is measured.
                found.close()
                began = time.perf_counter()
                found.start()
                wait_for(found.listening, "triaged run")
                seconds[enabled].append(time.perf_counter() - began)
                time.sleep(5)
                memory[enabled].append(found.memory())
    with_, without = (median(memory[enabled]) for enabled in ("true", "false"))
    print(f"  memory {without:.0f} MB without, {with_:.0f} MB with: {with_ - without:+.0f} MB, asked +45 MB")
    with_, without = (median(seconds[enabled]) for enabled in ("true", "false"))
    print(f"  start {without:.2f} s without, {with_:.2f} s with: {with_ - without:+.2f} s, asked +0.5 s")


def flood(folder: Path) -> None:
    """Compare emails accepted per second with and without 50 HTTP requests a second."""
    shares = []
    with served(folder, "daemon") as (found, port, token):
        load(found.port, CLIENTS, EMAILS)
        for _ in range(ROUNDS):
            alone = load(found.port, CLIENTS, EMAILS)["rate"]
            with process(*MODULE, "send", str(port), *FLOOD, token, FLOOD_PAUSE):
                time.sleep(1)
                shares.append((load(found.port, CLIENTS, EMAILS)["rate"] / alone, alone))
    share, alone = sorted(shares)[ROUNDS // 2]
    print(f"  {alone:.0f} emails/s alone, {share:.2f} of it under 50 HTTP requests/s, asked 0.9")


PARTS: Final[dict[str, Callable[[Path], None]]] = {"rate": rate, "quiet": quiet, "cost": cost, "flood": flood}


def main(*words: str) -> None:
    with tempfile.TemporaryDirectory() as directory:
        for name, measure in PARTS.items():
            if not words or any(word in name for word in words):
                print(f"{name}: {measure.__doc__}")
                measure(Path(directory) / name)


if __name__ == "__main__":
    main(*sys.argv[1:])
