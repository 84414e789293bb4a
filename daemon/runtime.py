"""The parts of every running process: store, keys, broker and relay; built top to bottom, closed in reverse order."""

from contextlib import ExitStack
from functools import partial
from typing import Final

import structlog

from config.settings import Settings
from daemon.broker import enqueue, make_broker, waiting
from daemon.relay import Relay
from daemon.store import keys, orphans
from daemon.store.keys import Keyring
from daemon.store.maintenance import schema
from daemon.store.store import Store
from daemon.system import files
from daemon.system.clock import Clock, SystemClock
from daemon.system.lock import StateLock
from daemon.system.thread import PeriodicThread
from daemon.system.worker_id import is_gone

log = structlog.get_logger(__name__)

READ_KEYS_SECONDS: Final = 5.0


class Runtime:
    """The parts that a daemon and a worker process share.

    `migrate`: upgrade the schema; otherwise only check it. `alone`: refuse a second daemon on an embedded store.
    `works`: workers run in this process. Raises LockedError, SchemaError, ConfigError, OSError, or the
    database's error if it cannot be reached.
    """

    def __init__(
        self, settings: Settings, *, migrate: bool, alone: bool, works: bool = True, clock: Clock | None = None
    ) -> None:
        files.create_privately()
        settings.service.state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        files.make_private(settings.service.state_dir)
        self.clock = clock or SystemClock()
        with ExitStack() as opened:
            self._lock = StateLock(settings.service.state_dir) if alone and is_embedded(settings) else None
            if self._lock is not None:
                opened.callback(self._lock.close)
            self.store = Store(settings.database_url)
            opened.callback(self.store.close)
            self._prepare_database(migrate=migrate)
            url = settings.broker.url.get_secret_value()
            self.broker = make_broker(url)
            self._key_reader = PeriodicThread("signing keys", READ_KEYS_SECONDS, self._read_keys)
            # From here on, the owner closes what is open.
            opened.pop_all()
        self.relay = Relay(
            self.store,
            partial(enqueue, self.broker),
            self.clock,
            partial(waiting, self.broker),
            # Without workers in this process, in-process offers would pile up; worker processes have relays.
            offers=works or bool(url),
        )
        self._key_reader.start()

    def _read_keys(self) -> None:
        with self.store.read() as session:
            found = keys.load(session, self.clock.now())
        # Without any key this process could neither sign nor verify; the keys that it has are still better.
        if found and found != self.keyring.value:
            self.keyring.value = found
            log.info("signing keys changed", keys=len(found))

    def _prepare_database(self, *, migrate: bool) -> None:
        if migrate:
            before, after = schema.upgrade(self.store.engine)
            if before != after:
                log.info("database upgraded", before=before, after=after)
        schema.check(self.store.engine)
        self.keyring = Keyring(self.store.write(lambda session: keys.ensure(session, self.clock.now())))
        if self._lock is not None:
            self._rescue_orphans()

    def _rescue_orphans(self) -> None:
        """Rescue the jobs of dead processes of this host at once, without waiting for their beats to stop."""
        with self.store.read() as session:
            found = orphans.orphaned(session, is_gone)
        if found:
            self.store.write(lambda session: orphans.rescue(session, found, self.clock.now()))
            log.warning("orphaned jobs rescued", jobs=[job_id for job_id, _ in found])

    def close(self) -> None:
        """Stop reading the keys; close the relay, store and lock."""
        self._key_reader.stop()
        self.relay.close()
        self.store.close()
        if self._lock is not None:
            self._lock.close()


def is_embedded(settings: Settings) -> bool:
    """Return whether the store is a file of this host, which only one daemon may write."""
    return settings.database_url.startswith("sqlite")
