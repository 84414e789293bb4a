"""Record bounces of emails that we sent."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.orm import Session

from daemon.mail.dsn.read import Dsn
from daemon.store import events
from daemon.store.deliveries import DeliveryState
from daemon.store.jobs import Offer
from daemon.store.models import DeliveryRow, Event, Suppression
from daemon.store.sql import table
from daemon.tickets.action_base import notify
from daemon.vocabulary import MailKind, Subject, SubjectKind

SUPPRESSED_FOR = timedelta(days=60)
PERMANENT = "delivery failed"
# A mail server that gives up after days says so with the status of its last try, such as 4.4.1.
GIVEN_UP = "delivery given up"
FINAL = (PERMANENT, GIVEN_UP)

SUPPRESSION = table(Suppression)
SELECT_SUPPRESSED = select(SUPPRESSION.c.email).where(
    SUPPRESSION.c.email.in_(bindparam("emails", expanding=True)), SUPPRESSION.c.until > bindparam("now")
)

# Actions that are no failure (RFC 3464 section 2.3.3).
HARMLESS = frozenset({"delivered", "relayed", "expanded"})
FAILED = "failed"


def ticket_of(session: Session, dsn: Dsn | None, delivery_id: int | None) -> int | None:
    """Return the ticket whose email a machine writes about, found by its Message-ID or its envelope sender."""
    sent = _delivery(session, dsn.original_message_id if dsn else "", delivery_id)
    return sent.ticket_id if sent else None


def _delivery(session: Session, message_id: str, delivery_id: int | None) -> DeliveryRow | None:
    """Return the delivery that a report is about: by the Message-ID in it, else by the address it was sent to."""
    found = None
    if message_id:
        found = session.execute(select(DeliveryRow).where(DeliveryRow.message_id == message_id)).scalar_one_or_none()
    if found is None and delivery_id is not None:
        found = session.get(DeliveryRow, delivery_id)
    return found


def note(
    session: Session, dsn: Dsn, inbound_id: int, now: datetime, delivery_id: int | None = None
) -> tuple[Offer, ...]:
    """Add an event for a report, and mark a delivery that failed for good as failed; return the jobs to offer.

    Only a report that names one of our Message-IDs counts, or one that was sent to the envelope sender of a delivery.
    It suppresses only the recipient of that email, and only where the failure is permanent: a forged report suppresses
    nobody. The team learns that an answer bounced.
    """
    sent = _delivery(session, dsn.original_message_id, delivery_id)
    if sent is None:
        return ()
    kind = _event_kind(dsn)
    events.add(
        session,
        kind,
        now,
        ticket_id=sent.ticket_id,
        inbound_id=inbound_id,
        delivery_id=sent.id,
        status=dsn.status,
        diagnostic=dsn.diagnostic,
    )
    is_unread = not dsn.failures and delivery_id is not None
    if kind not in FINAL and not (is_unread and dsn.kind == "dsn"):
        return ()
    why = " ".join(filter(None, (dsn.status or "no status", dsn.diagnostic)))
    reason = f"bounced: {why}"[:500]
    sent.state, sent.reason = DeliveryState.FAILED, reason
    session.flush()
    if dsn.permanent:
        _suppress(session, sent.recipient, dsn.status or "", sent.id, now)
    if sent.kind != MailKind.ANSWER:
        return ()
    return (notify(session, Subject(SubjectKind.DELIVERY, sent.id), now),)


def _event_kind(dsn: Dsn) -> str:
    if dsn.kind != "dsn":
        return "complaint" if dsn.kind == "arf" else "receipt"
    if dsn.action in HARMLESS:
        return f"report: {dsn.action}"
    if dsn.permanent:
        return PERMANENT
    if dsn.action == FAILED and not dsn.delayed:
        return GIVEN_UP
    return "delivery delayed" if dsn.delayed else "delivery failed for now"


def _suppress(session: Session, email: str, status: str, delivery_id: int, now: datetime) -> None:
    values = {
        "status": status[:16],
        "delivery_id": delivery_id,
        "since": now,
        "until": now + SUPPRESSED_FOR,
    }
    known = session.execute(update(Suppression).where(Suppression.email == email).values(values))
    if known.rowcount == 0:  # type: ignore[attr-defined]  # an UPDATE has it
        session.execute(insert(Suppression).values(email=email, **values))


def suppressed(session: Session, emails: Collection[str], now: datetime) -> frozenset[str]:
    """Return those of these addresses (in lower case) that are suppressed after a permanent bounce."""
    return frozenset(session.execute(SELECT_SUPPRESSED, {"emails": list(emails), "now": now}).scalars())


def undo(session: Session, inbound_id: int) -> None:
    """Take back what a report did that was no bounce: its delivery counts as sent, its recipient gets email again."""
    failed = session.execute(
        select(Event.delivery_id).where(
            Event.inbound_id == inbound_id, Event.kind.in_(FINAL), Event.delivery_id.is_not(None)
        )
    ).scalars()
    for delivery_id in failed.all():
        delivery = session.get(DeliveryRow, delivery_id)
        suppression = session.get(Suppression, delivery.recipient) if delivery is not None else None
        if suppression is not None and suppression.delivery_id == delivery_id:
            session.delete(suppression)
        if delivery is not None and delivery.state == "failed" and delivery.sent_at is not None:
            delivery.state, delivery.reason = "sent", ""
