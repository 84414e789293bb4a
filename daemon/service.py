"""The daemon: build its parts top to bottom, start them, notify systemd, stop them in reverse order."""

import asyncio
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from time import monotonic
from typing import TYPE_CHECKING

import structlog

from config.settings import Settings
from daemon.imap.poller import Poller
from daemon.policies import identity, listener_config, reloaded_identity, reloaded_settings
from daemon.relay import Relay
from daemon.runtime import is_embedded
from daemon.smtp.config import ListenerConfig
from daemon.smtp.listener import Listener
from daemon.store import alarms
from daemon.store.keys import Keyring
from daemon.store.store import Store
from daemon.system import listening, systemd, tuning
from daemon.system.binding import Address, ListenError, bind
from daemon.system.clock import Clock
from daemon.system.disk import FreeSpace
from daemon.system.logs import limit_loop_errors
from daemon.tickets.health import logins_refused
from daemon.tickets.intake import Intake

if TYPE_CHECKING:
    from daemon.web.edge import WebEdge
    from daemon.web.tools import WebTools

log = structlog.get_logger(__name__)

CLOSE_SECONDS = 30.0
STUCK_SECONDS = 25.0
WATCH_SECONDS = 1.0
REPORT_SECONDS = 60.0


class Service:
    """Everything before the queue: the listener and the mailbox pollers, with one intake."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        relay: Relay,
        keyring: Keyring,
        clock: Clock,
        tools: "WebTools | None" = None,
    ) -> None:
        self._settings = settings
        self._store = store
        self._keyring = keyring
        self._clock = clock
        self._reported_at = -REPORT_SECONDS
        self.relay = relay
        self._space = FreeSpace(settings.service.state_dir, settings.limits.free_bytes)
        self.intake = Intake(store, identity(settings, keyring.value), relay.wake, keyring)
        self._listener = Listener(self.intake, _within_limits(listener_config(settings)), clock, self._space)
        self.pollers = [
            Poller(
                mailbox,
                self.intake,
                store,
                clock,
                settings.limits.message_bytes,
                lambda: not self._space(),
                # Only one daemon uses an embedded store, and to beat would wake its disk each second.
                shared=not is_embedded(settings),
            )
            for mailbox in settings.imap
        ]
        self.address: Address | None = None
        self.http = self._web(tools) if settings.http.enabled else None

    def reload(self, settings: Settings) -> None:
        """Apply new teams and new rules of conversations: who left a team may not act for it any more."""
        self.intake.identity = reloaded_identity(self.intake.identity, settings)
        if self.http is not None:
            self.http.reload(reloaded_settings(self._settings, settings))

    async def run(self, ready: Callable[[], None], reload: Callable[[], None] = lambda: None) -> None:
        """Accept email until SIGTERM or SIGINT; SIGHUP calls `reload`. A second SIGTERM or SIGINT exits at once."""
        stop = asyncio.Event()
        _on_signals(stop, reload)
        await self.serve(stop, ready)

    async def serve(self, stop: asyncio.Event, ready: Callable[[], None]) -> None:
        """Accept email until `stop` is set, then finish the emails in progress. Calls `ready` when listening.

        Raises ListenError.
        """
        tuning.give_memory_back()
        tuning.collect_less_often()
        limit_loop_errors(asyncio.get_running_loop())
        await self._listen()
        if self.http is not None:
            self.http.start()
        for poller in self.pollers:
            poller.start()
        ready()
        systemd.notify("READY=1")
        watch = asyncio.create_task(self._watch())
        await stop.wait()
        systemd.notify("STOPPING=1")
        log.info("stopping")
        watch.cancel()
        # All at once: one after the other, they take longer than systemd waits.
        http = [self.http.stop()] if self.http is not None else []
        await asyncio.gather(self._stop_pollers(), *http, self._listener.close(CLOSE_SECONDS))

    async def _stop_pollers(self) -> None:
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(max(1, len(self.pollers)), thread_name_prefix="stop mailbox") as threads:
            await asyncio.gather(*(loop.run_in_executor(threads, poller.stop) for poller in self.pollers))

    def _web(self, tools: "WebTools | None") -> "WebEdge":
        # Imported here: what is not enabled costs neither memory nor time.
        from daemon.web.edge import WebEdge  # noqa: PLC0415 - see above

        return WebEdge(
            self._settings, self._store, self.intake, self._keyring, self._clock, self.relay.wake, self._space, tools
        )

    async def _listen(self) -> None:
        listening.forget(self._settings.service.state_dir)
        if not self._settings.smtp.enabled:
            return
        inherited = systemd.listen_sockets()
        sockets = inherited or [bind("smtp.listen", self._settings.smtp.listen)]
        for sock in sockets:
            sock.setblocking(False)
            try:
                await self._listener.listen(sock)
            except OSError as error:
                raise ListenError("smtp.listen", self._settings.smtp.listen, error) from None
        name = sockets[0].getsockname()
        if isinstance(name, tuple):
            self.address = Address(name[0], name[1])
        if inherited and self.address is not None:
            listening.record(self._settings.service.state_dir, self.address)
        where = str(self.address or name)
        log.info("listening", protocol=self._settings.smtp.protocol, address=where, from_systemd=bool(inherited))

    async def _watch(self) -> None:
        """Notify systemd's watchdog while this loop, the writer and the relay make progress; report problems."""
        every = systemd.watchdog_seconds()
        while True:
            await asyncio.sleep(min(every / 3, WATCH_SECONDS) if every else WATCH_SECONDS)
            if self._store.writer.stuck_seconds() < STUCK_SECONDS and self.relay.stuck_seconds() < STUCK_SECONDS:
                systemd.notify("WATCHDOG=1")
            self._report_refused_logins()

    def _report_refused_logins(self) -> None:
        """Record for the monitor, which may be in another process, that somebody guesses passwords."""
        logins, threshold = self._listener.logins, self._settings.health.refused_logins
        number = logins.within_an_hour
        if not threshold or number < threshold or monotonic() - self._reported_at < REPORT_SECONDS:
            return
        self._reported_at = monotonic()
        problem, now = logins_refused(number, logins.addresses), self._clock.now()
        self._store.submit(lambda session: alarms.report(session, problem, now))


def _within_limits(config: ListenerConfig) -> ListenerConfig:
    """Return a configuration whose connections leave file descriptors for everything else."""
    tuning.allow_many_files()
    allowed = tuning.connections_within_limit(config.connections)
    if allowed < config.connections:
        log.warning("fewer connections than limits.connections", connections=allowed, configured=config.connections)
    return replace(config, connections=allowed)


def _on_signals(stop: asyncio.Event, reload: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()

    def on_stop_signal() -> None:
        if stop.is_set():
            log.warning("stop forced")
            raise SystemExit(1)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_stop_signal)
    loop.add_signal_handler(signal.SIGHUP, reload)
