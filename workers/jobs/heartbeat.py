"""The heartbeat of a process: shows that it lives, and tells it when that can no longer be seen."""

import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from time import monotonic

from daemon.store import jobs
from daemon.store.store import Store
from daemon.system.thread import PeriodicThread

BEAT_SECONDS = 0.5
# A lease counts as ours only while our last beat is younger than what the relay takes for dead, with room to spare.
HELD_SECONDS = 2.0


class Heartbeat:
    """Beats for the jobs that are running, by a monotonic clock.

    A job whose outcome could not be written runs no more and is not beaten for, so that the relay takes it back.
    """

    def __init__(self, store: Store, owner: str) -> None:
        self.owner = owner
        self._store = store
        self._running: set[int] = set()
        self._lock = threading.Lock()
        self._beaten_at = monotonic()
        self._thread = PeriodicThread("heartbeat", BEAT_SECONDS, self._beat)

    def start(self) -> None:
        """Begin to beat."""
        self._thread.start()

    def close(self) -> None:
        """Stop; no job may be running any more."""
        self._thread.stop()

    def holds_lease(self) -> bool:
        """Say whether our leases are surely still ours: to ask before an effect that cannot be taken back."""
        return monotonic() - self._beaten_at < HELD_SECONDS

    @contextmanager
    def beating(self, job_ids: Collection[int]) -> Iterator[None]:
        """Beat for jobs while they run."""
        with self._lock:
            if not self._running:
                self._beaten_at = monotonic()
            self._running.update(job_ids)
        try:
            yield
        finally:
            with self._lock:
                self._running.difference_update(job_ids)

    def _beat(self) -> None:
        began = monotonic()
        with self._lock:
            running = tuple(self._running)
        if running:
            self._store.write(lambda session: jobs.beat(session, self.owner, running))
        self._beaten_at = began
