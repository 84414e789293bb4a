"""Real faults of the machine and the servers under a running triaged, each in force within a `with` block.

Processes are frozen and killed, files may not grow, the file system is full, the kernel fails system calls (strace),
PostgreSQL and Redis are killed or hang, the smarthost is slow, and the clock jumps.
"""

import os
import random
import resource
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Final

import psutil

from tests.faults.system import SQLITE, System
from tests.support import strace

# A frozen process loses its leases after three seconds; a shorter stop must not be noticed.
STOPS: Final = (1.0, 4.5)
# Somewhat more than the log of SQLite has now.
ROOM: Final = 16_384
DAY: Final = 86_400.0
BYTE_SECONDS: Final = 0.2
SLOW_SECONDS: Final = 6.0
CALLS_SECONDS: Final = 1.5
TOGETHER: Final = 4
# What fails in any process of ours: its connections. A failing openat would hit the file of the test clock.
NETWORK: Final = (
    ("sendto", "ECONNRESET"),
    ("sendto", "EPIPE"),
    ("recvfrom", "ECONNRESET"),
    ("recvfrom", "ETIMEDOUT"),
    ("connect", "ECONNREFUSED"),
    ("connect", "ENETUNREACH"),
    ("socket", "EMFILE"),
)
ACCEPTOR: Final = (("accept4", "EMFILE"), ("accept4", "ECONNABORTED"))
# What fails below SQLite, in its process, and below PostgreSQL, in its own.
DISK: Final = (
    ("pwrite64", "ENOSPC"),
    ("pwrite64", "EIO"),
    ("fdatasync", "EIO"),
    ("fdatasync", "ENOSPC"),
    ("pread64", "EIO"),
    ("ftruncate", "EIO"),
    ("fcntl", "ENOLCK"),
)
SERVER_DISK: Final = (("pwrite64", "ENOSPC"), ("pwrite64", "EIO"), ("pread64", "EIO"))
Active = AbstractContextManager[object]


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault by its name in the table; `begin` returns the block in which it is in force, `seconds` how long."""

    name: str
    begin: Callable[[], Active]
    seconds: float


class Machine:
    """The faults that one system can meet; without strace, system calls are left out."""

    def __init__(self, system: System, chance: random.Random) -> None:
        self.system, self._chance = system, chance
        self._traces = not strace.missing()

    def faults(self) -> list[Fault]:
        """Return every fault once, in random order."""
        found = [*self._processes(), *self._surroundings()]
        if self._traces:
            found += self._system_calls()
        return self._chance.sample(found, len(found))

    def short(self) -> list[Fault]:
        """Return a choice for every change: each kind of fault at least once."""
        wanted = {
            *("freeze", "kill -9", "no file may grow", "the file system is full", "a smarthost of 5 bytes/s"),
            *("the clock jumps", "kill -9 PostgreSQL", "kill -9 a backend", "kill -9 Redis", "freeze Redis"),
            *(
                "fdatasync EIO",
                "pwrite64 ENOSPC",
                "recvfrom ECONNRESET",
                "accept4 EMFILE",
                "PostgreSQL pwrite64 ENOSPC",
            ),
        }
        one_each = {fault.name: fault for fault in self.faults() if fault.name in wanted}
        frozen = [fault for fault in self.faults() if fault.name == "freeze"]
        return [*frozen, *(fault for name, fault in one_each.items() if name != "freeze")]

    def _processes(self) -> Iterator[Fault]:
        for child in self.system.children:
            role = child.role
            yield Fault("freeze", partial(self._frozen, role), self._chance.choice(STOPS))
            yield Fault("kill -9", partial(self._killed, role), 0.5)
            yield Fault("no file may grow", partial(self._no_growth, role), 2.0)

    def _surroundings(self) -> Iterator[Fault]:
        yield Fault("a smarthost of 5 bytes/s", self._slow_smarthost, SLOW_SECONDS)
        yield Fault("the clock jumps", self._clock_jump, 1.0)
        if self.system.tmpfs:
            yield Fault("the file system is full", self._full_file_system, 2.0)
        if self.system.kind != SQLITE:
            yield Fault("kill -9 PostgreSQL", self._postgres_killed, 1.0)
            yield Fault("kill -9 a backend", self._backend_killed, 1.0)
            yield Fault("freeze PostgreSQL", self._postgres_frozen, 4.5)
            yield Fault("kill -9 Redis", self._redis_killed, 1.0)
            yield Fault("freeze Redis", self._redis_frozen, 4.5)

    def _system_calls(self) -> Iterator[Fault]:
        for position, child in enumerate(self.system.children):
            for call, error in NETWORK if position else (*NETWORK, *ACCEPTOR):
                yield self._failing(f"{call} {error}", partial(self._pids_of, child.role), call, error)
        if self.system.kind == SQLITE:
            for call, error in DISK:
                yield self._failing(f"{call} {error}", partial(self._pids_of, "run"), call, error)
        else:
            for call, error in SERVER_DISK:
                yield Fault(f"PostgreSQL {call} {error}", partial(self._postgres_fails, call, error), CALLS_SECONDS)

    def _failing(self, name: str, pids: Callable[[], Sequence[int]], call: str, error: str) -> Fault:
        return Fault(name, lambda: self._calls_fail(pids(), call, error), CALLS_SECONDS)

    def _calls_fail(self, pids: Sequence[int], call: str, error: str) -> strace.Strace:
        return strace.Strace(pids, call, f"error={error}:when=1..{self._chance.randint(1, TOGETHER)}")

    @contextmanager
    def _postgres_fails(self, call: str, error: str) -> Iterator[strace.Strace]:
        """Let a system call of any process of PostgreSQL fail; where it gives up, it is started again."""
        assert self.system.postgres
        try:
            with self._calls_fail(self._postgres_pids(), call, error) as trace:
                yield trace
        finally:
            self.system.postgres.revive()

    def _pids_of(self, role: str) -> list[int]:
        return [self.system.child(role).pid]

    def _postgres_pids(self) -> list[int]:
        assert self.system.postgres
        server = psutil.Process(self.system.postgres.pid)
        return [server.pid, *(child.pid for child in server.children())]

    # Processes

    @contextmanager
    def _frozen(self, role: str) -> Iterator[None]:
        self.system.signal(role, signal.SIGSTOP)
        try:
            yield
        finally:
            self.system.signal(role, signal.SIGCONT)

    @contextmanager
    def _killed(self, role: str) -> Iterator[None]:
        time.sleep(self._chance.uniform(0, 0.3))
        self.system.kill(role)
        yield

    @contextmanager
    def _no_growth(self, role: str) -> Iterator[None]:
        """Let no file of a process grow: neither the log of SQLite nor anything else."""
        pid, infinity = self.system.child(role).pid, resource.RLIM_INFINITY
        log = self.system.state / "triaged.db-wal"
        limit = log.stat().st_size + ROOM if log.exists() else ROOM
        with suppress(ProcessLookupError):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (limit, infinity))
        try:
            yield
        finally:
            with suppress(ProcessLookupError):
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (infinity, infinity))

    # What they rest on

    @contextmanager
    def _full_file_system(self) -> Iterator[None]:
        ballast = self.system.state / "ballast"
        try:
            with ballast.open("wb", buffering=0) as file, suppress(OSError):
                while True:
                    file.write(bytes(2**16))
            yield
        finally:
            ballast.unlink()

    @contextmanager
    def _slow_smarthost(self) -> Iterator[None]:
        self.system.sink.seconds_a_byte = BYTE_SECONDS
        try:
            yield
        finally:
            self.system.sink.seconds_a_byte = 0.0

    @contextmanager
    def _clock_jump(self) -> Iterator[None]:
        step = self._chance.choice((DAY, -DAY))
        self.system.step_clock(step)
        try:
            yield
        finally:
            self.system.step_clock(-step)

    @contextmanager
    def _postgres_killed(self) -> Iterator[None]:
        assert self.system.postgres
        self.system.postgres.kill()
        try:
            yield
        finally:
            self.system.postgres.start()

    @contextmanager
    def _backend_killed(self) -> Iterator[None]:
        """Kill one backend: PostgreSQL then ends all others and recovers."""
        backends = [pid for pid in self._postgres_pids() if _is_backend(pid)]
        with suppress(ProcessLookupError):
            os.kill(self._chance.choice(backends), signal.SIGKILL)
        yield

    @contextmanager
    def _postgres_frozen(self) -> Iterator[None]:
        pids = self._postgres_pids()
        _signal(pids, signal.SIGSTOP)
        try:
            yield
        finally:
            _signal(pids, signal.SIGCONT)

    @contextmanager
    def _redis_killed(self) -> Iterator[None]:
        assert self.system.redis
        self.system.redis.kill()
        try:
            yield
        finally:
            self.system.redis.start()

    def _redis_frozen(self) -> Active:
        assert self.system.redis
        return self.system.redis.frozen()


def _is_backend(pid: int) -> bool:
    """Say whether a process of PostgreSQL serves a client."""
    with suppress(psutil.Error):
        return "127.0.0.1" in " ".join(psutil.Process(pid).cmdline())
    return False


def _signal(pids: Sequence[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
