"""A whole triaged as real processes that can be killed, on SQLite alone or on PostgreSQL and Redis with two workers."""

import json
import math
import os
import signal
import smtplib
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Self

from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from tests.faults.kit import Kit
from tests.support.ports import free_port
from tests.support.servers import PostgresServer, RedisServer
from tests.support.smtp_sink import Sink

SQLITE: Final = "sqlite"
POSTGRES: Final = "postgresql+redis"
KINDS: Final = (SQLITE, POSTGRES)
PATIENCE: Final = 60.0
STEP: Final = 70.0
SWEPT: Final = 0.8
TMPFS_BYTES: Final = 256 * 2**20
UNFINISHED: Final = """
    SELECT (SELECT count(*) FROM job WHERE state IN ('ready', 'leased'))
         + (SELECT count(*) FROM ticket WHERE category = 'PENDING')
         + (SELECT count(*) FROM delivery WHERE state IN ('planned', 'sending', 'resending'))
"""
# No limit of ours may be what keeps a mail from being answered.
ROOMY: Final = {
    f"TRIAGED_LIMITS__{name}": "1000000"
    for name in (
        "ACKNOWLEDGEMENTS_PER_STRANGER_DAY",
        "ACKNOWLEDGEMENTS_PER_ADDRESS_HOUR",
        "ACKNOWLEDGEMENTS_PER_ADDRESS_DAY",
        "ACKNOWLEDGEMENTS_PER_DOMAIN_HOUR",
        "ACKNOWLEDGEMENTS_PER_HOUR",
        "NOTIFICATIONS_PER_TEAM_HOUR",
    )
}


@dataclass
class Child:
    """One role, the process that plays it now, and how it is started."""

    role: str
    arguments: tuple[str, ...]
    env: dict[str, str] = field(default_factory=dict)
    pid: int = 0
    starts: int = 0
    deaths: list[float] = field(default_factory=list)
    wanted: bool = True


class System:
    """A triaged with its sink, watched over: what dies is started again at once, as systemd would.

    Faults are armed with `arm`; `fired` lists those that happened.
    """

    def __init__(
        self,
        kit: Kit,
        kind: str,
        *,
        patch: str = "",
        extra: Mapping[str, str] | None = None,
        own: bool = False,
        tmpfs: bool = False,
    ) -> None:
        self.kit, self.kind, self.room = kit, kind, kit.room()
        self.sink = Sink()
        self.port = free_port()
        self.points = self.room / "points"
        self.redis: RedisServer | None = None
        self.postgres: PostgresServer | None = None
        # A file system of its own for the state, where SQLite needs one and we may mount it.
        self.tmpfs = tmpfs and kind == SQLITE
        self._own, self._patch, self._extra = own, patch, dict(extra or {})
        self._stepped = 0.0
        self._stopping = threading.Event()
        self._watch = threading.Thread(target=self._supervise, daemon=True)
        self._lock = threading.RLock()
        self.children: list[Child] = []
        self.url = ""

    def __enter__(self) -> Self:
        try:
            self._begin()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _begin(self) -> None:
        (self.points / "fired").mkdir(parents=True)
        self.step_clock(0)
        self.sink.__enter__()
        if self.kind == SQLITE:
            self.url = f"sqlite:///{self.state / 'triaged.db'}"
            roles = [("run", ("run",))]
        else:
            self.redis = RedisServer().__enter__()
            self.postgres = PostgresServer().__enter__() if self._own else self.kit.postgres()
            self.url = self.postgres.url if self._own else self.kit.database()
            roles = [("daemon", ("daemon",)), ("worker-1", ("worker",)), ("worker-2", ("worker",))]
        self.state.mkdir(mode=0o700)
        self.tmpfs = self.tmpfs and _mounted(self.state)
        self.kit.models(self.state / "models", lambda: self._must("teach", patch="tests.faults.teach"))
        self._must("db", "upgrade")
        # Servers restart under it: no connection is kept.
        self.engine: Engine = create_engine(self.url, poolclass=NullPool)
        self.children = [Child(role, arguments) for role, arguments in roles]
        for child in self.children:
            self._start(child)
        self._watch.start()
        self.until(self.listens, "the listener")

    @property
    def state(self) -> Path:
        return self.room / "state"

    def env(self) -> dict[str, str]:
        env = {name: value for name, value in os.environ.items() if not name.startswith("TRIAGED_")}
        env |= ROOMY | {
            "TRIAGED_SERVICE__STATE_DIR": str(self.state),
            "TRIAGED_DATABASE__URL": "" if self.kind == SQLITE else self.url,
            "TRIAGED_BROKER__URL": self.redis.url if self.redis else "",
            "TRIAGED_HTTP__ENABLED": "false",
            "TRIAGED_SMTP__LISTEN": f"127.0.0.1:{self.port}",
            "TRIAGED_OUTGOING__TRANSPORT": "smtp",
            "TRIAGED_OUTGOING__HOST": self.sink.host,
            "TRIAGED_OUTGOING__PORT": str(self.sink.port),
            "TRIAGED_OUTGOING__SECURITY": "none",
            "TRIAGED_OUTGOING__TIMEOUT_SECONDS": "3",
            "TRIAGED_LIMITS__FREE_BYTES": "0",
            "TRIAGED_LIMITS__CONNECTIONS_PER_ADDRESS": "100",
            "TRIAGED_TRIAGE__EXAMPLES": str(self.kit.examples),
            "TRIAGED_LOG__FORMAT": "json",
            "TRIAGED_TEST_FAILPOINTS": str(self.points),
            "TRIAGED_TEST_CLOCK_FILE": str(self.room / "clock"),
        }
        return env | self._extra

    # Faults

    def arm(self, point: str, action: str, nth: int = 1, seconds: float = 0.0) -> None:
        """Let a fault happen at the nth passing of a point."""
        draft = self.room / f"armed-{point}"
        draft.write_text(f"{action} {nth} {seconds}")
        draft.rename(self.points / point)

    def armed(self) -> set[str]:
        """Return the points whose fault has not happened yet."""
        return {path.name for path in self.points.iterdir() if path.is_file()}

    def disarm(self) -> set[str]:
        """Take back what did not happen, and say what."""
        left = set()
        for point in self.armed():
            with suppress(FileNotFoundError):
                (self.points / point).unlink()
                left.add(point)
        return left

    def fired(self) -> list[tuple[str, str]]:
        """Return (point, action) of every fault that happened."""
        names = (path.name.split() for path in (self.points / "fired").iterdir())
        return [(point, action) for point, action, *_ in names]

    def step_clock(self, seconds: float) -> None:
        """Move the clock of every process."""
        self._stepped += seconds
        draft = self.room / "clock.new"
        draft.write_text(str(self._stepped))
        draft.rename(self.room / "clock")

    # Processes

    def kill(self, role: str) -> None:
        """Kill the process that plays a role; it is started again."""
        self.signal(role, signal.SIGKILL)

    def signal(self, role: str, number: signal.Signals) -> None:
        child = self.child(role)
        with self._lock, suppress(ProcessLookupError):
            if child.pid and self.kit.zygote.code(child.pid) is None:
                os.kill(child.pid, number)

    def child(self, role: str) -> Child:
        return next(child for child in self.children if child.role == role)

    def pause(self, role: str) -> None:
        """Kill a process and leave it dead."""
        self.child(role).wanted = False
        self.kill(role)

    def resume(self, role: str) -> None:
        """Start it again."""
        self.child(role).wanted = True

    def stop(self, role: str, seconds: float = 40.0) -> int:
        """End a process in order and return its exit code."""
        child = self.child(role)
        child.wanted = False
        self.signal(role, signal.SIGTERM)
        self.until(lambda: self.kit.zygote.code(child.pid) is not None, f"the end of {role}", seconds)
        return self.kit.zygote.code(child.pid) or 0

    def command(self, *arguments: str, seconds: float = PATIENCE, patch: str = "") -> tuple[int, str]:
        """Run a command of triaged beside the processes; return its exit code and what it said."""
        log = self.room / f"command-{time.monotonic_ns()}.log"
        env = {k: v for k, v in self.env().items() if k != "TRIAGED_TEST_FAILPOINTS"}
        pid = self.kit.zygote.start(arguments, env, log, patch)
        self.until(lambda: self.kit.zygote.code(pid) is not None, " ".join(arguments), seconds)
        return self.kit.zygote.code(pid) or 0, log.read_text() if log.exists() else ""

    def _must(self, *arguments: str, patch: str = "") -> None:
        code, said = self.command(*arguments, patch=patch)
        if code:
            raise RuntimeError(f"triaged {' '.join(arguments)} ended with {code}: {said[-2000:]}")

    def _start(self, child: Child) -> None:
        child.starts += 1
        child.pid = self.kit.zygote.start(
            child.arguments, self.env() | child.env, self.room / f"{child.role}.log", self._patch
        )

    def _supervise(self) -> None:
        while not self._stopping.wait(0.02):
            for child in self.children:
                with self._lock:
                    if self._stopping.is_set() or not child.pid or self.kit.zygote.code(child.pid) is None:
                        continue
                    if len(child.deaths) < child.starts:
                        child.deaths.append(time.monotonic())
                    if child.wanted:
                        self._start(child)

    # What can be seen from outside

    def listens(self) -> bool:
        """Say whether the listener greets."""
        try:
            with smtplib.SMTP("127.0.0.1", self.port, timeout=2):
                return True
        except (OSError, smtplib.SMTPException):
            return False

    def query(self, statement: str, **values: Any) -> list[Any]:
        """Return the rows of a statement."""
        with self.engine.connect() as connection:
            return list(connection.execute(text(statement), values).all())

    def unfinished(self) -> int:
        """Count jobs, tickets and deliveries that are not done; -1 while the database does not answer."""
        try:
            return int(self.query(UNFINISHED)[0][0])
        except SQLAlchemyError:
            return -1

    def drain(self, seconds: float = PATIENCE) -> bool:
        """Wait until everything is done, stepping the clock over what is postponed; False if nothing is for so long."""
        until, postponed, least = time.monotonic() + seconds, 0.0, math.inf
        while left := self.unfinished():
            if 0 < left < least:
                until, least = time.monotonic() + seconds, left
            if time.monotonic() > until:
                return False
            # A postponed job must have been seen so by a sweep, as it would be in earnest.
            wait = self._postponed()
            postponed = (postponed or time.monotonic()) if wait else 0.0
            if postponed and time.monotonic() - postponed > SWEPT:
                self.step_clock(max(wait, STEP))
                postponed = 0.0
            time.sleep(0.05)
        return True

    def _postponed(self) -> float:
        """Return the seconds until the last job that waits for a later time; 0 if none does."""
        try:
            due = [row.due_at for row in self.query("SELECT due_at FROM job WHERE state = 'ready'")]
        except SQLAlchemyError:
            return 0.0
        now = datetime.now(UTC) + timedelta(seconds=self._stepped)
        times = [at if isinstance(at, datetime) else datetime.fromisoformat(at) for at in due]
        waits = [((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds() for at in times]
        return max(0.0, *waits, 0.0)

    def until(self, condition: Callable[[], object], what: str, seconds: float = PATIENCE) -> None:
        """Wait for a condition."""
        until = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > until:
                raise TimeoutError(f"{what}: not within {seconds:g} s\n{self.tail()}")
            time.sleep(0.02)

    def logged(self, event: str) -> list[dict[str, Any]]:
        """Return the lines that any process logged of an event."""
        logs = [self.room / f"{child.role}.log" for child in self.children]
        lines = [line for log in logs if log.exists() for line in log.read_text().splitlines()]
        return [json.loads(line) for line in lines if line.startswith("{") and f'"{event}"' in line]

    def tail(self, lines: int = 12) -> str:
        """Return the ends of the logs."""
        logs = sorted(self.room.glob("*.log"))
        return "\n".join(f"{log.name}: {line}" for log in logs for line in log.read_text().splitlines()[-lines:])

    def __exit__(self, *_exception: object) -> None:
        self._stopping.set()
        if self._watch.ident:
            self._watch.join()
        for child in self.children:
            self.signal(child.role, signal.SIGCONT)
            self.signal(child.role, signal.SIGKILL)
        if hasattr(self, "engine"):
            self.engine.dispose()
        for server in (self.redis, self.postgres if self._own else None):
            if server is not None:
                server.__exit__()
        with suppress(RuntimeError):  # never started
            self.sink.__exit__()
        if self.tmpfs and os.path.ismount(self.state):
            subprocess.run(["umount", "--lazy", self.state], check=True)


def _mounted(directory: Path) -> bool:
    """Mount a small file system; return False where that is not allowed."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={TMPFS_BYTES},mode=0700", "triaged-faults", directory]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
