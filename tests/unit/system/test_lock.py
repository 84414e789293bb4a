"""One daemon per state directory."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from daemon.system.lock import LockedError, StateLock
from tests.support.paths import ROOT


def test_one_daemon_holds_the_state_directory(tmp_path: Path) -> None:
    first = StateLock(tmp_path)
    with pytest.raises(LockedError, match=rf"process id {os.getpid()}$"):
        StateLock(tmp_path)
    first.close()
    StateLock(tmp_path).close()


def test_a_killed_daemon_releases_its_lock(tmp_path: Path) -> None:
    program = (
        "import os, pathlib; from daemon.system.lock import StateLock;"
        f"StateLock(pathlib.Path({str(tmp_path)!r})); os.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False).returncode == -9
    StateLock(tmp_path).close()


def test_the_lock_file_keeps_its_name_between_versions(tmp_path: Path) -> None:
    lock = StateLock(tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["daemon.lock"]
    lock.close()
