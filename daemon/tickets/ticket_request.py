"""Open a ticket by a request: compose it as an email and take that in, so that it goes the way of every email."""

import base64
import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from typing import Final

from sqlalchemy.orm import Session

from daemon.mail.envelope import HTTP, Envelope, Inbound
from daemon.store import idempotency
from daemon.store.idempotency import EarlierRequest, RequestKey
from daemon.store.store import Store
from daemon.tickets.admission import Receipt
from daemon.tickets.idempotency import fingerprint_of
from daemon.tickets.intake import EmailRefusedError, TransactionHook

# A line of RFC 5322 has at most 998 bytes; of a base64 text in an encoded word, 45 bytes make 60 characters.
LONGEST_LINE: Final = 998
WORD_BYTES: Final = 45
PLAIN: Final = re.compile(r"[A-Za-z0-9 !#$%&'*+/?^_`{|}~. -]{0,900}")


@dataclass(frozen=True, slots=True)
class TicketRequest:
    """What a program asks for: one line of title, a text, and who it is from, if known; `email` is canonical.

    `to` is the one of our addresses that it is for, "" for the main one.
    """

    title: str
    description: str
    email: str | None = None
    name: str = ""
    to: str = ""

    @property
    def fingerprint(self) -> str:
        """Return what tells two requests apart (SHA-256, hex)."""
        # Without `to`, the fingerprint is that of requests before there was one.
        parts = [self.title, self.description, self.email, self.name, *([self.to] if self.to else [])]
        return fingerprint_of(*parts)


class KeyTakenError(EmailRefusedError):
    """The request was carried out already under its key."""


def compose(request: TicketRequest, peer: str, to: str, domain: str, now: datetime) -> Inbound:
    """Return a request as an email to us, `to`, from the client at `peer`; its Message-ID ends in `domain`."""
    fields = [
        ("Message-ID", f"<http.{secrets.token_hex(16)}@{domain}>"),
        ("Date", format_datetime(now)),
        *([("From", _mailbox(request))] if request.email else []),
        ("To", to),
        ("Subject", _text(request.title)),
        ("MIME-Version", "1.0"),
        ("Content-Type", "text/plain; charset=utf-8"),
    ]
    body = "\r\n".join(request.description.splitlines()).encode() + b"\r\n"
    encoding = "8bit"
    if any(len(line) > LONGEST_LINE for line in body.split(b"\r\n")):
        encoding, body = "base64", base64.encodebytes(body).replace(b"\n", b"\r\n")
    fields.append(("Content-Transfer-Encoding", encoding))
    head = "".join(f"{name}: {value}\r\n" for name, value in fields)
    envelope = Envelope(request.email, (to,), peer, now)
    return Inbound(envelope, head.encode() + b"\r\n" + body, HTTP)


def earlier(store: Store, key: RequestKey, now: datetime) -> EarlierRequest | None:
    """Return the request that was carried out under a key, None where there is none."""
    with store.read() as session:
        return idempotency.find(session, key, now)


def noting(key: RequestKey, now: datetime) -> TransactionHook:
    """Return what notes a request in the transaction of its email, and refuses the email if it was noted before."""

    def also(session: Session, receipt: Receipt) -> None:
        if idempotency.find(session, key, now) is not None:
            raise KeyTakenError
        if receipt.ticket_id is not None:
            idempotency.add(session, key, receipt.ticket_id, now)

    return also


def _mailbox(request: TicketRequest) -> str:
    return f"{_text(request.name)} <{request.email}>" if request.name else f"<{request.email}>"


def _text(text: str) -> str:
    """Return text of one line for a header: as it is, or in encoded words (RFC 2047)."""
    if PLAIN.fullmatch(text) and "=?" not in text:
        return text
    words, chunk = [], b""
    for character in text:
        encoded = character.encode()
        if len(chunk) + len(encoded) > WORD_BYTES:
            words.append(chunk)
            chunk = b""
        chunk += encoded
    return "\r\n ".join(f"=?utf-8?B?{base64.b64encode(word).decode()}?=" for word in (*words, chunk))
