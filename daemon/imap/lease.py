"""The lease of a mailbox: of all daemons on one store, one reads it, and another takes over when that one is dead.

The rules are those of jobs: a holder is dead if its beat has not changed for some seconds of our own monotonic clock,
so that the clocks of two hosts are never compared.
"""

import threading
from collections.abc import Callable
from time import monotonic

import structlog

from daemon.store import leases
from daemon.store.errors import UNREACHABLE
from daemon.store.leases import Holder
from daemon.store.store import Store
from daemon.system import worker_id
from daemon.system.thread import PeriodicThread

log = structlog.get_logger(__name__)


class MailboxLease:
    """Holds the lease of one mailbox, if no other process does. `on_lost` is called when another process took it."""

    def __init__(
        self,
        store: Store,
        account: str,
        on_lost: Callable[[], object],
        *,
        beat_seconds: float,
        dead_after_seconds: float,
    ) -> None:
        self.held = False
        self._store, self._account, self._on_lost = store, account, on_lost
        self._owner = worker_id.owner()
        self._dead_after = dead_after_seconds
        self._seen: tuple[Holder, float] | None = None
        # A beat must not find the lease gone that is just being released.
        self._lock = threading.Lock()
        self._thread = PeriodicThread(f"lease {account}", beat_seconds, self._beat)

    def start(self) -> None:
        """Start to beat."""
        self._thread.start()

    def stop(self) -> None:
        """Stop to beat, and release the lease."""
        self._thread.stop()
        self.release()

    def take(self) -> bool:
        """Take the lease if it is free or its holder is dead; return whether we hold it.

        Raises what the store raises.
        """
        with self._lock:
            if not self.held:
                self.held = self._try()
            return self.held

    def release(self) -> None:
        """Let another process read the mailbox. If the store is away, it takes the lease once we stop beating."""
        with self._lock:
            if self.held:
                self.held = False
                try:
                    self._store.write(lambda session: leases.release(session, self._account, self._owner))
                except UNREACHABLE as error:
                    log.warning("mailbox lease not released", mailbox=self._account, error=type(error).__name__)

    def _try(self) -> bool:
        with self._store.read() as session:
            found = leases.holder(session, self._account)
        if found is not None and not self._is_dead(found):
            return False
        taken = self._store.write(lambda session: leases.take(session, self._account, self._owner, found))
        if taken:
            self._seen = None
            log.info("mailbox lease taken", mailbox=self._account, after=found.owner if found else "")
        return taken

    def _is_dead(self, found: Holder) -> bool:
        now = monotonic()
        if self._seen is None or self._seen[0] != found:
            self._seen = (found, now)
        return found.owner == self._owner or now - self._seen[1] >= self._dead_after

    def _beat(self) -> None:
        with self._lock:
            if not self.held:
                return
            self.held = self._store.write(lambda session: leases.beat(session, self._account, self._owner))
            if self.held:
                return
        log.warning("mailbox lease lost", mailbox=self._account)
        self._on_lost()
