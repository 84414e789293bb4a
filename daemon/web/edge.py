"""The HTTP edge of a process: its sockets, its threads, the application and the server."""

import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import structlog

from config.settings import Settings
from daemon.store.keys import Keyring
from daemon.store.store import Store
from daemon.system import systemd
from daemon.system.binding import Address, ListenError, bind, bind_near
from daemon.system.clock import Clock
from daemon.tickets import sign_in
from daemon.tickets.intake import Intake, Wake
from daemon.web.app import create_app
from daemon.web.server import BACKLOG, HttpServer
from daemon.web.services import WebServices
from daemon.web.tools import WebTools

log = structlog.get_logger(__name__)

STOP_SECONDS: Final = 10.0
# The port is not set: a first try must not fail because another program uses it.
NEXT_PORTS: Final = 50


class WebEdge:
    """Serves HTTP from `start`, which raises ListenError, until `stop`; both are called on the event loop."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        intake: Intake,
        keyring: Keyring,
        clock: Clock,
        wake: Wake,
        has_room: Callable[[], bool],
        tools: WebTools | None = None,
    ) -> None:
        self._settings = settings
        self._threads = ThreadPoolExecutor(settings.http.threads, thread_name_prefix="http")
        self._stopping = False
        self._services = services = WebServices(
            settings=settings,
            store=store,
            intake=intake,
            keyring=keyring,
            clock=clock,
            wake=wake,
            threads=self._threads,
            has_room=has_room,
            tools=tools,
            url=lambda: self.url,
            closing=lambda: self._stopping,
        )
        self.address: Address | None = None
        self._server = HttpServer(create_app(services), settings)
        self._store, self._keyring, self._clock = store, keyring, clock

    @property
    def url(self) -> str:
        """Return the URL by which people reach us."""
        return self._settings.http.public_url or f"http://{self.address}{self._settings.http.root_path}"

    def operator_link(self) -> str:
        """Return a link that signs in once as an admin, for the terminal."""
        key, now = self._keyring.value[0], self._clock.now()
        return self._store.write(lambda session: sign_in.operator_link(session, self.url, key, now))

    def reload(self, settings: Settings) -> None:
        """Use settings from the next request on: who left them is signed out."""
        self._services.settings = settings
        if self._services.tools is not None:
            self._services.tools.reload(settings)

    def start(self) -> None:
        """Listen, and serve until `stop`."""
        inherited = systemd.listen_sockets(http=True)
        sockets = inherited or [self._bind()]
        for sock in sockets:
            sock.setblocking(False)
            try:
                sock.listen(BACKLOG)
            except OSError as error:
                raise ListenError("http.listen", self._settings.http.listen, error) from None
        name = sockets[0].getsockname()
        if isinstance(name, tuple):
            self.address = Address(name[0], name[1])
        self._server.start(sockets)
        log.info("serving http", address=str(self.address or name), from_systemd=bool(inherited))

    async def stop(self) -> None:
        """Finish the requests in progress, close the connections, and wait for the threads."""
        self._stopping = True
        await self._server.stop(STOP_SECONDS)
        self._threads.shutdown(cancel_futures=True)

    def _bind(self) -> socket.socket:
        http = self._settings.http
        if "listen" in http.model_fields_set:
            return bind("http.listen", http.listen)
        return bind_near("http.listen", http.listen, NEXT_PORTS)
