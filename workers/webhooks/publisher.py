"""Give each webhook the events that came since it was last given some: an outbox by cursor."""

from functools import partial
from typing import Final

from daemon.store import webhooks
from daemon.store.queries import feed
from daemon.store.queries.feed import Gaps
from daemon.store.store import Store
from daemon.system.clock import Clock
from daemon.system.thread import PeriodicThread

EVERY_SECONDS: Final = 1.0


class Publisher:
    """Follows the feed of events for all webhooks, in a thread. Of several processes, each event is given by one."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._gaps = Gaps()
        self._thread = PeriodicThread("webhooks", EVERY_SECONDS, self.publish)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def close(self) -> None:
        """Stop the thread."""
        self._thread.stop()

    def publish(self) -> int:
        """Give each webhook the next page of events; return their number."""
        with self._store.read() as session:
            found = webhooks.endpoints(session)
            now = self._clock.now()
            pages = [(one, feed.read(session, one.cursor, self._gaps, now)) for one in found]
        given = 0
        for one, page in pages:
            if page.cursor != one.cursor:
                given += self._store.write(partial(webhooks.give, endpoint=one, page=page, now=now))
        return given
