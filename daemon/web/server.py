"""Run the application with uvicorn inside the event loop of the process, which keeps its own signal handlers."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Iterator, Sequence
from typing import Final

import structlog
import uvicorn
from fastapi import FastAPI

from config.settings import Settings
from daemon.system import tuning
from daemon.web.protocol import LimitedProtocol

log = structlog.get_logger(__name__)

BACKLOG: Final = 512
HEADER_BYTES: Final = 16 * 1024
IDLE_SECONDS: Final = 5


class _Uvicorn(uvicorn.Server):
    """uvicorn without its signal handlers: the process decides when to stop."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals alone."""
        yield


class HttpServer:
    """The HTTP server of a process. `start` and `stop` are called on its event loop."""

    def __init__(self, app: FastAPI, settings: Settings) -> None:
        tuning.allow_many_files()
        # It reports its own start and end at info, which our events already say, and each time at warning what anybody
        # may send: no HTTP, or a request for WebSockets.
        logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
        wanted = settings.http.connections
        allowed = tuning.requests_within_limit(wanted, settings.limits.connections if settings.smtp.enabled else 0)
        if allowed < wanted:
            log.warning("fewer connections than http.connections", connections=allowed, configured=wanted)
        self._server = _Uvicorn(
            uvicorn.Config(
                app,
                http=LimitedProtocol,
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                root_path=settings.http.root_path,
                # asyncio accepts as many at once before any of them is closed.
                backlog=min(BACKLOG, allowed),
                limit_concurrency=allowed,
                timeout_keep_alive=IDLE_SECONDS,
                h11_max_incomplete_event_size=HEADER_BYTES,
            )
        )
        self._task: asyncio.Task[None] | None = None

    def start(self, sockets: Sequence[socket.socket]) -> None:
        """Serve on sockets that are bound."""
        self._task = asyncio.create_task(self._server.serve(list(sockets)))

    async def stop(self, seconds: float) -> None:
        """Stop listening, let the requests in progress finish for at most `seconds`, and cancel the rest."""
        if self._task is None:
            return
        self._server.config.timeout_graceful_shutdown = int(seconds)
        self._server.should_exit = True
        await self._task
