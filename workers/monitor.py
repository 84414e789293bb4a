"""Look after the whole: judge its health every half minute, and tell the admin once of each trouble."""

import secrets
import threading
from collections.abc import Callable
from datetime import timedelta

import structlog

from daemon.mail.token import Purpose, Token, digest, sign
from daemon.store.queries import health
from daemon.store.store import Store
from daemon.system.clock import Clock
from daemon.tickets.health import Thresholds, examine
from daemon.vocabulary import Problem
from workers.notify.alert import alert
from workers.notify.outgoing import message_id
from workers.transports.base import Transport, TransportFailure

log = structlog.get_logger(__name__)

ROUND_SECONDS = 30.0
TOKEN_LIFE = timedelta(days=400)


class HealthMonitor:
    """Sends alerts directly by the transport: neither the broker nor a job is needed for them."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        transport: Transport,
        keys: tuple[bytes, ...],
        *,
        sender: str,
        admin: str | None,
        message_id_domain: str,
        mailboxes: tuple[str, ...],
        thresholds: Thresholds,
        refused: Callable[[], str],
        drifted: Callable[[], str],
        room: Callable[[], bool],
    ) -> None:
        self._store, self._clock, self._transport, self._keys = store, clock, transport, keys
        self._sender, self._admin, self._domain = sender, admin, message_id_domain
        self._mailboxes, self._thresholds = mailboxes, thresholds
        self._refused, self._drifted, self._room = refused, drifted, room
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="monitor", daemon=True)

    def start(self) -> None:
        """Begin the rounds."""
        self._thread.start()

    def close(self) -> None:
        """Stop."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def look(self) -> tuple[Problem, ...]:
        """Make one round: note what is wrong, tell what is new, and return it."""
        now = self._clock.now()
        with self._store.read() as session:
            found = health.facts(
                session,
                now,
                self._mailboxes,
                room=self._room(),
                refused=self._refused(),
                drifted=self._drifted(),
            )
        troubles = examine(found, self._thresholds)
        news = tuple(self._store.write(lambda session: health.raise_alarms(session, troubles, now)))
        for trouble in news:
            log.warning("trouble", key=trouble.key, text=trouble.text)
        if news and self._admin:
            self._tell(news)
        return news

    def _tell(self, news: tuple[Problem, ...]) -> None:
        now, admin = self._clock.now(), self._admin or ""
        mark = sign(Token(Purpose.TEAM, 0, digest(admin), (now + TOKEN_LIFE).date()), self._keys[0])
        content = alert(
            news,
            sender=self._sender,
            recipient=admin,
            mark=mark,
            message_id=message_id(mark, secrets.token_hex(5), self._domain),
            boundary_seed=secrets.token_hex(16),
            now=now,
        )
        try:
            self._transport.send(self._sender, admin, content)
        except TransportFailure as error:
            log.error("the admin could not be told", reason=str(error)[:200])  # noqa: TRY400 - the answer says it all
            self._store.write(lambda session: health.mark_unsent(session, [trouble.key for trouble in news]))

    def _loop(self) -> None:
        while not self._stop.wait(ROUND_SECONDS):
            try:
                self.look()
            except Exception as error:  # noqa: BLE001 - the outermost loop of this thread; the next round looks again
                log.warning("health not known", error=type(error).__name__)
