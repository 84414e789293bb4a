"""Group commit: one thread writes what queued up while the last commit ran, as one transaction."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from queue import SimpleQueue
from time import monotonic
from typing import Any, Generic, TypeVar

from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, sessionmaker

from daemon.failpoint import failpoint

Item = TypeVar("Item")
T = TypeVar("T")

BATCH = 256


class WriterClosedError(Exception):
    """The store is closed: nothing more is written."""


Bulk = Callable[[Session, Sequence[Item]], Sequence[T]]


@dataclass(frozen=True, slots=True)
class _Work(Generic[Item, T]):
    """An item, and the function that writes any number of such items."""

    run: Bulk[Item, T]
    item: Item
    future: Future[T]


class Writer:
    """Runs functions inside transactions, many in one commit.

    Each function gets a session, must have no effect outside the database, and may run twice: when a batch
    fails, its functions run again one by one, so that a bad one hurts only itself. There is no timer: a batch is what
    queued up during the commit before it.
    """

    def __init__(self, sessions: sessionmaker[Session]) -> None:
        self._sessions = sessions
        self._queue: SimpleQueue[Sequence[_Work[Any, Any]] | None] = SimpleQueue()
        self._closed = False
        self._lock = threading.Lock()
        self._moved_at = monotonic()
        self._busy = False
        self._thread = threading.Thread(target=self._loop, name="writer", daemon=True)
        self._thread.start()

    def submit(self, run: Callable[[Session], T]) -> "Future[T]":
        """Return a future that resolves once the transaction of `run` is durable, or has failed."""
        return self.submit_items(_each, [run])[0]

    def submit_items(self, run: Bulk[Item, T], items: Sequence[Item]) -> "list[Future[T]]":
        """Return a future for each item; the items of a batch that have the same `run` are given to it together."""
        works: list[_Work[Item, T]] = [_Work(run, item, Future()) for item in items]
        with self._lock:
            closed = self._closed
            if not closed:
                self._queue.put(works)
        if closed:
            # Not raised here: whoever submits again from a callback could tell nobody.
            for work in works:
                work.future.set_exception(WriterClosedError())
        return [work.future for work in works]

    def write(self, run: Callable[[Session], T]) -> T:
        """Run a function in a transaction and return its result once that is durable."""
        return self.submit(run).result()

    def stuck_seconds(self) -> float:
        """Return for how long the batch at hand has been running; 0 when idle."""
        return monotonic() - self._moved_at if self._busy else 0.0

    def close(self) -> None:
        """Write what was submitted, then stop."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._queue.put(None)
        self._thread.join()

    def _loop(self) -> None:
        open_ = True
        while open_:
            batch, open_ = self._take()
            self._moved_at, self._busy = monotonic(), True
            if batch:
                self._commit(batch)
            self._busy = False

    def _take(self) -> tuple[list[_Work[Any, Any]], bool]:
        batch: list[_Work[Any, Any]] = []
        works = self._queue.get()
        while works is not None:
            batch += [work for work in works if work.future.set_running_or_notify_cancel()]
            if len(batch) >= BATCH or self._queue.empty():
                break
            works = self._queue.get()
        return batch, works is not None

    def _commit(self, batch: list[_Work[Any, Any]]) -> None:
        together: dict[Bulk[Any, Any], list[_Work[Any, Any]]] = {}
        for work in batch:
            together.setdefault(work.run, []).append(work)
        try:
            with self._sessions.begin() as session:
                results = [run(session, [work.item for work in works]) for run, works in together.items()]
                failpoint("commit.batch")
        except Exception as error:  # noqa: BLE001 - whatever it is belongs to the caller, through the future
            if len(batch) == 1:
                batch[0].future.set_exception(error)
                return
            self._commit_one_by_one(batch)
            return
        for works, result in zip(together.values(), results, strict=True):
            for work, outcome in zip(works, result, strict=True):
                work.future.set_result(outcome)

    def _commit_one_by_one(self, batch: list[_Work[Any, Any]]) -> None:
        for position, work in enumerate(batch):
            self._commit([work])
            error = work.future.exception()
            if isinstance(error, OperationalError):
                # The database is not there: asking it again for each of the others would only take its time-out again.
                for other in batch[position + 1 :]:
                    other.future.set_exception(error)
                return


def _each(session: Session, functions: Sequence[Callable[[Session], Any]]) -> list[Any]:
    return [function(session) for function in functions]
