"""HTTP connections whose clients may not keep them for nothing.

uvicorn limits only the pause between two requests: a client that sends no request, or one byte of a header now and
then, or takes no answer, would hold its connection for ever.
"""

import asyncio
from typing import ClassVar

from uvicorn.protocols.http.h11_impl import H11Protocol


class LimitedProtocol(H11Protocol):
    """A connection that ends when the header of a request takes too long or the client takes no more of an answer.

    The body of a request and the work on it have limits of their own (`daemon.web.middleware`).
    """

    # For a whole header, and for the next part of an answer. No browser or program needs a tenth of it.
    wait_seconds: ClassVar[float] = 10.0
    # Above http.connections, requests are answered 503; above this multiple of it, connections are closed unread.
    refused_beyond: ClassVar[int] = 2

    _timer: asyncio.TimerHandle | None = None
    # Bytes of answers that the client had not taken at the last look.
    _left: int = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # the type of uvicorn
        """Start to wait for a request."""
        super().connection_made(transport)
        most = self.limit_concurrency
        if most is not None and len(self.connections) > most * self.refused_beyond:
            transport.abort()
            return
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        super().connection_lost(exc)
        if self._timer is not None:
            self._timer.cancel()

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        super().on_response_complete()
        self._wait()

    def _wait(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self.loop.call_later(self.wait_seconds, self._end)

    def _end(self) -> None:
        """Close the connection, unless a request is in progress or the client takes an answer."""
        left = self.transport.get_write_buffer_size()
        takes, self._left = left not in (0, self._left), left
        works = self.cycle is not None and not self.cycle.response_complete and not left
        if takes or (works and not self.transport.is_closing()):
            self._wait()
        else:
            # To close would wait until the client takes what is left of an answer.
            self.transport.abort()
