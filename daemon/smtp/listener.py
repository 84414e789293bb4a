"""The SMTP and LMTP listener: admit clients, check recipients, and reply 250 once the email is stored."""

import asyncio
import hmac
import re
import socket
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import monotonic

import structlog
from aiosmtpd.smtp import ALLOWED_BEFORE_STARTTLS, SMTP, AuthResult, LoginPassword, Session
from aiosmtpd.smtp import Envelope as SmtpEnvelope

from daemon.mail import verp
from daemon.mail.address import canonical
from daemon.mail.envelope import Envelope, Inbound
from daemon.mail.roster import comparable
from daemon.mail.token import SHAPE
from daemon.smtp import replies
from daemon.smtp.acceptor import Acceptor
from daemon.smtp.config import ListenerConfig
from daemon.smtp.logins import RefusedLogins, network_of
from daemon.smtp.session import GuardedLmtpSession, GuardedSession
from daemon.store.errors import UNREACHABLE
from daemon.system.clock import Clock
from daemon.system.counters import COUNTERS
from daemon.system.failpoint import failpoint
from daemon.system.logs import RateLimitedLog
from daemon.text import domain_of, plain_address
from daemon.tickets.batch import Batch
from daemon.tickets.disposition import PreparedEmail
from daemon.tickets.intake import Intake
from daemon.tickets.parse_cost import is_cheap

limited = RateLimitedLog(structlog.get_logger(__name__))

POSTMASTER = "postmaster"
MAX_HOPS = 50
PARSER_THREADS = 4
# The header fields of the last 50 hops are within the first part of an email; the search is slow.
HOP_BYTES = 128 * 1024
HOP = re.compile(rb"^Received[ \t]*:", re.IGNORECASE | re.MULTILINE)
END_OF_HEADER = re.compile(rb"\n\r?\n")
PLUS_TOKEN = re.compile(rf"\+(?:{SHAPE}|{verp.SHAPE})$", re.IGNORECASE)


class Listener:
    """Accepts email on sockets, in the event loop that calls `listen`."""

    def __init__(
        self, intake: Intake, config: ListenerConfig, clock: Clock, enough_space: Callable[[], bool] = lambda: True
    ) -> None:
        self._intake = intake
        self._config = config
        # Every domain has a postmaster (RFC 5321 section 4.5.1), which needs no setting.
        self._postmasters = frozenset(f"{POSTMASTER}@{domain_of(recipient)}" for recipient in config.recipients)
        self._clock = clock
        self._enough_space = enough_space
        self._parsers = ThreadPoolExecutor(PARSER_THREADS, thread_name_prefix="parser")
        self._open: dict[GuardedSession, str] = {}
        self._per_address: Counter[str] = Counter()
        self._batch = Batch(intake)
        self.logins = RefusedLogins()
        self._acceptors: list[Acceptor] = []
        self._closing = False
        if config.lmtp:
            # LHLO is the EHLO of LMTP (RFC 2033 section 4.1), and EHLO may come before TLS (RFC 3207 section 4).
            ALLOWED_BEFORE_STARTTLS.add("LHLO")

    async def listen(self, sock: socket.socket) -> None:
        """Start accepting clients on a bound socket that does not block."""
        self._acceptors.append(Acceptor(sock, self._session))

    async def close(self, seconds: float) -> None:
        """Refuse new clients and emails, wait up to `seconds` for emails in progress, then close all sessions."""
        self._closing = True
        for acceptor in self._acceptors:
            acceptor.close()
        until = monotonic() + seconds
        for session in [s for s in self._open if not s.in_transaction]:
            session.dismiss(replies.CLOSING)
        while (self._open or self.emails_in_flight) and monotonic() < until:
            await asyncio.sleep(0.02)
            for session in [s for s in self._open if not s.in_transaction]:
                session.dismiss(replies.CLOSING)
        for session in list(self._open):
            session.dismiss(replies.CLOSING)
        self._parsers.shutdown(wait=False)

    @property
    def connections(self) -> int:
        """Return the number of connected clients."""
        return len(self._open)

    @property
    def emails_in_flight(self) -> int:
        """Return the number of emails that are not stored yet, including those of clients that have gone."""
        return self._batch.unanswered

    def admit(self, session: GuardedSession, peer: str) -> bool:
        """Count a new session and return True; False if there are too many in total or per address (IPv6: per /64)."""
        network = network_of(peer)
        if self._closing or len(self._open) >= self._config.connections:
            return False
        if self._per_address[network] >= self._config.connections_per_address:
            return False
        self._open[session] = network
        self._per_address[network] += 1
        COUNTERS.session_began()
        return True

    def note_input(self) -> None:
        """Note that input came from a client."""
        self._batch.note_input()

    def forget(self, session: GuardedSession) -> None:
        """Stop counting a session."""
        network = self._open.pop(session, None)
        if network is None:
            return
        COUNTERS.session_ended()
        self._per_address[network] -= 1
        if not self._per_address[network]:
            del self._per_address[network]

    def _session(self) -> GuardedSession:
        config = self._config
        kind = GuardedLmtpSession if config.lmtp else GuardedSession
        return kind(
            self,
            self,
            self.logins,
            session_seconds=config.session_seconds,
            idle_seconds=config.idle_seconds,
            data_size_limit=config.message_bytes,
            enable_SMTPUTF8=True,
            hostname=config.hostname,
            ident="LMTP triaged" if config.lmtp else "ESMTP triaged",
            tls_context=config.tls,
            require_starttls=config.require_tls,
            auth_required=bool(config.users),
            authenticator=self._authenticate if config.users else None,
            auth_exclude_mechanism=() if config.users else ("LOGIN", "PLAIN"),
            loop=asyncio.get_running_loop(),
        )

    async def handle_EHLO(  # noqa: N802 - a hook of aiosmtpd
        self, server: SMTP, session: Session, envelope: SmtpEnvelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """Answer EHLO with the extensions that are offered."""
        del server, envelope
        session.host_name = hostname
        lines = [line for line in responses if line.rstrip() not in {"250-AUTH", "250 HELP"}]
        return [*lines, "250 ENHANCEDSTATUSCODES"]

    async def handle_MAIL(  # noqa: N802 - a hook of aiosmtpd
        self, server: GuardedSession, session: Session, envelope: SmtpEnvelope, address: str, options: list[str]
    ) -> str:
        """Accept a sender unless the service is closing or the disk is full."""
        del session
        if self._closing:
            server.dismiss(replies.CLOSING)
            return replies.CLOSING
        if not self._enough_space():
            return replies.NO_SPACE
        if address != "<>" and not _is_address(address):
            return replies.BAD_SENDER
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return replies.SENDER_OK

    async def handle_RCPT(  # noqa: N802 - a hook of aiosmtpd
        self, server: SMTP, session: Session, envelope: SmtpEnvelope, address: str, options: list[str]
    ) -> str:
        """Accept a configured recipient; nothing is relayed."""
        del server, session, options
        if address.lower() == POSTMASTER:
            # The only address without a domain.
            address = min(self._postmasters, default=address)
        elif not _is_address(address):
            return replies.BAD_RECIPIENT
        if not self._is_ours(address):
            return replies.UNKNOWN_RECIPIENT
        if len(envelope.rcpt_tos) >= self._config.max_recipients:
            return replies.TOO_MANY_RECIPIENTS
        envelope.rcpt_tos.append(address)
        return replies.RECIPIENT_OK

    async def handle_DATA(  # noqa: N802 - a hook of aiosmtpd
        self, server: GuardedSession, session: Session, envelope: SmtpEnvelope
    ) -> str:
        """Reply 250 once the email is durable, 451 if the store cannot be reached."""
        raw = envelope.original_content or b""
        if _hops(raw) > MAX_HOPS:
            return server.reply_to_data(replies.LOOP)
        inbound = Inbound(self._envelope(session, envelope), raw, "lmtp" if self._config.lmtp else "smtp")
        try:
            receipt = await self._batch.store(await self._prepare(inbound))
        except UNREACHABLE as error:
            limited.warning("email not stored", reason=type(error).__name__, peer=inbound.envelope.peer)
            return server.reply_to_data(replies.TEMPORARY_ERROR)
        failpoint("accept.before_250")
        return server.reply_to_data(replies.stored(receipt))

    async def _prepare(self, inbound: Inbound) -> PreparedEmail:
        if is_cheap(inbound.raw):
            return self._intake.prepare(inbound)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._parsers, self._intake.prepare, inbound)

    def _envelope(self, session: Session, envelope: SmtpEnvelope) -> Envelope:
        sender = envelope.mail_from or ""
        peer = plain_address(str(session.peer[0])) if session.peer else "local"
        login = session.auth_data if session.authenticated and isinstance(session.auth_data, str) else ""
        rcpt_tos = tuple(envelope.rcpt_tos)
        return Envelope("" if sender == "<>" else sender, rcpt_tos, peer, self._clock.now(), login)

    def _is_ours(self, address: str) -> bool:
        address = address.lower()
        if address in self._postmasters:
            return True
        local, _, domain = address.rpartition("@")
        plain = PLUS_TOKEN.sub("", local)
        return f"{plain}@{domain}" in (self._config.recipients if plain == local else self._config.tagged)

    def _authenticate(  # a callback of aiosmtpd
        self, server: SMTP, session: Session, envelope: SmtpEnvelope, mechanism: str, credentials: object
    ) -> AuthResult:
        del server, session, envelope, mechanism
        if not isinstance(credentials, LoginPassword):
            return AuthResult(success=False, handled=False)
        name = credentials.login.decode("utf-8", "replace")
        expected = self._password_of(name)
        same = hmac.compare_digest(expected.encode(), credentials.password)
        return AuthResult(success=same and bool(expected), handled=False, auth_data=name)

    def _password_of(self, name: str) -> str:
        """Return the password of a user, "" where there is none; an address is the same in any case."""
        users = self._config.users
        if name in users or "@" not in name:
            return users.get(name, "")
        return next((users[user] for user in users if comparable(user) == comparable(name)), "")


def _hops(raw: bytes) -> int:
    return len(HOP.findall(END_OF_HEADER.split(raw[:HOP_BYTES], maxsplit=1)[0]))


def _is_address(text: str) -> bool:
    # aiosmtpd decodes bytes that are not UTF-8 as lone surrogates, which no database stores.
    return text.isprintable() and canonical(text) is not None
