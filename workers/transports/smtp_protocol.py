"""Speaks one email's part of an SMTP session, and says what the answers mean."""

import re
import smtplib
from typing import Final

from daemon.system.failpoint import failpoint
from daemon.text import harmless_line
from workers.transports.base import (
    AuthenticationFailure,
    PermanentFailure,
    TemporaryFailure,
    TransportFailure,
    UncertainFailure,
)

MAX_TEXT: Final = 200
# RFC 4954 section 6, RFC 5248: we are not let in, whatever we send.
_NOT_LET_IN: Final = frozenset({530, 534, 535, 538})
# The session is over or confused; the next mail starts a new one.
_SESSION_LOST: Final = frozenset({421, 503})
_ANSWERS: Final = (2, 4, 5)
_STATUS: Final = re.compile(r"([245]\.\d{1,3}\.\d{1,3})\b[\s:]*")


def begin(smtp: smtplib.SMTP, mail_from: str, recipient: str, message: bytes) -> None:
    """Begin an email over an open session: the sender, and what the email needs of the server."""
    _expect(smtp, 2, "MAIL", f"FROM:<{mail_from}>{_parameters(smtp, recipient, message)}")


def hand_over(smtp: smtplib.SMTP, recipient: str, message: bytes) -> str:
    """Send the email that was begun and return the answer."""
    _expect(smtp, 2, "RCPT", f"TO:<{recipient}>")
    _expect(smtp, 3, "DATA")
    smtp.send(_stuffed(message))
    # From here on the other side may have taken the email, whatever happens to the answer.
    try:
        failpoint("deliver.data")
        code, text = smtp.getreply()
    except OSError as error:
        raise UncertainFailure("no answer after the whole mail was sent") from error
    if code // 100 not in _ANSWERS:
        raise UncertainFailure("no readable answer after the whole mail was sent")
    if code // 100 != 2:  # noqa: PLR2004 - RFC 5321 section 4.2.1
        raise _classified(code, text)
    return f"{code} {line_of(text)}"


def ends_session(failure: TransportFailure) -> bool:
    """Tell whether the session is not to be used again."""
    doubtful = isinstance(failure, (UncertainFailure, AuthenticationFailure))
    return doubtful or failure.code in _SESSION_LOST or failure.code // 100 not in _ANSWERS


def _parameters(smtp: smtplib.SMTP, recipient: str, message: bytes) -> str:
    """Return the ESMTP parameters of MAIL; an international address needs RFC 6531."""
    parameters = f" SIZE={len(message)}" if smtp.has_extn("size") else ""
    if not recipient.isascii():
        if not smtp.has_extn("smtputf8"):
            raise PermanentFailure("the server takes no international addresses", 553, "5.6.7")
        smtp.command_encoding = "utf-8"
        return f"{parameters} SMTPUTF8 BODY=8BITMIME"
    smtp.command_encoding = "ascii"
    if not message.isascii() and smtp.has_extn("8bitmime"):
        parameters += " BODY=8BITMIME"
    return parameters


def _expect(smtp: smtplib.SMTP, first_digit: int, command: str, argument: str = "") -> None:
    code, text = smtp.docmd(command, argument)
    if code // 100 == first_digit:
        return
    # Too many recipients, as RFC 5321 section 4.5.3.1.10 reads it; at DATA it means that the email is too large.
    if command == "RCPT" and code == 552:  # noqa: PLR2004
        raise failure(TemporaryFailure, code, text)
    raise _classified(code, text)


def _classified(code: int, text: bytes) -> TransportFailure:
    if code in _NOT_LET_IN:
        return failure(AuthenticationFailure, code, text)
    return failure(TemporaryFailure if is_temporary(code) else PermanentFailure, code, text)


def is_temporary(code: int) -> bool:
    """Take whatever is not plainly permanent for temporary."""
    return code // 100 != 5 or code in _SESSION_LOST  # noqa: PLR2004 - RFC 5321 section 4.2.1


def failure(kind: type[TransportFailure], code: int, text: bytes | str) -> TransportFailure:
    """Return the failure that an answer means, its enhanced status code taken from its text."""
    line = line_of(text)
    status = _STATUS.match(line)
    return kind(line[status.end() :] if status else line, code, status[1] if status else "")


def _stuffed(message: bytes) -> bytes:
    """Return an email as DATA: CRLF line ends, leading dots doubled (RFC 5321 section 4.5.2), and the final dot."""
    lines = message.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n").replace(b"\r\n.", b"\r\n..")
    return (b"." if lines.startswith(b".") else b"") + lines + (b"" if lines.endswith(b"\r\n") else b"\r\n") + b".\r\n"


def line_of(text: bytes | str) -> str:
    """Return an answer as one short printable line."""
    return harmless_line(text.decode("utf-8", "replace") if isinstance(text, bytes) else text, MAX_TEXT)
