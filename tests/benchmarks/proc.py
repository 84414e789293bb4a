"""Run the real command for a measurement, and read from the kernel how much memory it has."""

import os
import re
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen
from typing import Final

import psutil

from tests.benchmarks.__main__ import TRIAGED, environment, listens, process, triaged, wait_for
from tests.faults.system import UNFINISHED
from tests.support.ports import free_port

PEAK_FROM_NOW: Final = "5"
MEGABYTE: Final = 2**20


@dataclass
class Desk:
    """A triaged on SQLite that can be killed and started again; `port` answers between `start` and `close`."""

    command: str
    folder: Path
    sink: int
    limits: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    _process: "Popen[bytes] | None" = None

    @property
    def pid(self) -> int:
        """Return the process id."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start the command; returns before it listens."""
        with (self.folder / "log").open("ab") as log:
            self._process = Popen([*TRIAGED, self.command], env=os.environ | self.env(), stdout=log, stderr=log)

    def env(self) -> dict[str, str]:
        """Return the settings."""
        limits = {f"TRIAGED_LIMITS__{name}": value for name, value in self.limits.items()}
        return environment(self.folder / "state", self.port, self.sink, "", "") | limits

    def listening(self) -> bool:
        """Say whether it listens; raises where it ended instead."""
        assert self._process is not None
        if self._process.poll() is not None:
            raise RuntimeError(f"triaged {self.command} ended:\n{(self.folder / 'log').read_text()[-2000:]}")
        return listens(self.port)

    def kill(self) -> None:
        """End the process as a loss of power would."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        """End the process in order."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(60)

    def connections(self) -> int:
        """Return how many clients are connected."""
        found = psutil.Process(self.pid).net_connections("tcp")
        return sum(c.status == psutil.CONN_ESTABLISHED and c.laddr.port == self.port for c in found)

    def memory(self, name: str = "VmRSS") -> float:
        """Return megabytes that are resident now, or with VmHWM the most that ever were."""
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        found = re.search(rf"^{name}:\s*(\d+) kB", status, re.MULTILINE)
        assert found
        return int(found.group(1)) / 1024

    def forget_peak(self) -> None:
        """Let VmHWM count from now on."""
        Path(f"/proc/{self.pid}/clear_refs").write_text(PEAK_FROM_NOW, encoding="ascii")

    def unfinished(self) -> int:
        """Return how many jobs, tickets and emails are not done."""
        database = f"file:{self.folder}/state/triaged.db?mode=ro"
        with closing(sqlite3.connect(database, uri=True, timeout=30)) as connection:
            return int(connection.execute(UNFINISHED).fetchone()[0])


@contextmanager
def desk(folder: Path, command: str, **limits: str) -> Iterator[Desk]:
    """Run the command with a smarthost that takes everything, from its first answer on; `limits` are settings."""
    folder.mkdir()
    sink, log = free_port(), folder / "sink.log"
    with process(sys.executable, "-m", "tests.benchmarks.peers", "sink", str(sink), str(log)):
        wait_for(lambda: listens(sink), "the sink")
        found = Desk(command, folder, sink, {name.upper(): value for name, value in limits.items()})
        # `run` makes its own database.
        if command == "daemon":
            triaged("db", "upgrade", env=found.env())
        try:
            found.start()
            wait_for(found.listening, f"triaged {command}")
            if command == "run":
                # Its training takes the CPU and the memory that are measured.
                wait_for((folder / "state" / "models" / "current").exists, "the first model")
            yield found
        finally:
            found.close()
