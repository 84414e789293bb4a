"""Sends through an SMTP smarthost, over one kept connection a thread."""

import contextlib
import smtplib
import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from daemon.mail.address import canonical
from workers.transports.base import AuthenticationFailure, PermanentFailure, TemporaryFailure, TransportFailure
from workers.transports.smtp_protocol import begin, ends_session, failure, hand_over, is_temporary, line_of

Security = Literal["starttls", "tls", "none"]

MAX_MAILS: Final = 100
MAX_IDLE: Final = 60.0
GOODBYE: Final = 2.0


@dataclass(slots=True)
class _Line:
    """A connection, how many emails were begun over it, and when it was last used."""

    smtp: smtplib.SMTP
    begun: int
    used: float


class SmtpTransport:
    """Sends by SMTP (RFC 5321). Certificates are verified; without the TLS that was asked for nothing is sent."""

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
        # Reading the trusted certificates takes 50 ms.
        self._context = context or (None if security == "none" else ssl.create_default_context())
        self._clock = clock
        # By thread id: a thread that takes the id of an ended one inherits its connection.
        self._lines: dict[int, _Line] = {}

    def send(self, mail_from: str, recipient: str, message: bytes) -> str:
        """Send one email; raises TransportFailure. After any doubt about the session the connection is dropped."""
        if canonical(recipient) is None or (mail_from and canonical(mail_from) is None):
            raise PermanentFailure("not an address to which mail can be sent", 553, "5.1.3")
        line = self._line()
        try:
            line = self._begin(line, mail_from, recipient, message)
            answer = hand_over(line.smtp, recipient, message)
        except TransportFailure as refusal:
            if ends_session(refusal) or not self._reset(line):
                self._drop()
            raise
        except OSError as error:
            self._drop()
            raise TemporaryFailure(f"connection to {self._where} failed: {_reason(error)}") from error
        except BaseException:
            self._drop()
            raise
        line.used = self._clock()
        return answer

    def probe(self) -> None:
        """Connect, secure the connection and log in, without sending; raises TransportFailure."""
        _quit(self._connected())

    def close(self) -> None:
        """Say goodbye on every connection; for when no thread sends any more."""
        while self._lines:
            _quit(self._lines.popitem()[1].smtp)

    @property
    def _where(self) -> str:
        return f"{self._host}:{self._port}"

    def _line(self) -> _Line:
        """Return this thread's connection, fresh where the old one is worn or idle."""
        line = self._lines.get(threading.get_ident())
        if line and line.begun < MAX_MAILS and self._clock() - line.used <= MAX_IDLE:
            return line
        return self._renewed(line)

    def _renewed(self, old: _Line | None) -> _Line:
        if old:
            _quit(old.smtp)
        line = self._lines[threading.get_ident()] = _Line(self._connected(), 0, self._clock())
        return line

    def _begin(self, line: _Line, mail_from: str, recipient: str, message: bytes) -> _Line:
        """Begin an email; whatever is wrong with a connection that was kept, a fresh one is asked again."""
        kept = line.begun > 0
        line.begun += 1
        try:
            begin(line.smtp, mail_from, recipient, message)
        except (OSError, TransportFailure):
            if not kept:
                raise
            return self._begin(self._renewed(line), mail_from, recipient, message)
        return line

    def _reset(self, line: _Line) -> bool:
        line.used = self._clock()
        with contextlib.suppress(OSError):
            return line.smtp.rset()[0] == 250  # noqa: PLR2004 - RFC 5321 section 4.2.3
        return False

    def _drop(self) -> None:
        line = self._lines.pop(threading.get_ident(), None)
        if line:
            line.smtp.close()

    def _connected(self) -> smtplib.SMTP:
        try:
            smtp = self._opened()
        except (OSError, UnicodeError) as error:
            raise TemporaryFailure(f"cannot connect to {self._where}: {_reason(error)}") from error
        try:
            self._secure(smtp)
            self._log_in(smtp)
        except BaseException:
            smtp.close()
            raise
        return smtp

    def _opened(self) -> smtplib.SMTP:
        if self._security == "tls":
            return smtplib.SMTP_SSL(
                self._host, self._port, self._hostname, timeout=self._timeout, context=self._context
            )
        return smtplib.SMTP(self._host, self._port, self._hostname, timeout=self._timeout)

    def _secure(self, smtp: smtplib.SMTP) -> None:
        """Greet, and start TLS where it is asked for; going on without would be a downgrade (RFC 8314 section 4)."""
        try:
            smtp.ehlo_or_helo_if_needed()
            if self._security == "starttls":
                if not smtp.has_extn("starttls"):
                    raise TemporaryFailure(f"{self._where} offers no STARTTLS, and without it nothing is sent")
                code, text = smtp.starttls(context=self._context)
                if code != 220:  # noqa: PLR2004 - RFC 3207 section 4
                    raise TemporaryFailure(f"STARTTLS refused: {line_of(text)}", code)
                smtp.ehlo_or_helo_if_needed()
        except OSError as error:
            raise TemporaryFailure(f"no secure connection to {self._where}: {_reason(error)}") from error

    def _log_in(self, smtp: smtplib.SMTP) -> None:
        if not self._username:
            return
        try:
            smtp.login(self._username, self._password)
        except smtplib.SMTPServerDisconnected as error:
            raise TemporaryFailure(f"{self._where} hung up during authentication") from error
        except smtplib.SMTPResponseException as error:
            kind = TemporaryFailure if is_temporary(error.smtp_code) else AuthenticationFailure
            raise failure(kind, error.smtp_code, error.smtp_error) from error
        except smtplib.SMTPException as error:
            raise AuthenticationFailure(f"{self._where} offers no way to authenticate that we know") from error
        except UnicodeError as error:
            raise AuthenticationFailure("user name or password has characters that do not go over SMTP") from error
        except OSError as error:
            raise TemporaryFailure(f"authentication at {self._where} failed: {_reason(error)}") from error


def _quit(smtp: smtplib.SMTP) -> None:
    """End a session politely, but without waiting long for the answer."""
    with contextlib.suppress(OSError):
        if smtp.sock:
            smtp.sock.settimeout(GOODBYE)
            smtp.quit()
    smtp.close()


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}"
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{error.smtp_code} {line_of(error.smtp_error)}"
    return line_of(str(error)) or type(error).__name__
