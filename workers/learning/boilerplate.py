"""The blocks of text that triage does not read, as they were learned from the emails of many senders."""

import threading
from time import monotonic

from daemon.store import boilerplate
from daemon.store.store import Store

RELOAD_SECONDS = 30.0


class CurrentBoilerplate:
    """Gives actors the digests of learned blocks; follows what was learned or forgotten within 30 seconds."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._learned: frozenset[str] = frozenset()
        self._reloaded_at = -RELOAD_SECONDS

    def __call__(self) -> frozenset[str]:
        """Return the digests."""
        with self._lock:
            if monotonic() - self._reloaded_at >= RELOAD_SECONDS:
                with self._store.read() as session:
                    self._learned = boilerplate.learned(session)
                self._reloaded_at = monotonic()
            return self._learned
