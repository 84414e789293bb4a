"""Give each webhook the events that came since it was last given some: an outbox by cursor. Delete old events."""

from datetime import timedelta
from functools import partial
from time import monotonic
from typing import Final

from daemon.store import webhook_deliveries, webhooks
from daemon.store.queries import feed
from daemon.store.queries.feed import Gaps
from daemon.store.store import Store
from daemon.system.clock import Clock
from daemon.system.thread import PeriodicThread

EVERY_SECONDS: Final = 1.0
# Rows of each table for one webhook at a time; what is pending for one stays near webhooks.MAX_PENDING.
AT_ONCE: Final = 25
PRUNE_SECONDS: Final = 3600.0
PRUNED_AT_ONCE: Final = 500


class Publisher:
    """Follows the feed of events for all webhooks, in a thread. Of several processes, each event is given by one."""

    def __init__(self, store: Store, clock: Clock, keep: timedelta) -> None:
        self._store, self._clock, self._keep = store, clock, keep
        self._gaps = Gaps()
        self._prune_at = monotonic()
        self._thread = PeriodicThread("webhooks", EVERY_SECONDS, self._round)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def close(self) -> None:
        """Stop the thread."""
        self._thread.stop()

    def publish(self) -> int:
        """Give each webhook that has room the next page of events; return their number."""
        with self._store.read() as session:
            found = [one for one in webhooks.endpoints(session) if one.has_room]
            # Most stand at the same cursor.
            pages = {
                cursor: feed.read(session, cursor, self._gaps, AT_ONCE)
                for cursor in dict.fromkeys(one.cursor for one in found)
            }
        given, now = 0, self._clock.now()
        for one in found:
            page = pages[one.cursor]
            if page.cursor != one.cursor:
                give = partial(webhook_deliveries.add_page, endpoint=one, page=page, now=now)
                given += self._store.write(give)
        return given

    def prune(self) -> int:
        """Delete events that ended and are kept no more, a bounded number; return it."""
        before = self._clock.now() - self._keep
        return self._store.write(partial(webhook_deliveries.prune, before=before, limit=PRUNED_AT_ONCE))

    def _round(self) -> None:
        while self.publish() and not self._thread.stopping:
            pass
        if monotonic() >= self._prune_at:
            # A full batch is followed by another in the next round.
            is_done = self.prune() < PRUNED_AT_ONCE
            self._prune_at = monotonic() + (PRUNE_SECONDS if is_done else 0.0)
