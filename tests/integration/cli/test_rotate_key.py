"""A new signing key reaches running processes without a restart."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from daemon.store import keys
from daemon.system.clock import SystemClock
from tests.support.cli import Case
from tests.support.fakes import eventually


@contextmanager
def running(command: str, log: Path) -> Iterator[None]:
    """Run `triaged` COMMAND as a process, with the environment of this one."""
    with log.open("wb") as file:
        arguments = [sys.executable, "-c", "from daemon.cli import main; main()", command]
        process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=file, stderr=file)
        try:
            yield
        finally:
            process.kill()
            process.wait(30)


@pytest.mark.parametrize(("command", "started"), [("daemon", "listening"), ("worker", "worker started")])
def test_a_running_process_reads_a_new_key(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, started: str
) -> None:
    monkeypatch.setenv("TRIAGED_SMTP__LISTEN", "127.0.0.1:0")
    log = tmp_path / "log"
    with running(command, log):
        eventually(lambda: started in log.read_text(encoding="utf-8"), 60)
        outcome = case.run("db", "rotate-key")
        assert (outcome.code, "a new key signs in 60 seconds; tokens of 2 keys" in outcome.out) == (0, True)
        eventually(lambda: "signing keys changed" in log.read_text(encoding="utf-8"), 60)


def test_a_revoked_key_is_gone(case: Case) -> None:
    before = case.ask(lambda session: keys.load(session, SystemClock().now()))
    outcome = case.run("db", "rotate-key", "--revoke")
    assert (outcome.code, "a new key signs at once; tokens of 1 key" in outcome.out) == (0, True)
    after = case.ask(lambda session: keys.load(session, SystemClock().now()))
    assert len(after) == 1
    assert not set(before) & set(after)
