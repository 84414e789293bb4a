"""Compose one email to one recipient from parts that may be hostile. Pure."""

import io
import re
from dataclasses import dataclass
from datetime import datetime
from email.generator import BytesGenerator
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Final

from daemon.mail.screening.loop import HEADER
from daemon.text import harmless_line
from daemon.vocabulary import MailKind
from workers.notify import headers, mime
from workers.notify.headers import RawPolicy
from workers.notify.mime import File
from workers.notify.sanitize import sendable

__all__ = ["ComposeError", "File", "OutgoingMail", "as_bytes", "compose"]

MAX_SUBJECT: Final = 200
MAX_REFERENCES: Final = 20
_MESSAGE_ID: Final = re.compile(r"<[!-;=?-~]{3,250}>")


class ComposeError(ValueError):
    """The email cannot be sent: one of its addresses or its Message-ID is not valid."""


@dataclass(frozen=True, slots=True)
class OutgoingMail:
    """The content of one email.

    Message-IDs have angle brackets, or are "". `loop_token` is signed and marks our own email, should it come back.
    `boundary_seed` is random, so that nobody can guess the boundary between the parts. `important` marks what should be
    read before other email. `copied` are the addresses in Cc: those get an email of their own.
    """

    kind: str
    sender_name: str
    sender_address: str
    recipient: str
    reply_to: str | None
    subject: str
    text: str
    html: str
    message_id: str
    in_reply_to: str
    references: tuple[str, ...]
    loop_token: str
    files: tuple[File, ...]
    date: datetime
    boundary_seed: str
    important: bool = False
    copied: tuple[str, ...] = ()


# 7bit, so that no relay without 8BITMIME has to re-encode parts that may be signed (RFC 6376 section 5.3).
_POLICY: Final = RawPolicy(linesep="\r\n", cte_type="7bit", raise_on_defect=False)


def compose(outgoing: OutgoingMail) -> EmailMessage:
    """Return the email; raises ComposeError for an unusable sender, recipient or Message-ID."""
    mail = EmailMessage(policy=_POLICY)
    mail["From"] = headers.mailbox("From", outgoing.sender_name, _address(outgoing.sender_address))
    mail["To"] = _address(outgoing.recipient)
    if copied := [address for address in map(sendable, outgoing.copied) if address]:
        mail["Cc"] = headers.addresses(copied)
    if outgoing.reply_to:
        mail["Reply-To"] = headers.mailbox("Reply-To", outgoing.sender_name, _address(outgoing.reply_to))
    mail["Subject"] = headers.text("Subject", outgoing.subject, MAX_SUBJECT)
    mail["Date"] = format_datetime(outgoing.date)
    _set_thread_headers(mail, outgoing)
    _set_automatic_headers(mail, outgoing)
    mail["MIME-Version"] = "1.0"
    mime.fill(mail, outgoing.text, outgoing.html, outgoing.files, outgoing.boundary_seed)
    return mail


def as_bytes(outgoing: OutgoingMail) -> bytes:
    """Return the email as it goes over the wire, with CRLF line ends."""
    written = io.BytesIO()
    _Generator(written, policy=_POLICY).flatten(compose(outgoing))
    return written.getvalue()


class _Generator(BytesGenerator):
    """Writes a text in one piece; the library writes line by line, which takes most of the time."""

    def _write_lines(self, lines: str) -> None:
        self.write(lines.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n"))


def _address(text: str) -> str:
    address = sendable(text)
    if address is None:
        raise ComposeError(f"not exactly one address: {harmless_line(text)!r}")
    return address


def _set_thread_headers(mail: EmailMessage, outgoing: OutgoingMail) -> None:
    """Set Message-ID, In-Reply-To and References (RFC 5322 section 3.6.4)."""
    if not _MESSAGE_ID.fullmatch(outgoing.message_id):
        raise ComposeError(f"not a Message-ID: {harmless_line(outgoing.message_id)!r}")
    mail["Message-ID"] = outgoing.message_id
    parents = [known for known in outgoing.references if _MESSAGE_ID.fullmatch(known)]
    if _MESSAGE_ID.fullmatch(outgoing.in_reply_to):
        mail["In-Reply-To"] = outgoing.in_reply_to
        parents = [known for known in parents if known != outgoing.in_reply_to] + [outgoing.in_reply_to]
    if parents:
        # The first is the root of the thread; the latest are the most useful of the others.
        kept = parents if len(parents) <= MAX_REFERENCES else [parents[0], *parents[1 - MAX_REFERENCES :]]
        mail["References"] = headers.message_ids(kept)


def _set_automatic_headers(mail: EmailMessage, outgoing: OutgoingMail) -> None:
    """Mark the email as automatic, so that no machine answers (RFC 3834 section 5, MS-OXCMAIL 2.2.3.2.14).

    A person wrote an answer: absence notes of the customer are wanted, and its only mark is the customer's own token.
    """
    mail[HEADER] = harmless_line(outgoing.loop_token)
    if outgoing.kind == MailKind.ANSWER:
        return
    mail["Auto-Submitted"] = "auto-replied" if outgoing.kind == MailKind.ACKNOWLEDGEMENT else "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    # Outlook sends a reaction with an emoji as an email, in the language of its author: it would be an answer.
    mail["x-ms-reactions"] = "disallow"
    if outgoing.important:
        # RFC 2156 section 5.3.6; Gmail, Outlook, Apple Mail and Thunderbird show the one or the other.
        mail["Importance"] = "high"
        mail["X-Priority"] = "1"
