"""Workers that cannot start retry, while emails are accepted."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from config.settings import Settings
from daemon.cli.support.worker_thread import WorkerThread
from daemon.runtime import Runtime
from tests.support.fakes import eventually


class WorkerApp:
    """Fails to start a few times."""

    failures = 0
    made: "list[WorkerApp]" = []  # noqa: RUF012 - filled by the test

    def __init__(self, *_parts: Any) -> None:
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
    return WorkerThread(Settings(), cast(Runtime, SimpleNamespace(store=None, broker=None, keyring=None, clock=None)))


def test_workers_start_after_the_error_is_gone(workers: WorkerThread, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(WorkerApp, "failures", 3)
    workers.start()
    eventually(lambda: [workshop.state for workshop in WorkerApp.made] == ["started"])
    workers.reload(Settings())
    assert WorkerApp.made[0].state == "reloaded"
    workers.close()
    assert WorkerApp.made[0].state == "closed"


def test_workers_that_cannot_start_can_be_stopped(workers: WorkerThread, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(WorkerApp, "failures", 10**9)
    workers.start()
    eventually(lambda: bool(WorkerApp.made))
    workers.close()
    assert WorkerApp.made[0].state == "made"
