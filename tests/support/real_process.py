"""A triaged in a process of its own, started through a shell that sets its limits."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.fakes import eventually
from tests.support.paths import ROOT
from tests.support.ports import free_port
from tests.support.smtp_client import Client


@dataclass
class RealProcess:
    """A running `triaged`; `log` has what it wrote to standard error."""

    port: int
    state: Path
    log: Path
    process: "subprocess.Popen[bytes]"

    def client(self) -> Client:
        """Return a client that has read the greeting."""
        client = Client(self.port)
        client.greeting = client.reply()
        return client

    def logged(self) -> str:
        return self.log.read_text(encoding="utf-8")


@contextmanager
def real_process(
    folder: Path, command: str = "run", prepare: str = "true", event: str = "listening", **settings: str
) -> Iterator[RealProcess]:
    """Run a command on SQLite after `prepare`, from when it logs an event; `settings` are named SECTION__NAME."""
    port, state, log = free_port(), folder / "state", folder / "log"
    settings = {
        "SMTP__LISTEN": f"127.0.0.1:{port}",
        "SERVICE__STATE_DIR": str(state),
        "OUTGOING__MAILDIR": str(state / "outgoing"),
        "LIMITS__FREE_BYTES": "0",
        "HTTP__ENABLED": "false",
        **settings,
    }
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TRIAGED_")}
    environment |= {f"TRIAGED_{name}": value for name, value in settings.items()}
    triaged = Path(sys.executable).with_name("triaged")
    # Only `run` makes its own database.
    upgrade = "true" if command == "run" else f"{triaged} db upgrade >/dev/null"
    program = f"{prepare}; {upgrade}; exec {triaged} {command}"
    with log.open("wb") as out:
        process = subprocess.Popen(["/bin/sh", "-c", program], cwd=ROOT, env=environment, stderr=out)
    running = RealProcess(port, state, log, process)
    try:
        eventually(lambda: _logged(running, event), 120)
        yield running
    finally:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _logged(running: RealProcess, event: str) -> bool:
    if running.process.poll() is not None:
        raise RuntimeError(running.logged())
    # Not by a connection, which would count as a client.
    return f'"event": "{event}"' in running.logged()
