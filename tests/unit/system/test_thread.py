"""The thread that repeats its work: it goes on after errors, logs them once, and stops at once."""

import threading

import pytest
from structlog.testing import capture_logs

from daemon.system import thread
from daemon.system.thread import PeriodicThread

NEVER = 3600.0


class Work:
    """Counts its calls, raises what it is given, and lets a test wait for a number of calls."""

    def __init__(self, *errors: Exception | None) -> None:
        self.calls = 0
        self._errors = list(errors)
        self._called = threading.Condition()

    def __call__(self) -> None:
        with self._called:
            self.calls += 1
            self._called.notify_all()
        error = self._errors.pop(0) if self._errors else None
        if error is not None:
            raise error

    def wait_for(self, calls: int) -> None:
        with self._called:
            assert self._called.wait_for(lambda: self.calls >= calls, 30)


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thread, "PAUSE_AFTER_ERROR", 0.0)
    monkeypatch.setattr(thread, "log", thread.structlog.get_logger())


def run(work: Work, calls: int) -> None:
    """Run a thread for at least a number of calls."""
    repeating = PeriodicThread("worker", 0.0, work)
    repeating.start()
    work.wait_for(calls)
    repeating.stop()


def test_the_work_is_repeated_until_the_thread_is_stopped() -> None:
    work = Work()
    run(work, 3)
    calls = work.calls
    assert calls >= 3
    assert not [t for t in threading.enumerate() if t.name == "worker"]


def test_an_error_does_not_end_the_thread() -> None:
    work = Work(ValueError("first"), OSError("second"))
    run(work, 4)


def test_an_error_is_logged_once_until_the_work_succeeds_again() -> None:
    work = Work(ValueError("a"), ValueError("b"), None, None, ValueError("c" * 1000))
    with capture_logs() as logs:
        run(work, 7)
    assert [(entry["event"], entry["log_level"]) for entry in logs] == [
        ("thread failing", "error"),
        ("thread recovered", "info"),
        ("thread failing", "error"),
        ("thread recovered", "info"),
    ]
    assert {entry["thread"] for entry in logs} == {"worker"}
    assert logs[0]["error"] == "ValueError: a"
    assert len(logs[2]["error"]) == 300


def test_the_first_call_comes_after_one_interval_and_a_stop_does_not_wait_for_it() -> None:
    work = Work()
    repeating = PeriodicThread("worker", NEVER, work)
    repeating.start()
    repeating.stop()
    assert work.calls == 0


def test_a_stop_waits_for_the_work_that_runs() -> None:
    entered, leave, left = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        entered.set()
        leave.wait(30)
        left.set()

    repeating = PeriodicThread("worker", 0.0, work)
    repeating.start()
    assert entered.wait(30)
    assert not repeating.stopping
    threading.Timer(0.05, leave.set).start()
    repeating.stop()
    assert left.is_set()
    assert repeating.stopping


def test_a_thread_that_was_never_started_can_be_stopped() -> None:
    PeriodicThread("worker", 0.0, Work()).stop()


def test_failing_work_without_an_interval_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thread, "PAUSE_AFTER_ERROR", NEVER)
    work = Work(ValueError())
    run(work, 1)
    assert work.calls == 1
