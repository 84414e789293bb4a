"""Workers that cannot start retry, while emails are accepted."""

import json
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import click
import pytest

from config.settings import Settings
from daemon.cli import cli, main
from daemon.cli.support.worker_thread import WorkerThread, reload
from daemon.runtime import Runtime
from tests.support.fakes import eventually

LONG = 60.0


class WorkerApp:
    """Fails to start a few times."""

    failures = 0
    building = threading.Event()
    may_end = threading.Event()
    made: "list[WorkerApp]" = []  # noqa: RUF012 - filled by the test

    def __init__(self, *_parts: Any) -> None:
        WorkerApp.building.set()
        WorkerApp.may_end.wait(LONG)
        self.state = "made"
        WorkerApp.made.append(self)

    def start(self) -> None:
        if WorkerApp.failures:
            WorkerApp.failures -= 1
            raise OSError("the disk is full")
        self.state = "started"

    def reload(self, _settings: Settings) -> None:
        self.state = "reloaded"

    def close(self) -> None:
        self.state = "closed"


@pytest.fixture
def workers(monkeypatch: pytest.MonkeyPatch) -> WorkerThread:
    monkeypatch.setattr("workers.app.WorkerApp", WorkerApp)
    monkeypatch.setattr("daemon.cli.support.worker_thread.RETRY_START_SECONDS", 0.01)
    monkeypatch.setattr(WorkerApp, "made", [])
    monkeypatch.setattr(WorkerApp, "building", threading.Event())
    monkeypatch.setattr(WorkerApp, "may_end", threading.Event())
    WorkerApp.may_end.set()
    return WorkerThread(Settings(), cast(Runtime, SimpleNamespace(store=None, broker=None, keyring=None, clock=None)))


def test_workers_start_after_the_error_is_gone(
    workers: WorkerThread, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(WorkerApp, "failures", 3)
    workers.start()
    eventually(lambda: [workshop.state for workshop in WorkerApp.made] == ["started"])
    assert capsys.readouterr().err.count("cannot start the workers") == 1
    workers.reload(Settings())
    assert WorkerApp.made[0].state == "reloaded"
    workers.close()
    assert WorkerApp.made[0].state == "closed"


def test_a_stop_while_the_workers_are_built_starts_nothing_after_it(
    workers: WorkerThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.cli.support.worker_thread.START_SECONDS", 0.01)
    WorkerApp.may_end.clear()
    workers.start()
    assert WorkerApp.building.wait(LONG)
    workers.close()
    WorkerApp.may_end.set()
    workers.reload(Settings())
    assert [app.state for app in WorkerApp.made] == ["made"]


@pytest.mark.parametrize("running", [True, False])
def test_a_reload_refuses_what_a_start_refuses_with_the_same_words(
    running: bool,
    workers: WorkerThread,
    bare: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if running:
        workers.start()
        eventually(lambda: [app.state for app in WorkerApp.made] == ["started"])
    (bare / "templates").mkdir()
    (bare / "templates" / "ticket.txt.j2").write_text("{{ nonsense", "utf-8")
    monkeypatch.setenv("TRIAGED_SERVICE__TEMPLATES", str(bare / "templates"))
    assert main(["run"]) == 78
    [refused] = capsys.readouterr().err.splitlines()
    monkeypatch.setattr("daemon.cli.support.worker_thread.threading.Thread", Now)
    with click.Context(cli) as ctx:
        reload(ctx, workers if running else None)
    logged = json.loads(capsys.readouterr().err)
    assert logged["event"] == "cannot reload the configuration; the old one stays in force"
    assert refused == f"triaged: {logged['reason']}"
    assert [app.state for app in WorkerApp.made] == (["started"] if running else [])
    workers.close()


class Now:
    """A thread that does its work at once."""

    def __init__(self, target: Callable[[], None], **_options: Any) -> None:
        self.start = target


def test_workers_that_cannot_start_can_be_stopped(workers: WorkerThread, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(WorkerApp, "failures", 10**9)
    workers.start()
    eventually(lambda: bool(WorkerApp.made))
    workers.close()
    assert WorkerApp.made[0].state == "made"
