"""The SMTP commands that send one email, and the meaning of their replies."""

import re
import smtplib
from collections.abc import Callable
from typing import Final

from daemon.system.failpoint import failpoint
from daemon.text import harmless_line
from workers.transports.base import (
    AuthenticationFailure,
    PermanentFailure,
    RefusedSenderFailure,
    TemporaryFailure,
    TransportFailure,
    UncertainFailure,
)

MAX_TEXT: Final = 200
# RFC 4954 section 6 and RFC 5248: our login is missing or rejected, whatever email we send.
_NOT_AUTHENTICATED: Final = frozenset({530, 534, 535, 538})
# The session has ended or is out of step; the next email needs a new one.
_SESSION_LOST: Final = frozenset({421, 503})
_REPLY_CLASSES: Final = (2, 4, 5)
_FINAL_DOT: Final = b".\r\n"
# At MAIL: too large, or a parameter that only this email needs. Anything else refused there is said of our address.
_OF_THE_EMAIL: Final = frozenset({552, 555})
# What servers say of a client or sender that they do not serve, also at RCPT (Postfix) and after DATA (Exchange).
_OF_US: Final = re.compile(
    r"relay access denied|relaying denied|relay not permitted|(?:unable|not permitted) to relay"
    r"|sender address rejected|client host|not owned by|send ?as ?denied|send as\b|as this sender",
    re.IGNORECASE,
)
_STATUS: Final = re.compile(r"([245]\.\d{1,3}\.\d{1,3})\b[\s:]*")


def send_mail_command(smtp: smtplib.SMTP, mail_from: str, recipient: str, message: bytes) -> None:
    """Send MAIL with the sender and the ESMTP parameters that the email needs."""
    _expect(smtp, 2, "MAIL", f"FROM:<{mail_from}>{_parameters(smtp, recipient, message)}")


def send_recipient_and_data(smtp: smtplib.SMTP, recipient: str, message: bytes, hand_over: Callable[[], None]) -> str:
    """Send RCPT and DATA after MAIL and return the reply; `hand_over` is called just before the final dot."""
    _expect(smtp, 2, "RCPT", f"TO:<{recipient}>")
    _expect(smtp, 3, "DATA")
    smtp.send(_as_data(message))
    hand_over()
    # From here on the server may have accepted the email, whatever happens to its reply.
    try:
        smtp.send(_FINAL_DOT)
        failpoint("deliver.data")
        code, text = smtp.getreply()
    except OSError as error:
        raise UncertainFailure("no reply after the whole email was sent") from error
    if code // 100 not in _REPLY_CLASSES:
        raise UncertainFailure("unreadable reply after the whole email was sent")
    if code // 100 != 2:  # noqa: PLR2004 - RFC 5321 section 4.2.1
        raise _classified("DATA", code, text)
    return f"{code} {one_line(text)}"


def ends_session(failure: TransportFailure) -> bool:
    """Return whether the session must not be used again."""
    unclear = isinstance(failure, (UncertainFailure, AuthenticationFailure))
    return unclear or failure.code in _SESSION_LOST or failure.code // 100 not in _REPLY_CLASSES


def _parameters(smtp: smtplib.SMTP, recipient: str, message: bytes) -> str:
    """Return the ESMTP parameters of MAIL; a non-ASCII address needs RFC 6531."""
    parameters = f" SIZE={len(message)}" if smtp.has_extn("size") else ""
    if not recipient.isascii():
        if not smtp.has_extn("smtputf8"):
            raise PermanentFailure("the server does not accept non-ASCII addresses", 553, "5.6.7")
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
    # At RCPT, 552 means too many recipients (RFC 5321 section 4.5.3.1.10); at DATA, that the email is too large.
    if command == "RCPT" and code == 552:  # noqa: PLR2004
        raise failure(TemporaryFailure, code, text)
    raise _classified(command, code, text)


def _classified(command: str, code: int, text: bytes) -> TransportFailure:
    if code in _NOT_AUTHENTICATED:
        return failure(AuthenticationFailure, code, text)
    if is_temporary(code):
        return failure(TemporaryFailure, code, text)
    of_us = code not in _OF_THE_EMAIL if command == "MAIL" else _OF_US.search(one_line(text))
    return failure(RefusedSenderFailure if of_us else PermanentFailure, code, text)


def is_temporary(code: int) -> bool:
    """Return whether a reply is temporary: everything that is not clearly permanent."""
    return code // 100 != 5 or code in _SESSION_LOST  # noqa: PLR2004 - RFC 5321 section 4.2.1


def failure(kind: type[TransportFailure], code: int, text: bytes | str) -> TransportFailure:
    """Return a failure for a reply; the enhanced status code is taken from its text."""
    line = one_line(text)
    status = _STATUS.match(line)
    return kind(line[status.end() :] if status else line, code, status[1] if status else "")


def _as_data(message: bytes) -> bytes:
    """Return an email as DATA carries it before the final dot: CRLF, leading dots doubled (RFC 5321 section 4.5.2)."""
    lines = message.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n").replace(b"\r\n.", b"\r\n..")
    return (b"." if lines.startswith(b".") else b"") + lines + (b"" if lines.endswith(b"\r\n") else b"\r\n")


def one_line(text: bytes | str) -> str:
    """Return a reply as one short printable line."""
    return harmless_line(text.decode("utf-8", "replace") if isinstance(text, bytes) else text, MAX_TEXT)
