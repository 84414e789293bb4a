"""A thread for calls that may hang, such as those of a library: one after another, and nobody waits for ever."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from queue import SimpleQueue
from typing import Any, Final, TypeVar

T = TypeVar("T")

# How often within its time a waiting caller looks at the clock. A process that was stopped for long, as a virtual
# machine is for a snapshot, loses one of these parts and not the whole time.
LOOKS: Final = 20


class HungError(Exception):
    """A call did not end in its time."""


class CallThread:
    """Makes calls in the order in which they are asked for; the thread is a daemon thread.

    A call that hangs cannot be ended: it keeps the thread, so its owner should ask for no more.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._calls: SimpleQueue[tuple[Future[Any], Callable[[], Any]]] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._ended = 0

    def call(self, work: Callable[[], T], seconds: float) -> T:
        """Return what `work` returns, or raise its error; raises HungError if no call ends for `seconds`."""
        future: Future[T] = Future()
        self._running().put((future, work))
        ended, left = self._ended, LOOKS
        while not wait((future,), seconds / LOOKS).done:
            if ended != self._ended:
                ended, left = self._ended, LOOKS
            left -= 1
            if not left:
                raise HungError(f"no answer in {seconds:g} s")
        return future.result()

    def _running(self) -> "SimpleQueue[tuple[Future[Any], Callable[[], Any]]]":
        """Return the queue of a thread that runs. After a fork there is none, whatever the copied object says."""
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._calls = SimpleQueue()
                self._thread = threading.Thread(target=self._work, args=(self._calls,), name=self._name, daemon=True)
                self._thread.start()
            return self._calls

    def _work(self, calls: "SimpleQueue[tuple[Future[Any], Callable[[], Any]]]") -> None:
        while True:
            future, work = calls.get()
            try:
                future.set_result(work())
            except Exception as error:  # noqa: BLE001 - it belongs to who asked
                future.set_exception(error)
            except BaseException as error:  # noqa: BLE001 - only the work can raise it in this thread
                future.set_exception(RuntimeError(f"{type(error).__name__}: {error}"))
            self._ended += 1
            # Kept until the next call, they would hold their memory.
            del future, work
