"""One SMTP or LMTP session: aiosmtpd with its gaps closed."""

import asyncio
import re
import sys
from collections import defaultdict
from typing import Any, AnyStr, Protocol

import structlog
from aiosmtpd.smtp import SMTP, TLSSetupException, syntax

from daemon.smtp import replies
from daemon.smtp.dot_reader import DotReader

log = structlog.get_logger(__name__)

CHUNK = 1 << 16
# A client that sends so much more than the limit is cut off; up to there the refusal keeps the session usable.
OVERRUN = 1 << 17
SLOWEST = 500
GRACE_SECONDS = 5.0
ERRORS_AT_MOST = 10
# Nearly every client writes its paths so. aiosmtpd reads them by the whole grammar, as dear as storing an email.
PATH = re.compile(r"\s*<((?:[\w!#$%&'*+/=?^`{|}~.-]{1,64}@[\w.-]{1,255})?)>(?:\s+(.*))?")
CALLS = {"*": 100, "RCPT": 1100, "MAIL": 10_000, "DATA": 10_000, "RSET": 10_000, "NOOP": 30}


class Sessions(Protocol):
    """Keeps count of the sessions that are open."""

    def admit(self, session: "GuardedSession", peer: str) -> bool:
        """Count a new session; False if there are too many."""

    def forget(self, session: "GuardedSession") -> None:
        """Count a session no more."""

    def hear(self) -> None:
        """Note that a client said something."""


class GuardedSession(SMTP):
    """A session that is bounded in memory, time, errors and connections, and never answers our fault with a 5xx."""

    line_length_limit = CHUNK

    def __init__(
        self,
        handler: object,
        sessions: Sessions,
        *,
        session_seconds: float,
        idle_seconds: float,
        **options: Any,  # noqa: ANN401 - aiosmtpd's own
    ) -> None:
        super().__init__(handler, timeout=idle_seconds, command_call_limit=CALLS, **options)
        # The class shares one dict among all sessions, and clears it for each new one.
        self.command_size_limits = defaultdict(lambda: self.command_size_limit)
        self._sessions = sessions
        self._session_seconds = session_seconds
        self._idle_seconds = idle_seconds
        self._admitted = False
        self._ends: asyncio.TimerHandle | None = None
        self._received = 0
        # Since when we wait for the client (None: it waits for us); while it sends an email, how much had come by then.
        self._since: float | None = None
        self._before: int | None = None
        self._errors = 0
        self._dismissed = False
        self.in_transaction = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Admit a client, or tell it that there are too many."""
        if self._admitted:
            super().connection_made(transport)
            return
        peer = transport.get_extra_info("peername")
        if not isinstance(transport, asyncio.Transport):
            raise TypeError("a session needs a stream")
        if not self._sessions.admit(self, str(peer[0]) if peer else "local"):
            transport.write(replies.CONNECTIONS.encode() + b"\r\n")
            transport.close()
            return
        self._admitted = True
        super().connection_made(transport)
        self._ends = self.loop.call_later(self._session_seconds, self.dismiss, replies.SESSION_OVER)

    def connection_lost(self, error: Exception | None) -> None:
        """Forget the client."""
        if not self._admitted:
            return
        self._sessions.forget(self)
        if self._ends is not None:
            self._ends.cancel()
        super().connection_lost(error)

    def eof_received(self) -> bool | None:
        """Hear that the client has closed its side."""
        return super().eof_received() if self._admitted else None

    def data_received(self, data: bytes) -> None:
        """Take in what comes, counting it; a client that was not admitted is not listened to."""
        if self._admitted:
            self._received += len(data)
            self._sessions.hear()
            super().data_received(data)

    def dismiss(self, reply: str) -> None:
        """Say goodbye and close; a client that does not read it is cut off soon after."""
        if self.transport is None or self._dismissed:
            return
        self._dismissed = True
        if not self.transport.is_closing():
            self.transport.write(reply.encode() + b"\r\n")  # type: ignore[attr-defined]  # a stream, see above
            self.transport.close()
        if self._handler_coroutine is not None:
            self._handler_coroutine.cancel()
        self.loop.call_later(GRACE_SECONDS, self._cut_off)

    def _cut_off(self) -> None:
        # Closing waits until everything is sent, which is for ever with a client that does not read.
        transport = self._original_transport or self.transport
        if transport is not None:
            transport.abort()  # type: ignore[attr-defined]  # a stream, see above

    def _reset_timeout(self, duration: float | None = None) -> None:
        """Wait for the client from now on. The timer that runs finds out when it rings; one for each line is dear."""
        del duration
        self._since, self._before = self.loop.time(), None
        if self._timeout_handle is None:
            self._ring_in(self._idle_seconds)

    def _ring_in(self, seconds: float) -> None:
        self._timeout_handle = self.loop.call_later(seconds, self._timeout_cb)

    def _timeout_cb(self) -> None:
        """Dismiss who says nothing, or sends less than the slowest honest line, however it drips."""
        now, since = self.loop.time(), self._since
        if since is None or now - since < self._idle_seconds:
            self._ring_in(self._idle_seconds if since is None else since + self._idle_seconds - now)
        elif self._before is None:
            self.dismiss(replies.IDLE)
        elif self._received - self._before < SLOWEST * self._idle_seconds:
            self.dismiss(replies.TOO_SLOW)
        else:
            self._watch_pace()
            self._ring_in(self._idle_seconds)

    def each(self, reply: str) -> str:
        """Return the answer to an email as this protocol gives it."""
        return reply

    async def handle_exception(self, error: Exception) -> str:
        """Answer our own fault: temporary, constant, and with a fresh state."""
        if isinstance(error, TLSSetupException):
            log.info("tls handshake failed", reason=str(error.__cause__)[:200])
        else:
            log.error("smtp session failed", exc_info=error)
        self.envelope = self._create_envelope()
        return replies.TEMPORARY

    async def push(self, status: AnyStr) -> None:
        """Send an answer; after too many refusals the last one, and nothing after that."""
        if status[:1] in ("5", b"5"):
            self._errors += 1
            if self._errors >= ERRORS_AT_MOST:
                self.dismiss(replies.ERRORS)
        if self._dismissed:
            await asyncio.sleep(0)  # where the cancellation takes hold
            return
        await super().push(status)

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        """Read the path of MAIL and RCPT; what has not the plain form `<local@domain> params` is left to aiosmtpd."""
        plain = PATH.fullmatch(arg)
        return (plain[1] or "<>", plain[2] or "") if plain else super()._getaddr(arg)

    @syntax("DATA")
    async def smtp_DATA(self, arg: str | None) -> None:  # noqa: N802 - the name is the command's
        """Read an email up to the lone dot (RFC 5321 section 4.1.1.4), bounded whatever its lines look like."""
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
        except Exception as error:
            log.exception("mail not taken", error=type(error).__name__)
            status = self.each(replies.TEMPORARY)
        finally:
            self.in_transaction = False
            self.envelope = self._create_envelope()
            if self.transport is not None and not self._dismissed:
                self._reset_timeout()
        await self.push(status)

    async def _read_content(self) -> bytes | None:
        """Return the content without its transparency dots, or None if it was refused."""
        limit = self.data_size_limit or 0
        dots = DotReader(limit)
        self._watch_pace()
        try:
            while not dots.ended:
                rest = dots.feed(await self._read_all())
                if dots.size > limit + OVERRUN:
                    self.dismiss(replies.TOO_BIG)
                    return None
        finally:
            self._since = None
        # The reader is empty and nothing has run since it was read, so this comes before all later input.
        self._reader.feed_data(rest)
        if dots.too_large:
            await self.push(self.each(replies.TOO_BIG))
            return None
        return dots.content()

    async def _read_all(self) -> bytes:
        """Wait for input and take all of it. The reader's flow control bounds its size."""
        data = await self._reader.read(sys.maxsize)
        if not data:
            raise asyncio.IncompleteReadError(b"", None)
        return data

    def _watch_pace(self) -> None:
        """Expect the client to send at a pace from now on."""
        self._since, self._before = self.loop.time(), self._received

    async def smtp_VRFY(self, arg: str) -> None:  # noqa: ARG002, N802 - the name is the command's
        """Tell nobody who is here."""
        await self.push(replies.NOT_OFFERED)

    async def smtp_EXPN(self, arg: str) -> None:  # noqa: ARG002, N802 - the name is the command's
        """Tell nobody who is here."""
        await self.push(replies.NOT_OFFERED)


class GuardedLmtpSession(GuardedSession):
    """The same for LMTP (RFC 2033): greeted with LHLO, one answer for each recipient."""

    def each(self, reply: str) -> str:
        """Return the answer once for each recipient."""
        return "\r\n".join([reply] * len(self.envelope.rcpt_tos if self.envelope else ()))

    @syntax("LHLO hostname")
    async def smtp_LHLO(self, arg: str) -> None:  # noqa: N802 - the name is the command's
        """Greet."""
        await SMTP.smtp_EHLO(self, arg)

    async def smtp_HELO(self, arg: str) -> None:  # noqa: ARG002, N802 - the name is the command's
        """Refuse the greeting of SMTP."""
        await self.push(replies.NOT_OFFERED)

    async def smtp_EHLO(self, arg: str) -> None:  # noqa: ARG002, N802 - the name is the command's
        """Refuse the greeting of SMTP."""
        await self.push(replies.NOT_OFFERED)
