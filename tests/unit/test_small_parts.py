"""Lock, free space, systemd and logs: small parts that everything rests on."""

import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
import structlog

from daemon.system import logs, systemd
from daemon.system.disk import FreeSpace
from daemon.system.lock import LockedError, StateLock
from tests.support.paths import ROOT


def test_one_daemon_holds_the_state_directory(tmp_path: Path) -> None:
    first = StateLock(tmp_path)
    with pytest.raises(LockedError, match=rf"process id {os.getpid()}$"):
        StateLock(tmp_path)
    first.close()
    StateLock(tmp_path).close()


def test_a_killed_daemon_leaves_no_lock(tmp_path: Path) -> None:
    program = (
        "import os, pathlib; from daemon.system.lock import StateLock;"
        f"StateLock(pathlib.Path({str(tmp_path)!r})); os.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False).returncode == -9
    StateLock(tmp_path).close()


def test_cycles_are_looked_for_less_often_and_not_among_what_the_start_made() -> None:
    program = (
        "import gc; from daemon.system.tuning import collect_less_often; collect_less_often();"
        "assert gc.get_threshold()[0] == 10_000 and gc.get_freeze_count() > 1000"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)


def test_free_space_is_enough_above_the_floor_and_not_below(tmp_path: Path) -> None:
    assert FreeSpace(tmp_path, 0)()
    assert not FreeSpace(tmp_path, 1 << 62)()


def test_free_space_is_asked_at_most_once_a_second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Path] = []
    usage = shutil.disk_usage(tmp_path)

    def usage_of(path: Path) -> object:
        asked.append(path)
        return usage

    monkeypatch.setattr("daemon.system.disk.shutil.disk_usage", usage_of)
    space = FreeSpace(tmp_path, 1)
    assert all(space() for _ in range(100))
    assert len(asked) == 1
    space._asked_at -= 1
    assert space()
    assert len(asked) == 2


@pytest.mark.parametrize("where", ["", "/nowhere/notify"])
def test_without_systemd_nothing_is_said_and_nothing_fails(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", where)
    systemd.notify("READY=1")


@pytest.mark.parametrize(
    ("usec", "pid", "seconds"),
    [("30000000", None, 30.0), ("30000000", "1", None), ("", None, None), ("x", None, None)],
)
def test_the_watchdog_is_fed_only_when_it_is_ours(
    usec: str, pid: str | None, seconds: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", usec)
    monkeypatch.setenv("WATCHDOG_PID", pid or str(os.getpid()))
    assert systemd.watchdog_seconds() == seconds


def test_sockets_meant_for_another_process_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LISTEN_FDS", "1")
    monkeypatch.setenv("LISTEN_PID", str(os.getpid() + 1))
    assert systemd.listen_sockets() == []


class Broken:
    """A standard error whose disk is full, or whose reader has gone."""

    def write(self, _text: str) -> int:
        raise OSError(28, "No space left on device")

    def flush(self) -> None:
        raise OSError(28, "No space left on device")

    def isatty(self) -> bool:
        return False


@pytest.fixture
def fresh_logs() -> Iterator[None]:
    yield
    logs.configure("debug", "json")


@pytest.mark.usefixtures("fresh_logs")
@pytest.mark.parametrize("form", ["json", "console"])
def test_a_log_that_cannot_be_written_stops_nothing(
    form: Literal["json", "console"], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", Broken())
    logs.configure("info", form)
    structlog.get_logger("test").error("the disk is full", exc_info=ValueError("x"))
    logging.getLogger("other").warning("the disk is full")


@pytest.mark.usefixtures("fresh_logs")
@pytest.mark.parametrize("form", ["json", "console"])
def test_an_event_is_one_line_whatever_is_in_it(
    form: Literal["json", "console"], capfd: pytest.CaptureFixture[str]
) -> None:
    logs.configure("info", form)
    structlog.get_logger("test").info("mail accepted", subject="a\nb\x1b]0;title\u2028\x07\udcff")
    lines = capfd.readouterr().err
    assert len(lines.splitlines()) == 1
    assert "\x1b]" not in lines
    assert "\x07" not in lines


@pytest.mark.usefixtures("fresh_logs")
@pytest.mark.parametrize("name", logs.QUIET)
def test_libraries_that_would_log_commands_and_bodies_are_quiet(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("debug", "json")
    logging.getLogger(name).info("RCPT TO:<ann@customer.example>")
    assert capsys.readouterr().err == ""


@pytest.mark.usefixtures("fresh_logs")
@pytest.mark.parametrize("form", ["json", "console"])
def test_a_failure_is_logged_without_the_values_at_hand(
    form: Literal["json", "console"], capfd: pytest.CaptureFixture[str]
) -> None:
    logs.configure("info", form)
    password = "s3cret"  # whose value the message of the error repeats, and nothing else may
    try:
        int(password)
    except ValueError:
        structlog.get_logger("test").exception("login failed")
        logging.getLogger("other").exception("login failed")
    shown = capfd.readouterr().err
    assert "ValueError" in shown
    assert password not in shown.replace(f"invalid literal for int() with base 10: {password!r}", "")
