"""Group commit: writes that queued up during a commit share the next transaction."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass
from itertools import islice
from time import monotonic
from typing import Any, Generic, TypeVar

from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session, sessionmaker

from daemon.system.counters import COUNTERS
from daemon.system.failpoint import failpoint

Item = TypeVar("Item")
T = TypeVar("T")

BATCH = 256
LINGER_SECONDS = 0.025
MAX_TRIES = 4
# The SQLSTATE of PostgreSQL.
DEADLOCK = "40P01"


class WriterClosedError(Exception):
    """The store is closed and accepts no more writes."""


BatchFn = Callable[[Session, Sequence[Item]], Sequence[T]]


@dataclass(frozen=True, slots=True)
class _Work(Generic[Item, T]):
    """An item and the function that writes such items."""

    run: BatchFn[Item, T]
    item: Item
    future: Future[T]


class Writer:
    """Runs functions inside transactions, many in one commit.

    Each function gets a session, must have no effect outside the database, and may run again: after a batch fails, its
    functions run one by one, so that only the failing one fails, and one that met a deadlock runs again. A batch is
    what queued up during the commit before it; only lingering items wait for a timer, because ten in one statement cost
    little more than one. The waiting thread commits the batch itself, unless another thread is committing: a hand-over
    to a writer thread was 50 % slower.
    """

    def __init__(self, sessions: sessionmaker[Session]) -> None:
        self._sessions = sessions
        # Items stay queued until answered, so an interrupted leader loses none.
        self._queue: deque[_Work[Any, Any]] = deque()
        self._lingering: deque[_Work[Any, Any]] = deque()
        self._lingers_until = 0.0
        # Held by the thread that commits; `_lock` guards the queues only.
        self._turn = threading.Lock()
        self._wake = threading.Event()
        self._urgent = threading.Event()
        self._closed = False
        self._lock = threading.Lock()
        self._began_at = monotonic()
        self._busy = False
        self._thread = threading.Thread(target=self._loop, name="writer", daemon=True)
        self._thread.start()

    def submit(self, run: Callable[[Session], T]) -> "Future[T]":
        """Return a future that resolves once the transaction of `run` is durable, or has failed."""
        return self.submit_items(_each, [run])[0]

    def submit_items(self, run: BatchFn[Item, T], items: Sequence[Item], *, linger: bool = False) -> "list[Future[T]]":
        """Return a future for each item; the items of a batch that have the same `run` are given to it together.

        With `linger` they wait up to 25 ms, so that many share their statements as well as the commit.
        """
        if linger:
            futures = self._queued(run, items, self._lingering)
            self._wake.set()
        else:
            futures = self._queued(run, items, self._queue)
            self._commit_soon()
        return futures

    def write(self, run: Callable[[Session], T]) -> T:
        """Run a function in a transaction and return its result once that is durable."""
        future: Future[T] = self.write_items(_each, [run])[0]
        return future.result()

    def write_items(self, run: BatchFn[Item, T], items: Sequence[Item]) -> "list[Future[T]]":
        """Return the futures of items once their transaction is durable, or has failed."""
        futures = self._queued(run, items, self._queue)
        try:
            self._lead(wait=False)
        except BaseException:
            # Interrupted: cancel our own items, leave those of others in the queue.
            for future in futures:
                future.cancel()
            raise
        wait(futures)
        return futures

    def flush(self) -> None:
        """Commit lingering items now, unless another thread is committing and will."""
        self._end_lingering()
        self._lead(wait=False)

    def stuck_seconds(self) -> float:
        """Return for how many seconds the current batch has been running; 0 when idle."""
        return monotonic() - self._began_at if self._busy else 0.0

    def close(self) -> None:
        """Finish the submitted writes, then stop."""
        with self._lock:
            self._closed = True
        self._commit_soon()
        self._thread.join()

    def _queued(self, run: BatchFn[Item, T], items: Sequence[Item], queue: deque[_Work[Any, Any]]) -> "list[Future[T]]":
        works: list[_Work[Item, T]] = [_Work(run, item, Future()) for item in items]
        with self._lock:
            closed = self._closed
            if not closed:
                if queue is self._lingering and not queue:
                    self._lingers_until = monotonic() + LINGER_SECONDS
                queue.extend(works)
        if closed:
            # Not raised: a future's callback that submits more could not report it.
            for work in works:
                work.future.set_exception(WriterClosedError())
        return [work.future for work in works]

    def _loop(self) -> None:
        """Commit what no other thread commits: submitted items, and lingering ones when their time is over."""
        while self._queue or self._lingering or not self._closed:
            self._wake.wait()
            self._wake.clear()
            # Lingering items gather here, until something must be committed now.
            self._urgent.wait(max(0.0, self._lingers_until - monotonic()) if self._lingering else 0)
            self._urgent.clear()
            self._lead(wait=True)
            if self._closed:
                self._commit_soon()
            elif self._lingering:
                self._wake.set()

    def _end_lingering(self) -> None:
        with self._lock:
            self._queue.extend(self._lingering)
            self._lingering.clear()

    def _commit_soon(self) -> None:
        """Make the thread commit now. It waits for `_wake` first, so `_urgent` is set before."""
        self._urgent.set()
        self._wake.set()

    def _lead(self, *, wait: bool) -> None:
        """Commit one batch, one thread at a time; without `wait` a busy writer is left to finish the queue."""
        if not self._turn.acquire(blocking=wait):
            return
        try:
            self._began_at, self._busy = monotonic(), True
            if self._closed or monotonic() >= self._lingers_until:
                self._end_lingering()
            with self._lock:
                # What is done was cancelled, or answered just before its leader was interrupted.
                batch = [work for work in islice(self._queue, BATCH) if not work.future.done()]
            if batch:
                self._commit(batch)
            while self._queue and self._queue[0].future.done():
                self._queue.popleft()
        finally:
            self._busy = False
            self._turn.release()
            # Checked after the release: a thread that could not get the turn relies on us.
            if self._queue:
                self._commit_soon()

    def _commit(self, batch: list[_Work[Any, Any]], tries: int = 1) -> None:
        together: dict[BatchFn[Any, Any], list[_Work[Any, Any]]] = {}
        for work in batch:
            together.setdefault(work.run, []).append(work)
        began = monotonic()
        try:
            with self._sessions.begin() as session:
                results = [run(session, [work.item for work in works]) for run, works in together.items()]
                failpoint("commit.batch")
        except Exception as error:  # noqa: BLE001 - the caller gets it through the future
            if len(batch) > 1:
                self._commit_one_by_one(batch)
            elif tries < MAX_TRIES and _is_deadlock(error):
                self._commit(batch, tries + 1)
            else:
                batch[0].future.set_exception(error)
            return
        COUNTERS.committed(monotonic() - began)
        for works, result in zip(together.values(), results, strict=True):
            for work, outcome in zip(works, result, strict=True):
                work.future.set_result(outcome)

    def _commit_one_by_one(self, batch: list[_Work[Any, Any]]) -> None:
        for position, work in enumerate(batch):
            self._commit([work])
            error = work.future.exception()
            if isinstance(error, OperationalError):
                # The database is unreachable: each further try would wait for the same timeout.
                for other in batch[position + 1 :]:
                    other.future.set_exception(error)
                return


def _each(session: Session, functions: Sequence[Callable[[Session], Any]]) -> list[Any]:
    return [function(session) for function in functions]


def _is_deadlock(error: Exception) -> bool:
    """Say whether a transaction was ended because it and another one waited for each other."""
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) == DEADLOCK
