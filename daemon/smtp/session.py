"""One SMTP or LMTP session: aiosmtpd, with bounds on memory, time and errors added."""

import asyncio
import re
import sys
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Any, AnyStr, Protocol

import structlog
from aiosmtpd.smtp import SMTP, AuthResult, TLSSetupException, syntax

from daemon.smtp import replies
from daemon.smtp.dot_reader import DotReader
from daemon.smtp.logins import RefusedLogins
from daemon.system.counters import COUNTERS
from daemon.system.logs import RateLimitedLog
from daemon.text import plain_address

limited = RateLimitedLog(structlog.get_logger(__name__))

COMMAND_LINE_BYTES = 1 << 16
# Up to this many bytes over the size limit, the client gets a 552 and may go on; above it, the session is closed.
MAX_EXCESS_BYTES = 1 << 17
# Fewer bytes per second are less than the slowest honest line transfers.
MIN_BYTES_PER_SECOND = 500
GRACE_SECONDS = 5.0
MAX_ERRORS = 10
MAX_REFUSED_LOGINS = 3
# The form of nearly all paths. aiosmtpd applies the full grammar, which costs as much as storing an email.
PLAIN_PATH = re.compile(r"\s*<((?:[\w!#$%&'*+/=?^`{|}~.-]{1,64}@[\w.-]{1,255})?)>(?:\s+(.*))?")
COMMAND_LIMITS = {"*": 100, "RCPT": 1100, "MAIL": 10_000, "DATA": 10_000, "RSET": 10_000, "NOOP": 30}


class Sessions(Protocol):
    """Counts the open sessions."""

    def admit(self, session: "GuardedSession", peer: str) -> bool:
        """Count a new session and return True, or return False if there are too many."""

    def forget(self, session: "GuardedSession") -> None:
        """Stop counting a session."""

    def note_input(self) -> None:
        """Note that input came from a client."""


class GuardedSession(SMTP):
    """A session with bounded memory, time and number of errors, which answers an error of ours with a 4xx, never a 5xx.

    `session_seconds` limits the whole session, `idle_seconds` the wait for a command or for more data.
    """

    line_length_limit = COMMAND_LINE_BYTES

    def __init__(
        self,
        handler: object,
        sessions: Sessions,
        logins: RefusedLogins,
        *,
        session_seconds: float,
        idle_seconds: float,
        **options: Any,  # noqa: ANN401 - the options of aiosmtpd
    ) -> None:
        super().__init__(handler, timeout=idle_seconds, command_call_limit=COMMAND_LIMITS, **options)
        # In aiosmtpd all sessions share one dict, which each new session clears.
        self.command_size_limits = defaultdict(lambda: self.command_size_limit)
        self._sessions = sessions
        self._logins = logins
        self._refused_logins = 0
        self._peer = "local"
        self._session_seconds = session_seconds
        self._idle_seconds = idle_seconds
        self._admitted = False
        self._session_timer: asyncio.TimerHandle | None = None
        self._received = 0
        # The time since which we wait for the client; None while the client waits for us.
        self._waiting_since: float | None = None
        # While the client sends data: the number of bytes received by that time.
        self._received_before: int | None = None
        self._errors = 0
        self._dismissed = False
        self.in_transaction = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Admit a client, or refuse it because there are too many."""
        if self._admitted:
            super().connection_made(transport)
            return
        peer = transport.get_extra_info("peername")
        if not isinstance(transport, asyncio.Transport):
            raise TypeError("the transport is not a stream")
        self._peer = plain_address(str(peer[0])) if peer else self._peer
        if not self._sessions.admit(self, self._peer):
            COUNTERS.smtp_reply(replies.TOO_MANY_CONNECTIONS)
            transport.write(replies.TOO_MANY_CONNECTIONS.encode() + b"\r\n")
            transport.close()
            return
        self._admitted = True
        super().connection_made(transport)
        self._session_timer = self.loop.call_later(self._session_seconds, self.dismiss, replies.SESSION_LIMIT)

    def connection_lost(self, error: Exception | None) -> None:
        """Stop counting a session that was admitted."""
        if not self._admitted:
            return
        self._sessions.forget(self)
        if self._session_timer is not None:
            self._session_timer.cancel()
        super().connection_lost(error)

    def eof_received(self) -> bool | None:
        """End the session when the client has closed its side."""
        return super().eof_received() if self._admitted else None

    def data_received(self, data: bytes) -> None:
        """Count the input and pass it on; ignore a client that was not admitted."""
        if self._admitted:
            self._received += len(data)
            self._sessions.note_input()
            super().data_received(data)

    def dismiss(self, reply: str) -> None:
        """Send a last reply and close; abort the connection if the client has not read it after a grace period."""
        if self.transport is None or self._dismissed:
            return
        self._dismissed = True
        if not self.transport.is_closing():
            COUNTERS.smtp_reply(reply)
            self.transport.write(reply.encode() + b"\r\n")  # type: ignore[attr-defined]  # a stream, see connection_made
            self.transport.close()
        if self._handler_coroutine is not None:
            self._handler_coroutine.cancel()
        self.loop.call_later(GRACE_SECONDS, self._abort)

    def _abort(self) -> None:
        # close() waits until everything is sent, which never happens if the client does not read.
        transport = self._original_transport or self.transport
        if transport is not None:
            transport.abort()  # type: ignore[attr-defined]  # a stream, see connection_made

    def _reset_timeout(self, duration: float | None = None) -> None:
        """Start waiting for the client. A running timer is kept and adjusted when it fires: one per line is slow."""
        del duration
        self._waiting_since, self._received_before = self.loop.time(), None
        if self._timeout_handle is None:
            self._start_timer(self._idle_seconds)

    def _start_timer(self, seconds: float) -> None:
        self._timeout_handle = self.loop.call_later(seconds, self._timeout_cb)

    def _timeout_cb(self) -> None:
        """Dismiss a client that sends nothing, or that sends data below the minimum rate."""
        now, since = self.loop.time(), self._waiting_since
        if since is None or now - since < self._idle_seconds:
            self._start_timer(self._idle_seconds if since is None else since + self._idle_seconds - now)
        elif self._received_before is None:
            self.dismiss(replies.IDLE)
        elif self._received - self._received_before < MIN_BYTES_PER_SECOND * self._idle_seconds:
            self.dismiss(replies.TOO_SLOW)
        else:
            self._watch_rate()
            self._start_timer(self._idle_seconds)

    def reply_to_data(self, reply: str) -> str:
        """Return the reply to an email in the form of this protocol."""
        return reply

    async def handle_exception(self, error: Exception) -> str:
        """Answer an error of ours with a constant temporary reply, and reset the transaction."""
        if isinstance(error, TLSSetupException):
            limited.info("tls handshake failed", reason=str(error.__cause__)[:200])
        else:
            limited.error("smtp session failed", key=type(error).__name__, exc_info=error)
        self.envelope = self._create_envelope()
        return replies.TEMPORARY_ERROR

    async def push(self, status: AnyStr) -> None:
        """Send a reply; after too many 5xx replies dismiss the client, and send nothing after that."""
        if status[:1] in ("5", b"5"):
            self._errors += 1
            if self._errors >= MAX_ERRORS:
                self.dismiss(replies.TOO_MANY_ERRORS)
        if self._dismissed:
            await asyncio.sleep(0)  # lets the cancellation take effect
            return
        COUNTERS.smtp_reply(status)
        await super().push(status)

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        """Parse the path of MAIL or RCPT; anything but the plain form `<local@domain> params` is left to aiosmtpd."""
        plain = PLAIN_PATH.fullmatch(arg)
        return (plain[1] or "<>", plain[2] or "") if plain else super()._getaddr(arg)

    async def auth_PLAIN(self, server: object, args: list[str]) -> AuthResult:  # noqa: N802 - named after the mechanism
        """Check a login by PLAIN (RFC 4616), slowed down after refused ones."""
        return await self._check_login(super().auth_PLAIN, server, args)

    async def auth_LOGIN(self, server: object, args: list[str]) -> AuthResult:  # noqa: N802 - named after the mechanism
        """Check a login by LOGIN, slowed down after refused ones."""
        return await self._check_login(super().auth_LOGIN, server, args)

    async def _check_login(
        self,
        check: Callable[[object, list[str]], Awaitable[AuthResult]],
        server: object,
        args: list[str],
    ) -> AuthResult:
        wait = self._logins.take_turn(self._peer)
        if wait is None:
            self.dismiss(replies.TOO_MANY_LOGINS)
            return AuthResult(success=False)
        await self._let_wait(wait)
        result = await check(server, args)
        if result.success:
            self._logins.accept(self._peer)
        elif not result.handled:
            await self._let_wait(self._logins.refuse(self._peer))
            self._refused_logins += 1
            if self._refused_logins >= MAX_REFUSED_LOGINS:
                self.dismiss(replies.TOO_MANY_LOGINS)
        return result

    async def _let_wait(self, seconds: float) -> None:
        """Let the client wait, which is not its idle time."""
        if not seconds:
            return
        self._waiting_since = None
        await asyncio.sleep(seconds)
        if not self._dismissed:
            self._reset_timeout()

    @syntax("DATA")
    async def smtp_DATA(self, arg: str | None) -> None:  # noqa: N802 - named after the command
        """Receive an email (RFC 5321 section 4.1.1.4) in bounded memory, however long its lines are."""
        if await self.check_helo_needed() or await self.check_auth_needed("DATA"):
            return
        if self.envelope is None or not self.envelope.rcpt_tos:
            await self.push("503 5.5.1 Need RCPT first")
            return
        if arg:
            await self.push("501 5.5.4 Syntax: DATA")
            return
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        self.in_transaction = True
        try:
            content = await self._read_content()
            if content is None:
                return
            self.envelope.content = self.envelope.original_content = content
            status = await self._call_handler_hook("DATA")
        except ConnectionError:
            raise
        except Exception as error:  # noqa: BLE001 - the client gets a 451, whatever failed
            name = type(error).__name__
            limited.error("email not accepted", key=name, error=name, exc_info=error)
            status = self.reply_to_data(replies.TEMPORARY_ERROR)
        finally:
            self.in_transaction = False
            self.envelope = self._create_envelope()
            if self.transport is not None and not self._dismissed:
                self._reset_timeout()
        await self.push(status)

    async def _read_content(self) -> bytes | None:
        """Return the content without its transparency dots, or None after refusing it."""
        limit = self.data_size_limit or 0
        dots = DotReader(limit)
        self._watch_rate()
        try:
            while not dots.ended:
                rest = dots.feed(await self._read_all())
                if dots.size > limit + MAX_EXCESS_BYTES:
                    self.dismiss(replies.TOO_LARGE)
                    return None
        finally:
            self._waiting_since = None
        # The reader is still empty, since nothing else has run, so this precedes all later input.
        self._reader.feed_data(rest)
        if dots.too_large:
            await self.push(self.reply_to_data(replies.TOO_LARGE))
            return None
        return dots.content()

    async def _read_all(self) -> bytes:
        """Wait for input and take all of it. The reader's flow control bounds its size."""
        data = await self._reader.read(sys.maxsize)
        if not data:
            raise asyncio.IncompleteReadError(b"", None)
        return data

    def _watch_rate(self) -> None:
        """Require the minimum rate from now on."""
        self._waiting_since, self._received_before = self.loop.time(), self._received

    async def smtp_VRFY(self, arg: str) -> None:  # noqa: ARG002, N802 - named after the command
        """Refuse to say which addresses exist."""
        await self.push(replies.NOT_IMPLEMENTED)

    async def smtp_EXPN(self, arg: str) -> None:  # noqa: ARG002, N802 - named after the command
        """Refuse to say which addresses exist."""
        await self.push(replies.NOT_IMPLEMENTED)


class GuardedLmtpSession(GuardedSession):
    """An LMTP session (RFC 2033): it begins with LHLO, and DATA gets one reply per recipient."""

    def reply_to_data(self, reply: str) -> str:
        """Return one reply per recipient."""
        return "\r\n".join([reply] * len(self.envelope.rcpt_tos if self.envelope else ()))

    @syntax("LHLO hostname")
    async def smtp_LHLO(self, arg: str) -> None:  # noqa: N802 - named after the command
        """Answer LHLO as SMTP answers EHLO."""
        await SMTP.smtp_EHLO(self, arg)

    async def smtp_HELO(self, arg: str) -> None:  # noqa: ARG002, N802 - named after the command
        """Refuse the SMTP greeting."""
        await self.push(replies.NOT_IMPLEMENTED)

    async def smtp_EHLO(self, arg: str) -> None:  # noqa: ARG002, N802 - named after the command
        """Refuse the SMTP greeting."""
        await self.push(replies.NOT_IMPLEMENTED)
