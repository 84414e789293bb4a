"""Accept the connections of a listening socket, a few at a time, and pause while no file descriptor is free."""

import asyncio
import errno
import socket
from collections.abc import Callable
from typing import Final

import structlog

from daemon.system.logs import RateLimitedLog

limited = RateLimitedLog(structlog.get_logger(__name__), burst=1)

QUEUED_BY_KERNEL: Final = 512
# More at once would keep the clients that are connected waiting.
BATCH: Final = 16
PAUSE_SECONDS: Final = 1.0
EXHAUSTED: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


class Acceptor:
    """Serves each connection of a bound socket with a new protocol, in the running loop.

    The server of asyncio tries and logs as many times as it has places in its queue when no descriptor is free.
    """

    def __init__(self, sock: socket.socket, protocol: Callable[[], asyncio.BaseProtocol]) -> None:
        self._sock = sock
        self._protocol = protocol
        self._loop = asyncio.get_running_loop()
        self._opening: set[asyncio.Task[None]] = set()
        self._pause: asyncio.TimerHandle | None = None
        sock.listen(QUEUED_BY_KERNEL)
        self._resume()

    def close(self) -> None:
        """Close the socket; connections that were accepted stay."""
        if self._sock.fileno() < 0:
            return
        if self._pause is not None:
            self._pause.cancel()
        self._loop.remove_reader(self._sock)
        self._sock.close()

    def _resume(self) -> None:
        self._pause = None
        self._loop.add_reader(self._sock, self._accept)

    def _accept(self) -> None:
        for _ in range(BATCH):
            try:
                connection, _address = self._sock.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno not in EXHAUSTED:
                    raise
                limited.error("connections cannot be accepted", error=error.strerror)
                self._loop.remove_reader(self._sock)
                self._pause = self._loop.call_later(PAUSE_SECONDS, self._resume)
                return
            connection.setblocking(False)
            task = self._loop.create_task(self._serve(connection))
            self._opening.add(task)
            task.add_done_callback(self._opening.discard)

    async def _serve(self, connection: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(self._protocol, connection)
        except OSError as error:
            connection.close()
            limited.info("connection lost while it was accepted", error=str(error))
