"""What the outside said about an email before its first header."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Envelope:
    """The envelope of one delivery (RFC 5321 section 2.3.1).

    `mail_from` is "" for the null sender `<>`; IMAP mail has it from Return-Path where there is one, else None.
    `peer` is the address of the client, or the name of the mailbox. `received_at` is in UTC.
    """

    mail_from: str | None
    rcpt_tos: tuple[str, ...]
    peer: str
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Inbound:
    """One delivery as it came: envelope, untouched bytes, and its source.

    `source` is "smtp", "lmtp" or "imap:ACCOUNT/FOLDER/UIDVALIDITY/UID".
    """

    envelope: Envelope
    raw: bytes
    source: str
