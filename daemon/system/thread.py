"""A thread that repeats its work until it is stopped, and survives its errors."""

import threading
from collections.abc import Callable
from typing import Final

import structlog

log = structlog.get_logger(__name__)

# A thread without an interval must not spin while its work fails.
PAUSE_AFTER_ERROR: Final = 0.5
LONGEST_ERROR: Final = 300


class PeriodicThread:
    """Calls `work` every `seconds`, the first time after one interval; 0 if the work itself waits.

    An exception does not end the thread. It is logged once when the calls begin to fail, and once when they succeed
    again. The thread is a daemon thread: a process that ends does not wait for it.
    """

    def __init__(self, name: str, seconds: float, work: Callable[[], object]) -> None:
        self.failing = False
        self._seconds = seconds
        self._work = work
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @property
    def stopping(self) -> bool:
        """Return whether `stop` was called; work that takes long should then return."""
        return self._stop.is_set()

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self, seconds: float | None = None) -> None:
        """End the waiting at once, and return when the work that runs is done, or after `seconds`."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(seconds)

    def _run(self) -> None:
        while not self._stop.wait(max(self._seconds, PAUSE_AFTER_ERROR) if self.failing else self._seconds):
            try:
                self._work()
            except Exception as error:  # noqa: BLE001 - the outermost loop of the thread; the next call tries again
                self._failed(error)
            else:
                self._succeeded()

    def _failed(self, error: Exception) -> None:
        if not self.failing:
            reason = f"{type(error).__name__}: {error}"[:LONGEST_ERROR]
            log.error("thread failing", thread=self._thread.name, error=reason)
        self.failing = True

    def _succeeded(self) -> None:
        if self.failing:
            log.info("thread recovered", thread=self._thread.name)
        self.failing = False
