"""Find the people of the customer's last email, its author and whom they copied: they get the answer too."""

from typing import Final

from sqlalchemy.orm import Session

from daemon.mail.message import Message
from daemon.mail.mime.parse import parse
from daemon.store import answers, ledger
from daemon.tickets import rulings

HEADER_BYTES: Final = 256 * 1024
MAX_COPIES: Final = 20


def people_of_last_email(session: Session, ticket_id: int, known: frozenset[str]) -> tuple[str, ...]:
    """Return the author of the customer's last email, and to whom they copied it.

    The author counts if they take part in the ticket. Whom they copied counts only if they are trusted: a forged email
    must not make us write to whom its forger names. An email that a member forwarded names whom the member copied.
    """
    last = answers.last_email(session, ticket_id)
    if last is None or last.author is None:
        return ()
    author = (last.author,) if last.author in known else ()
    if not last.trusted or rulings.was_forwarded(session, last.inbound_id):
        return author
    header = read_header(ledger.raw_of(session, last.inbound_id))
    copied = [(one.email or "").lower() for one in (*header.to, *header.cc)]
    return (*author, *(address for address in copied[:MAX_COPIES] if address))


def read_header(raw: bytes) -> Message:
    """Return an email with its header only; its body may have megabytes."""
    head = raw[:HEADER_BYTES]
    ends = [at for mark in (b"\r\n\r\n", b"\n\n") if (at := head.find(mark)) >= 0]
    return parse(head[: min(ends)] + b"\r\n\r\n" if ends else head)
