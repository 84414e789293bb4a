"""Sends emails through an SMTP smarthost, over one persistent connection per thread."""

import contextlib
import smtplib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from daemon.mail.address import canonical
from workers.transports.base import (
    AuthenticationFailure,
    LostConnectionFailure,
    PermanentFailure,
    ServerFailure,
    TemporaryFailure,
    TransportFailure,
    no_record,
)
from workers.transports.smtp_protocol import (
    ends_session,
    failure,
    is_temporary,
    one_line,
    send_mail_command,
    send_recipient_and_data,
)

Security = Literal["starttls", "tls", "none"]

MAX_EMAILS: Final = 100
MAX_IDLE_SECONDS: Final = 60.0
QUIT_SECONDS: Final = 2.0
_DNS: Final = {socket.EAI_AGAIN: "the DNS does not answer", socket.EAI_NONAME: "the DNS knows no such host"}


class _Client(smtplib.SMTP):
    """An SMTP client that shows itself before it connects, so that another thread can end its waiting."""

    def __init__(
        self, opening: Callable[[smtplib.SMTP], None], host: str, port: int, name: str, timeout: float
    ) -> None:
        opening(self)
        super().__init__(host, port, name, timeout=timeout)


class _TlsClient(smtplib.SMTP_SSL):
    """The same for TLS from the first byte."""

    def __init__(
        self,
        opening: Callable[[smtplib.SMTP], None],
        host: str,
        port: int,
        name: str,
        timeout: float,
        context: ssl.SSLContext | None,
    ) -> None:
        opening(self)
        super().__init__(host, port, name, timeout=timeout, context=context)


@dataclass(slots=True)
class _Connection:
    """An open connection, the number of emails started over it, and the time of its last use."""

    smtp: smtplib.SMTP
    emails: int
    last_used: float


class SmtpTransport:
    """Sends emails by SMTP (RFC 5321).

    Certificates are verified. If the configured TLS is not available, nothing is sent.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        security: Security = "starttls",
        username: str = "",
        password: str = "",
        timeout: float = 60,
        hostname: str = "",
        context: ssl.SSLContext | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._host, self._port, self._security = host, port, security
        self._username, self._password = username, password
        self._timeout, self._hostname = timeout, hostname or socket.gethostname()
        # Loading the trusted certificates takes 50 ms: do it once.
        self._context = context or (None if security == "none" else ssl.create_default_context())
        self._clock = clock
        # By thread id. A new thread that gets the id of an ended thread also gets its connection.
        self._connections: dict[int, _Connection] = {}
        # The clients that are connecting or sending, by thread id.
        self._in_use: dict[int, smtplib.SMTP] = {}
        self._is_cut = False

    def send(self, mail_from: str, recipient: str, message: bytes, hand_over: Callable[[], None] = no_record) -> str:
        """Send one email; raises TransportFailure. If the state of the session is unclear, the connection is closed."""
        if canonical(recipient) is None or (mail_from and canonical(mail_from) is None):
            raise PermanentFailure("not a valid email address", 553, "5.1.3")
        with self._in_use_until_done():
            return self._send(self._get_connection(), mail_from, recipient, message, hand_over)

    def _send(
        self,
        connection: _Connection,
        mail_from: str,
        recipient: str,
        message: bytes,
        hand_over: Callable[[], None],
    ) -> str:
        try:
            connection = self._start_email(connection, mail_from, recipient, message)
            answer = send_recipient_and_data(connection.smtp, recipient, message, hand_over)
        except TransportFailure as refusal:
            if ends_session(refusal) or not self._reset(connection):
                self._drop()
            raise
        except OSError as error:
            self._drop()
            raise LostConnectionFailure(f"the connection to {self._address} failed: {_reason(error)}") from error
        except BaseException:
            self._drop()
            raise
        connection.last_used = self._clock()
        return answer

    def probe(self) -> None:
        """Connect, start TLS, log in and quit; raises TransportFailure."""
        with self._in_use_until_done():
            _quit(self._connect())

    def cut(self) -> None:
        """End the waiting for every server: the emails fail as if their connections were lost."""
        self._is_cut = True
        for smtp in tuple(self._in_use.values()):
            if smtp.sock:
                with contextlib.suppress(OSError):
                    smtp.sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Quit every session, and wait for no reply. Call it when no thread sends any more."""
        while self._connections:
            smtp = self._connections.popitem()[1].smtp
            with contextlib.suppress(OSError):
                smtp.putcmd("QUIT")
            smtp.close()

    @contextlib.contextmanager
    def _in_use_until_done(self) -> Iterator[None]:
        try:
            yield
        finally:
            self._in_use.pop(threading.get_ident(), None)

    def _use(self, smtp: smtplib.SMTP) -> None:
        """Let `cut` know what this thread may wait for; raises TemporaryFailure after a cut."""
        self._in_use[threading.get_ident()] = smtp
        if self._is_cut:
            raise TemporaryFailure("not sent: this process is stopping")

    @property
    def _address(self) -> str:
        return f"{self._host}:{self._port}"

    def _get_connection(self) -> _Connection:
        """Return the connection of this thread; replace one that was idle or used for too long."""
        connection = self._connections.get(threading.get_ident())
        if connection:
            self._use(connection.smtp)
        if connection and connection.emails < MAX_EMAILS and self._clock() - connection.last_used <= MAX_IDLE_SECONDS:
            return connection
        return self._reconnect(connection)

    def _reconnect(self, old: _Connection | None) -> _Connection:
        if old:
            _quit(old.smtp)
        connection = self._connections[threading.get_ident()] = _Connection(self._connect(), 0, self._clock())
        return connection

    def _start_email(self, connection: _Connection, mail_from: str, recipient: str, message: bytes) -> _Connection:
        """Send the MAIL command; if a reused connection fails in any way, try once more over a new one."""
        reused = connection.emails > 0
        connection.emails += 1
        try:
            send_mail_command(connection.smtp, mail_from, recipient, message)
        except (OSError, TransportFailure):
            if not reused:
                raise
            return self._start_email(self._reconnect(connection), mail_from, recipient, message)
        return connection

    def _reset(self, connection: _Connection) -> bool:
        connection.last_used = self._clock()
        with contextlib.suppress(OSError):
            return connection.smtp.rset()[0] == 250  # noqa: PLR2004 - RFC 5321 section 4.2.3
        return False

    def _drop(self) -> None:
        connection = self._connections.pop(threading.get_ident(), None)
        if connection:
            connection.smtp.close()

    def _connect(self) -> smtplib.SMTP:
        try:
            smtp = self._open()
        except (OSError, UnicodeError) as error:
            raise ServerFailure(f"cannot connect to {self._address}: {_reason(error)}") from error
        try:
            if smtp.sock:
                # The final dot is a packet of its own; it must not wait until the one before it is acknowledged.
                smtp.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._secure(smtp)
            self._log_in(smtp)
        except BaseException:
            smtp.close()
            raise
        return smtp

    def _open(self) -> smtplib.SMTP:
        to = (self._use, self._host, self._port, self._hostname, self._timeout)
        return _TlsClient(*to, self._context) if self._security == "tls" else _Client(*to)

    def _secure(self, smtp: smtplib.SMTP) -> None:
        """Send EHLO and start TLS if configured; to continue without would be a downgrade (RFC 8314 section 4)."""
        try:
            smtp.ehlo_or_helo_if_needed()
            if self._security == "starttls":
                if not smtp.has_extn("starttls"):
                    raise ServerFailure(f"{self._address} does not offer STARTTLS, so nothing is sent")
                code, text = smtp.starttls(context=self._context)
                if code != 220:  # noqa: PLR2004 - RFC 3207 section 4
                    raise ServerFailure(f"{self._address} refused STARTTLS: {one_line(text)}", code)
                smtp.ehlo_or_helo_if_needed()
        except OSError as error:
            raise ServerFailure(f"no secure connection to {self._address}: {_reason(error)}") from error

    def _log_in(self, smtp: smtplib.SMTP) -> None:
        if not self._username:
            return
        try:
            smtp.login(self._username, self._password)
        except smtplib.SMTPServerDisconnected as error:
            raise ServerFailure(f"{self._address} closed the connection during authentication") from error
        except smtplib.SMTPResponseException as error:
            kind = ServerFailure if is_temporary(error.smtp_code) else AuthenticationFailure
            raise failure(kind, error.smtp_code, error.smtp_error) from error
        except smtplib.SMTPException as error:
            raise AuthenticationFailure(f"{self._address} offers no supported authentication mechanism") from error
        except UnicodeError as error:
            raise AuthenticationFailure(
                "the user name or the password has characters that SMTP authentication cannot carry"
            ) from error
        except OSError as error:
            raise ServerFailure(f"authentication at {self._address} failed: {_reason(error)}") from error


def _quit(smtp: smtplib.SMTP) -> None:
    """Send QUIT and close the connection; do not wait long for the answer."""
    with contextlib.suppress(OSError):
        if smtp.sock:
            smtp.sock.settimeout(QUIT_SECONDS)
            smtp.quit()
    smtp.close()


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}"
    if isinstance(error, socket.gaierror) and error.errno in _DNS:
        return _DNS[error.errno]
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{error.smtp_code} {one_line(error.smtp_error)}"
    return one_line(str(error)) or type(error).__name__
