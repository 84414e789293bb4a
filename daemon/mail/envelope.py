"""The envelope of an email: what the client or mailbox said about it, apart from its content."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

HTTP: Final = "http"


@dataclass(frozen=True, slots=True)
class Envelope:
    """The envelope of one delivery (RFC 5321 section 2.3.1).

    `mail_from` is "" for the null sender `<>`; email from IMAP has it from Return-Path, or None without one.
    `peer` is the address of the client, or the name of the mailbox. `received_at` is in UTC. `login` is the user as
    whom the client logged in (RFC 4954), or ""; it is not stored, so an email that is read again has none.
    """

    mail_from: str | None
    rcpt_tos: tuple[str, ...]
    peer: str
    received_at: datetime
    login: str = ""


@dataclass(frozen=True, slots=True)
class Inbound:
    """One delivery as received: envelope, unchanged bytes and source.

    `source` is "smtp", "lmtp", "imap:ACCOUNT/FOLDER/UIDVALIDITY/UID", or HTTP for an email that was composed from a
    request.
    """

    envelope: Envelope
    raw: bytes
    source: str

    @property
    def mailbox(self) -> str:
        """Return the IMAP account that the email came from, or ""."""
        kind, _, place = self.source.partition(":")
        return place.partition("/")[0] if kind == "imap" else ""
