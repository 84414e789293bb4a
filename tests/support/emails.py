"""Simple emails for tests, as bytes."""

from datetime import datetime
from itertools import count
from typing import Final

from daemon.mail.envelope import Envelope, Inbound
from tests.support.fakes import NOON

SUPPORT: Final = "support@example.com"
ANN: Final = "ann@customer.example"
_numbers = count(1)


def mail(
    from_: str | None = f"Ann Example <{ANN}>",
    subject: str | None = "Payment failed",
    body: str = "Amount debited but not credited",
    *,
    to: str | None = f"Support <{SUPPORT}>",
    message_id: str | None = "",
    in_reply_to: str = "",
    references: str = "",
    date: str | None = "Mon, 02 Mar 2026 11:59:00 +0000",
    headers: tuple[str, ...] = (),
) -> bytes:
    """Return a mail with CRLF line ends. None leaves a field out; an empty `message_id` makes one of its own.

    `headers` are further lines, put on top as a relay would.
    """
    if not message_id and message_id is not None:
        message_id = f"<mail-{next(_numbers)}@customer.example>"
    fields = {
        "From": from_,
        "To": to,
        "Subject": subject,
        "Date": date,
        "Message-ID": message_id,
        "In-Reply-To": in_reply_to or None,
        "References": references or None,
    }
    lines = [*headers, *(f"{name}: {value}" for name, value in fields.items() if value is not None), "", body, ""]
    return "\r\n".join(lines).encode()


def inbound(
    raw: bytes,
    *,
    mail_from: str | None = ANN,
    rcpt_tos: tuple[str, ...] = (SUPPORT,),
    source: str = "smtp",
    received_at: datetime = NOON,
) -> Inbound:
    """Return a delivery of a mail."""
    return Inbound(Envelope(mail_from, rcpt_tos, "192.0.2.1", received_at), raw, source)
