"""Measure triaged beside a bare aiosmtpd that accepts and discards, in the same run. Usage: make bench

Prints a table for SQLite in process and for PostgreSQL with Redis and two workers. Compare figures of one run only.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from tests.support.ports import free_port
from tests.support.servers import PostgresServer, RedisServer

RECIPIENT = "support@example.com"
CONNECTIONS = (1, 8, 32, 128)
ROUNDS = 3
QUIET_EMAILS = 40
QUIET_SECONDS = 0.3
FLOW_EMAILS = 600
PATIENCE = 120.0


@dataclass
class System:
    """A running triaged, all its processes, and where its sink writes."""

    name: str
    port: int
    sink: Path
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    start_seconds: float = 0.0

    def cpu(self) -> float:
        return sum(sum(psutil.Process(p.pid).cpu_times()[:2]) for p in self.processes)

    def rss(self) -> float:
        return sum(psutil.Process(p.pid).memory_info().rss for p in self.processes) / 2**20


@contextmanager
def process(*arguments: str, env: dict[str, str] | None = None, log: Path | None = None) -> Iterator[Any]:
    with log.open("ab") if log else open(os.devnull, "wb") as output:  # noqa: PTH123
        child = subprocess.Popen(arguments, env=os.environ | (env or {}), stdout=output, stderr=output)
        try:
            yield child
        finally:
            child.terminate()
            child.wait(45)


def wait_for(condition: Callable[[], bool], what: str, seconds: float = PATIENCE) -> None:
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            raise TimeoutError(what)
        time.sleep(0.02)


def listens(port: int) -> bool:
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0


def load(port: int, connections: int, emails: int, pause: float = 0.0) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.benchmarks.load", *map(str, (port, connections, emails, RECIPIENT, pause))]
    figures: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return figures


def environment(state: Path, port: int, sink_port: int, database: str, redis: str) -> dict[str, str]:
    many = "1000000"
    settings = {
        "SERVICE__STATE_DIR": str(state),
        "SMTP__LISTEN": f"127.0.0.1:{port}",
        "DATABASE__URL": database,
        "BROKER__URL": redis,
        "OUTGOING__TRANSPORT": "smtp",
        "OUTGOING__HOST": "127.0.0.1",
        "OUTGOING__PORT": str(sink_port),
        "OUTGOING__SECURITY": "none",
        "LIMITS__CONNECTIONS_PER_ADDRESS": "1000",
        "LIMITS__NOTIFICATIONS_PER_TEAM_HOUR": many,
        "LIMITS__ACKNOWLEDGEMENTS_PER_DOMAIN_HOUR": many,
        "LIMITS__ACKNOWLEDGEMENTS_PER_HOUR": many,
        "LIMITS__ACKNOWLEDGEMENTS_PER_STRANGER_DAY": many,
        "LIMITS__ACKNOWLEDGEMENTS_PER_ADDRESS_HOUR": many,
        "LIMITS__ACKNOWLEDGEMENTS_PER_ADDRESS_DAY": many,
        "LOG__FORMAT": "json",
    }
    return {f"TRIAGED_{key}": value for key, value in settings.items() if value}


@contextmanager
def system(
    stack: ExitStack, folder: Path, name: str, commands: list[str], database: str, redis: str
) -> Iterator[System]:
    folder.mkdir()
    port, sink_port = free_port(), free_port()
    sink = folder / "sink.log"
    sink.touch()
    stack.enter_context(process(sys.executable, "-m", "tests.benchmarks.peers", "sink", str(sink_port), str(sink)))
    wait_for(lambda: listens(sink_port), "the sink")
    env = environment(folder / "state", port, sink_port, database, redis)
    if commands != ["run"]:
        triaged("db", "upgrade", env=env)
    began = time.monotonic()
    found = System(name, port, sink)
    with ExitStack() as inner:
        for number, command in enumerate(commands):
            log = folder / f"{number}-{command}.log"
            found.processes.append(inner.enter_context(process(*TRIAGED, command, env=env, log=log)))
        wait_for(lambda: listens(port), "the listener")
        found.start_seconds = time.monotonic() - began
        if commands != ["daemon"]:
            # Its training takes the CPU and the memory that are measured.
            wait_for((folder / "state" / "models" / "current").exists, "the first model")
        yield found


TRIAGED = (str(Path(sys.executable).with_name("triaged")),)


def triaged(*arguments: str, env: dict[str, str]) -> str:
    done = subprocess.run([*TRIAGED, *arguments], env=os.environ | env, check=True, capture_output=True, text=True)
    return done.stdout


def arrived(sink: Path) -> list[tuple[float, str, str]]:
    # The last line may be written just now.
    rows = (line.split() for line in sink.read_text().rpartition("\n")[0].splitlines())
    return [(float(at), recipient, reference) for at, recipient, reference in rows]


def accepting(ours: System, bare_port: int) -> None:
    print(f"\n{ours.name}: emails accepted per second (p50 / p99 of the answer in ms)")
    print(f"  {'connections':>11}  {'bare aiosmtpd':>22}  {'triaged daemon':>22}  share")
    for connections in CONNECTIONS:
        emails = 300 if connections == 1 else 1500
        pairs = [(load(bare_port, connections, emails), load(ours.port, connections, emails)) for _ in range(ROUNDS)]
        bare, mine = sorted(pairs, key=lambda pair: pair[1]["rate"] / pair[0]["rate"])[ROUNDS // 2]
        cells = [f"{f['rate']:7.0f} ({f['p50']:.1f} / {f['p99']:.1f})" for f in (bare, mine)]
        refused = f"  {mine['refused']:.0f} refused" if mine["refused"] else ""
        print(
            f"  {connections:11d}  {cells[0]:>22}  {cells[1]:>22}  {mine['rate'] / bare['rate']:.0%}{refused}",
            flush=True,
        )


def flowing(ours: System) -> None:
    """Send at a quiet rate, then as fast as it goes until every mail has led to two others."""
    load(ours.port, 1, 5)
    wait_for(lambda: len(arrived(ours.sink)) >= 10, "the first emails")
    before = len(arrived(ours.sink))
    quiet(ours)
    wait_for(lambda: len(arrived(ours.sink)) >= before + 2 * QUIET_EMAILS, "the quiet emails")
    before, cpu, began = len(arrived(ours.sink)), ours.cpu(), time.monotonic()
    load(ours.port, 8, FLOW_EMAILS)
    wait_for(lambda: len(arrived(ours.sink)) >= before + 2 * FLOW_EMAILS, "the flow")
    taken = time.monotonic() - began
    print(f"  end to end     {FLOW_EMAILS / taken:.0f} emails/s, each triaged and answered by two emails", flush=True)
    print(f"  CPU per mail   {(ours.cpu() - cpu) / FLOW_EMAILS * 1000:.1f} ms in all processes")
    print(f"  memory         {ours.rss():.0f} MB in {len(ours.processes)} processes")


def quiet(ours: System) -> None:
    waits: dict[str, list[float]] = {"acknowledgement": [], "team": []}
    for _ in range(QUIET_EMAILS):
        before = len(arrived(ours.sink))
        load(ours.port, 1, 1)
        sent = time.time()
        wait_for(lambda wanted=before + 2: len(arrived(ours.sink)) >= wanted, "two emails")
        for at, recipient, _ in arrived(ours.sink)[before : before + 2]:
            waits["acknowledgement" if recipient.startswith("customer") else "team"].append(max(0.0, at - sent))
        time.sleep(QUIET_SECONDS)
    for kind, found in waits.items():
        ordered = sorted(found)
        p50, p95 = (ordered[int(len(ordered) * share)] * 1000 for share in (0.5, 0.95))
        print(f"  250 to {kind:16s} p50 {p50:.0f} ms, p95 {p95:.0f} ms", flush=True)


def fresh(postgres: PostgresServer, name: str) -> str:
    """Return the URL of a new database: one system must not work off what another accepted."""
    postgres.execute(f"CREATE DATABASE {name}")
    return postgres.url_of(name)


def measure(stack: ExitStack, folder: Path, postgres: PostgresServer, redis: str) -> None:
    bare_port = free_port()
    stack.enter_context(process(sys.executable, "-m", "tests.benchmarks.peers", "bare", str(bare_port)))
    wait_for(lambda: listens(bare_port), "the bare listener")
    with system(stack, folder / "a", "SQLite", ["daemon"], "", "") as ours:
        accepting(ours, bare_port)
    with system(stack, folder / "b", "SQLite, one process", ["run"], "", "") as ours:
        print(f"\n{ours.name}\n  first start    {ours.start_seconds:.2f} s to listening")
        flowing(ours)
    with system(stack, folder / "c", "SQLite again", ["run"], f"sqlite:///{folder}/b/state/triaged.db", "") as ours:
        print(f"  start          {ours.start_seconds:.2f} s to listening")
    with system(stack, folder / "d", "PostgreSQL", ["daemon"], fresh(postgres, "accepting"), redis) as ours:
        accepting(ours, bare_port)
    name, commands = "PostgreSQL and Redis, daemon and two workers", ["daemon", "worker", "worker"]
    with system(stack, folder / "e", name, commands, fresh(postgres, "flowing"), redis) as ours:
        print(f"\n{ours.name}")
        flowing(ours)


def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="triaged-bench-"))
    try:
        with ExitStack() as stack:
            redis = stack.enter_context(RedisServer())
            postgres = stack.enter_context(PostgresServer(durable=True))
            measure(stack, folder, postgres, redis.url)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
