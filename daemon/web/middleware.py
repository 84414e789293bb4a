"""What surrounds every request: host name, token, size and time of the body, number at a time, security headers.

In this order, so that each step is paid for only by requests that passed those before it: nothing of a body is read
before the token is known. Pages and documents (PUBLIC) need no token here; pages have a login of their own. Metrics
need none from trusted networks.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import nullcontext
from time import monotonic
from typing import Final

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from daemon.system.counters import COUNTERS
from daemon.system.logs import RateLimitedLog
from daemon.web.api import events
from daemon.web.auth import Authenticator, Caller
from daemon.web.hosts import allowed_names, is_allowed
from daemon.web.known_clients import KnownClients
from daemon.web.limits import BODIES_BYTES, CROWDED, LONGEST_PROBE_WAIT, Budget, Turnstile, too_many_clients
from daemon.web.monitoring import metrics, probes
from daemon.web.pages import failure
from daemon.web.pages.page import SIGNED_IN
from daemon.web.problems import Problem, ProblemError, unavailable
from daemon.web.services import WebServices

limited = RateLimitedLog(structlog.get_logger(__name__))

# Tokens of clients that are not known yet, which are looked up at a time.
STRANGERS: Final = 8
# Everything else needs a token, also what does not exist.
PUBLIC: Final = ("/ui", "/docs", "/openapi.json", "/healthz", "/readyz", "/favicon.ico")
JSON: Final = ("application/json", "application/merge-patch+json")
HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}


def is_public(path: str) -> bool:
    """Return whether a path needs no token."""
    return path == "/" or any(path == prefix or path.startswith(f"{prefix}/") for prefix in PUBLIC)


class RequestGuard:
    """The outermost ASGI application: guards the one that it is given."""

    def __init__(self, app: ASGIApp, services: WebServices) -> None:
        http = services.settings.http
        self._app, self._services = app, services
        self._names = allowed_names(services.settings)
        self._authenticator = Authenticator(services)
        self._body_bytes, self._seconds = http.body_bytes, http.request_seconds
        self._root_path = http.root_path
        self._scrapers = http.metrics_networks
        self._pace, self._probed = Turnstile(), Turnstile(LONGEST_PROBE_WAIT)
        self._known = KnownClients(http)
        self._strangers = asyncio.Semaphore(STRANGERS)
        self._active = Budget(http.requests, "too many requests at a time")
        self._streams = Budget(http.event_clients, "too many clients follow the events")
        self._bodies = Budget(BODIES_BYTES, "too many large requests at a time")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http":
            return
        self._services.batch.note_input()
        head = scope["method"] == "HEAD" and scope["path"].removeprefix(self._root_path) != events.PATH
        if scope["method"] == "HEAD":
            send = _without_body(send)
        if head:
            # As GET, without the body. A stream of events has no end, so it has no headers that describe it.
            scope = {**scope, "method": "GET"}
        answer = _Answer(send, self._services)
        try:
            await self._handle(scope, receive, answer)
        except ProblemError as error:
            await answer.fail(scope, receive, error)
        except TimeoutError:
            await answer.fail(scope, receive, unavailable("the request took too long"))
        except Exception as error:  # noqa: BLE001 - the client gets a 500, whatever failed
            # The path only: a query may hold what people wrote.
            method, path = scope["method"], scope["path"]
            limited.error("http request failed", key=type(error).__name__, method=method, path=path, exc_info=error)
            ours = ProblemError(Problem.INTERNAL, "the error is in the log; please report it")
            await answer.fail(scope, receive, ours)

    async def _handle(self, scope: Scope, receive: Receive, answer: "_Answer") -> None:
        known = self._known.has(scope, monotonic())
        if scope.get(CROWDED) and not known:
            raise too_many_clients()
        headers = Headers(scope=scope)
        if not is_allowed(headers.get("host", ""), self._names):
            await self._pace.wait(scope)
            raise ProblemError(Problem.BAD_HOST, "call us by a name in http.allowed_hosts")
        path = scope["path"].removeprefix(self._root_path)
        public = is_public(path)
        scrapes = path == metrics.PATH and metrics.may_scrape(scope, headers, self._scrapers)
        if public or scrapes:
            # Probes have a pace of their own: a supervisor must not wait behind a flood of other requests.
            turnstile = self._probed if path in (probes.HEALTHZ, probes.READYZ) else self._pace
            await turnstile.wait(scope, known=known or scrapes)
        if path == probes.HEALTHZ:
            # A busy process lives: a supervisor must not restart it.
            await self._app(scope, receive, answer)
            return
        if not public and not scrapes:
            scope["triaged.caller"] = await self._caller(scope, headers, known=known)
        if path == events.PATH and scope["method"] == "GET":
            # A stream waits most of its time, so it counts apart from the requests.
            with self._streams.one():
                async with asyncio.timeout(events.STREAM_SECONDS + self._seconds):
                    await self._app(scope, receive, answer)
            return
        if scope["method"] in ("GET", "HEAD", "OPTIONS"):
            await self._run(scope, receive, answer)
            return
        body = await self._body(headers, receive)
        try:
            if body and not public and headers.get("content-type", "").partition(";")[0].strip().lower() not in JSON:
                raise ProblemError(Problem.MEDIA, "send the body as application/json")
            await self._run(scope, _replay(body, receive), answer)
        finally:
            self._bodies.give_back(len(body))

    async def _caller(self, scope: Scope, headers: Headers, *, known: bool) -> Caller:
        """Return who calls; raises ProblemError, after a while for a client that is refused often."""
        try:
            # Who tries tokens takes no place from those who have one.
            async with nullcontext() if known else self._strangers:
                with self._active.one():
                    async with asyncio.timeout(self._seconds):
                        caller = await self._authenticator.caller(headers)
        except ProblemError:
            await self._pace.wait(scope, known=known)
            raise
        self._known.note(scope, monotonic())
        return caller

    async def _run(self, scope: Scope, receive: Receive, answer: "_Answer") -> None:
        with self._active.one():
            async with asyncio.timeout(self._seconds):
                await self._app(scope, receive, answer)
        if scope.get(SIGNED_IN):
            self._known.note(scope, monotonic())

    async def _body(self, headers: Headers, receive: Receive) -> bytes:
        """Read a body, which the caller gives back to the budget; raises ProblemError if it is too large or slow."""
        length = headers.get("content-length", "0")
        self._check_size(int(length[:20]) if length.isdecimal() else 0)
        body = bytearray()
        try:
            async with asyncio.timeout(self._seconds):
                async for chunk in _chunks(receive):
                    self._check_size(len(body) + len(chunk))
                    self._bodies.take(len(chunk))
                    body += chunk
        except BaseException as error:
            self._bodies.give_back(len(body))
            if isinstance(error, TimeoutError):
                raise ProblemError(Problem.TIMEOUT, "send the body without pauses") from None
            raise
        return bytes(body)

    def _check_size(self, size: int) -> None:
        if size > self._body_bytes:
            detail = f"at most {self._body_bytes} bytes; see http.body_bytes"
            raise ProblemError(Problem.TOO_LARGE, detail, headers={"Connection": "close"})


async def _chunks(receive: Receive) -> AsyncIterator[bytes]:
    """Yield the parts of a body."""
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ProblemError(Problem.TIMEOUT, "the client went away")
        yield message.get("body", b"")
        more = message.get("more_body", False)


def _replay(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that gives a body that was read already, then waits for the client to leave."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def _without_body(send: Send) -> Send:
    """Return a `send` that leaves out the body of an answer."""

    async def headers_only(message: Message) -> None:
        await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

    return headers_only


class _Answer:
    """Sends the answer with the security headers that it does not set itself, and knows whether it began."""

    def __init__(self, send: Send, services: WebServices) -> None:
        self._send = send
        self._settings = services.settings
        self._began = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._began = True
            COUNTERS.http_answered(message["status"])
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        await self._send(message)

    async def fail(self, scope: Scope, receive: Receive, error: ProblemError) -> None:
        """Answer with a problem, unless an answer began; the connection then ends in the middle of it.

        People get a page, programs get problem details.
        """
        if self._began:
            return
        await failure.answer(self._settings, Request(scope), error)(scope, receive, self)
