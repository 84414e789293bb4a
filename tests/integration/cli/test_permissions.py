"""Commands that another user runs, or that run in a directory which their user may not enter: one line each."""

import ctypes
import os
import subprocess
import sys
from pathlib import Path

import pytest

from daemon.store.maintenance import schema
from daemon.store.store import Store
from tests.support.paths import ROOT

CAPBSET_DROP = 24
# What lets root read, write and enter everything: CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH.
POWERS = (1, 2)
MAIL = b"From: ann@customer.example\nTo: support@example.com\nSubject: Refund\n\nI want my money back.\n"


def _like_an_ordinary_user() -> None:
    """Let permissions count for root too."""
    if os.geteuid() == 0:
        for power in POWERS:
            ctypes.CDLL(None).prctl(CAPBSET_DROP, power, 0, 0, 0)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Return settings whose state directory has a database, a model directory, and is closed to its user."""
    state = tmp_path / "state"
    (state / "models").mkdir(parents=True)
    store = Store(f"sqlite:///{state / 'triaged.db'}")
    schema.upgrade(store.engine)
    store.close()
    found = tmp_path / "triaged.toml"
    found.write_text(f'[service]\nstate_dir = "{state}"\n', encoding="utf-8")
    return found


def _run(
    config: Path, *arguments: str, cwd: Path = ROOT, closed: Path | None = None, stdin: bytes = b""
) -> tuple[int, list[str]]:
    close = f"os.chmod({str(closed)!r}, 0); " if closed else ""
    begin = f"import os, sys; os.chdir({str(cwd)!r}); {close}from daemon.cli import main; sys.exit(main(sys.argv[1:]))"
    ended = subprocess.run(
        [sys.executable, "-c", begin, "--config", str(config), *arguments],
        input=stdin,
        capture_output=True,
        preexec_fn=_like_an_ordinary_user,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
        timeout=120,
    )
    return ended.returncode, ended.stderr.decode().splitlines()


@pytest.mark.parametrize(
    "command", ["db verify", "models list", "tickets list", "stats", "jobs list", "deliveries list"]
)
def test_a_state_directory_of_another_user_is_one_line(config: Path, command: str) -> None:
    state = config.parent / "state"
    state.chmod(0)
    code, lines = _run(config, *command.split())
    state.chmod(0o700)
    assert (code, len(lines)) == (78, 1), lines
    assert "Permission denied" in lines[0]


def test_check_names_a_state_directory_of_another_user(config: Path) -> None:
    state = config.parent / "state"
    state.chmod(0)
    code, lines = _run(config, "check", "--quiet")
    state.chmod(0o700)
    assert code == 78
    assert not [line for line in lines if "Traceback" in line]


def test_a_backup_into_a_closed_directory_is_one_line(config: Path, tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0)
    code, lines = _run(config, "db", "backup", str(closed / "copy.db"))
    assert (code, len(lines)) == (73, 1), lines
    assert "Permission denied" in lines[0]


def test_an_email_is_tried_from_a_directory_that_may_not_be_entered(config: Path, tmp_path: Path) -> None:
    # As in the shell of root, through runuser.
    home = tmp_path / "home"
    home.mkdir()
    (home / "mail.eml").write_bytes(MAIL)
    code, lines = _run(config, "try", "mail.eml", "-", cwd=home, closed=home, stdin=MAIL)
    home.chmod(0o700)
    assert code == 66, lines
    assert "1 email: 1 person" in lines[-2]
    assert lines[-1] == f"triaged: {home}/mail.eml: Permission denied"
