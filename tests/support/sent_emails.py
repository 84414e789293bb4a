"""An email of ours that was sent, and a report that it failed."""

from sqlalchemy import insert

from daemon.store.models import DeliveryRow
from daemon.store.store import Store
from daemon.tickets.admission import Receipt
from daemon.vocabulary import Subject, SubjectKind
from tests.support.emails import ANN, mail
from tests.support.fakes import NOON


def deliver(store: Store, ticket: Receipt, message_id: str) -> None:
    row = {
        "cause": Subject(SubjectKind.DECISION, 1),
        "kind": "acknowledgement",
        "recipient": ANN,
        "domain": "customer.example",
        "ticket_id": ticket.ticket_id,
        "message_id": message_id,
        "state": "sent",
        "reason": "",
        "attempts": 1,
        "created_at": NOON,
        "sent_at": NOON,
    }
    store.write(lambda session: session.execute(insert(DeliveryRow).values(row)) and None)


def bounce(
    message_id: str,
    recipient: str = "team@example.com",
    text: str = "The address does not exist.",
    status: str = "5.1.1",
) -> bytes:
    """Return a report that an email of ours failed (RFC 3464)."""
    body = (
        f"--b\r\nContent-Type: text/plain\r\n\r\n{text}\r\n--b\r\n"
        "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
        f"Final-Recipient: rfc822; {recipient}\r\nAction: failed\r\nStatus: {status}\r\n\r\n"
        f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: {message_id}\r\nSubject: x\r\n\r\n--b--"
    )
    report = "Content-Type: multipart/report; report-type=delivery-status; boundary=b"
    return mail("MAILER-DAEMON@mx.example", "Undelivered", body, headers=("MIME-Version: 1.0", report))
