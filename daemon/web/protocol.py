"""HTTP connections whose clients may not keep them for nothing.

uvicorn limits only the pause between two requests: a client that sends no request, or one byte of a header now and
then, or takes no answer, would hold its connection for ever.
"""

import asyncio
from typing import Any, ClassVar, Final

import structlog
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from daemon.system.logs import RateLimitedLog
from daemon.web import problems
from daemon.web.limits import CROWDED
from daemon.web.problems import Problem, ProblemError

limited = RateLimitedLog(structlog.get_logger(__name__))

NO_HTTP: Final = "this is no request of HTTP/1.1, or its header is too large"


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

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - those of uvicorn
        super().__init__(*args, **options)
        # uvicorn would answer with a text of its own, and log each time.
        self._most, self.limit_concurrency = self.limit_concurrency, None
        self._app: ASGIApp = self.app
        self.app = self._counted

    async def _counted(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Say of a request whether there are too many of them or of connections; this one is counted already."""
        most = self._most
        if most is not None and (len(self.connections) > most or len(self.tasks) > most):
            scope[CROWDED] = True
        await self._app(scope, receive, send)

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP, in the form of every error."""
        limited.warning("no http request", reason=msg)
        answer = problems.response(ProblemError(Problem.BAD_REQUEST, NO_HTTP, headers={"Connection": "close"}))
        head = b"".join(b"%s: %s\r\n" % header for header in answer.raw_headers)
        self.transport.write(b"HTTP/1.1 400 Bad Request\r\n" + head + b"\r\n" + bytes(answer.body))
        self.transport.close()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # the type of uvicorn
        """Start to wait for a request."""
        super().connection_made(transport)
        most = self._most
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
