"""What every running process shares: store, keys, broker and relay; built top to bottom, closed in reverse order."""

from functools import partial

import structlog

from config.settings import Settings
from daemon.broker import enqueue, make_broker, waiting
from daemon.relay import Relay
from daemon.store import jobs, keys
from daemon.store.maintenance import schema
from daemon.store.store import Store
from daemon.system.clock import Clock, SystemClock
from daemon.system.lock import StateLock
from daemon.system.worker_id import is_gone

log = structlog.get_logger(__name__)


class Runtime:
    """The parts that a daemon and a worker have in common.

    `migrate` brings the schema up to date, else it is only checked. `alone` refuses a second daemon on an embedded
    store. `works` says that workers run in this process. Raises LockedError, SchemaError, or what the database raises
    when it cannot be reached.
    """

    def __init__(
        self, settings: Settings, *, migrate: bool, alone: bool, works: bool = True, clock: Clock | None = None
    ) -> None:
        settings.service.state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.clock = clock or SystemClock()
        self._lock = StateLock(settings.service.state_dir) if alone and is_embedded(settings) else None
        self.store = Store(settings.database_url)
        if migrate:
            before, after = schema.upgrade(self.store.engine)
            if before != after:
                log.info("database upgraded", before=before, after=after)
        schema.check(self.store.engine)
        self.keys = self.store.write(lambda session: keys.ensure(session, self.clock.now()))
        if self._lock is not None:
            self._take_back()
        url = settings.broker.url.get_secret_value()
        self.broker = make_broker(url)
        self.relay = Relay(
            self.store,
            partial(enqueue, self.broker),
            self.clock,
            partial(waiting, self.broker),
            # Offered in process where nobody works, jobs would pile up: the workers' own relays find them.
            offers=works or bool(url),
        )

    def _take_back(self) -> None:
        """Take back at once what this host's dead processes left, instead of waiting for beats that cannot come."""
        with self.store.read() as session:
            left = jobs.orphaned(session, is_gone)
        if left:
            self.store.write(lambda session: jobs.rescue(session, left, self.clock.now()))
            log.warning("jobs taken back from dead processes", jobs=[job_id for job_id, _ in left])

    def close(self) -> None:
        """Let everything go."""
        self.relay.close()
        self.store.close()
        if self._lock is not None:
            self._lock.close()


def is_embedded(settings: Settings) -> bool:
    """Say whether the store is a file of this host, which one daemon writes."""
    return settings.database_url.startswith("sqlite")
