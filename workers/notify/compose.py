"""Make one mail to one recipient from parts that may be hostile: pure, every header one line."""

import io
import re
from dataclasses import dataclass
from datetime import datetime
from email.generator import BytesGenerator
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Final

from daemon.mail.screening.loop import HEADER
from workers.notify import headers, mime
from workers.notify.headers import RawPolicy
from workers.notify.mime import File
from workers.notify.plan import MailKind
from workers.notify.sanitize import one_line, sendable

__all__ = ["ComposeError", "File", "OutgoingMail", "as_bytes", "compose"]

MAX_SUBJECT: Final = 200
MAX_REFERENCES: Final = 20
_MESSAGE_ID: Final = re.compile(r"<[!-;=?-~]{3,250}>")


class ComposeError(ValueError):
    """The letter cannot be sent: an address or a Message-ID of ours is not one."""


@dataclass(frozen=True, slots=True)
class OutgoingMail:
    """What one mail consists of.

    Message-IDs have their angle brackets, or are "". `loop_token` is signed and tells our own mail when it comes back.
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


# 7bit: a relay that does not offer 8BITMIME must not have to re-encode what others may have signed (RFC 6376 5.3).
_POLICY: Final = RawPolicy(linesep="\r\n", cte_type="7bit", raise_on_defect=False)


def compose(letter: OutgoingMail) -> EmailMessage:
    """Return the mail of a letter; ComposeError where it has no usable sender, recipient or Message-ID."""
    mail = EmailMessage(policy=_POLICY)
    mail["From"] = headers.mailbox("From", letter.sender_name, _address(letter.sender_address))
    mail["To"] = _address(letter.recipient)
    if letter.reply_to:
        mail["Reply-To"] = headers.mailbox("Reply-To", letter.sender_name, _address(letter.reply_to))
    mail["Subject"] = headers.text("Subject", letter.subject, MAX_SUBJECT)
    mail["Date"] = format_datetime(letter.date)
    _identify(mail, letter)
    _mark_automatic(mail, letter)
    mail["MIME-Version"] = "1.0"
    mime.fill(mail, letter.text, letter.html, letter.files)
    return mail


def as_bytes(letter: OutgoingMail) -> bytes:
    """Return the mail of a letter as it goes over the wire, with CRLF line ends."""
    written = io.BytesIO()
    _Generator(written, policy=_POLICY).flatten(compose(letter))
    return written.getvalue()


class _Generator(BytesGenerator):
    """Writes a text in one piece; the library writes it line by line, which takes longer than all the rest."""

    def _write_lines(self, lines: str) -> None:
        self.write(lines.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n"))


def _address(text: str) -> str:
    address = sendable(text)
    if address is None:
        raise ComposeError(f"not exactly one address: {one_line(text)!r}")
    return address


def _identify(mail: EmailMessage, letter: OutgoingMail) -> None:
    """Say which mail this is and which ones it answers (RFC 5322 section 3.6.4)."""
    if not _MESSAGE_ID.fullmatch(letter.message_id):
        raise ComposeError(f"not a Message-ID: {one_line(letter.message_id)!r}")
    mail["Message-ID"] = letter.message_id
    parents = [known for known in letter.references if _MESSAGE_ID.fullmatch(known)]
    if _MESSAGE_ID.fullmatch(letter.in_reply_to):
        mail["In-Reply-To"] = letter.in_reply_to
        parents = [known for known in parents if known != letter.in_reply_to] + [letter.in_reply_to]
    if parents:
        # The first one is the root of the thread; of the others the latest matter.
        kept = parents if len(parents) <= MAX_REFERENCES else [parents[0], *parents[1 - MAX_REFERENCES :]]
        mail["References"] = headers.message_ids(kept)


def _mark_automatic(mail: EmailMessage, letter: OutgoingMail) -> None:
    """Say that no person wrote it, so that no machine answers (RFC 3834 section 5, MS-OXCMAIL 2.2.3.2.14)."""
    mail["Auto-Submitted"] = "auto-replied" if letter.kind == MailKind.ACKNOWLEDGEMENT else "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    mail[HEADER] = one_line(letter.loop_token)
