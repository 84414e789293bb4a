"""Outgoing mail: a row for each, unique per cause, kind and recipient."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, ScalarSelect, bindparam, case, func, literal_column, select, update
from sqlalchemy.orm import Session

from daemon.store.models import DeliveryRow, table, unindexed
from daemon.store.tickets import insert_or_ignore

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

# The cost of a mail must not grow with the mail before it; no limit distinguishes more than this.
COUNTED_AT_MOST = 10_000


class DeliveryState(StrEnum):
    """Where an outgoing mail stands.

    SENDING means that an attempt began whose outcome is not known yet, RESENDING that it is being repeated, once.
    """

    PLANNED = "planned"
    SENDING = "sending"
    RESENDING = "resending"
    SENT = "sent"
    FAILED = "failed"
    SUPPRESSED = "suppressed"
    UNCERTAIN = "uncertain"


# What an attempt may begin from, and the state while it runs. Whoever dies in between leaves that state behind.
ATTEMPT = {
    DeliveryState.PLANNED: DeliveryState.SENDING,
    DeliveryState.SENDING: DeliveryState.RESENDING,
}

DELIVERY = table(DeliveryRow)
STATE = unindexed(DELIVERY.c.state)
# In the words of the partial index: SQLite does not conclude by itself that what is uncertain is not sent.
NOT_SENT = DELIVERY.c.state != literal_column("'sent'")
BEGIN = (
    update(DELIVERY)
    .where(DELIVERY.c.id == bindparam("delivery"), STATE.in_(list(ATTEMPT)))
    .values(state=case(ATTEMPT, value=DELIVERY.c.state), attempts=DELIVERY.c.attempts + 1)
    .returning(DELIVERY)
)
LEAVE_UNCERTAIN = (
    update(DELIVERY)
    .where(DELIVERY.c.id == bindparam("delivery"), STATE == DeliveryState.RESENDING)
    .values(state=DeliveryState.UNCERTAIN, reason="two attempts ended without an answer")
)
FIRST_OF = select(DELIVERY.c.id).where(DELIVERY.c.kind == bindparam("kind")).order_by(DELIVERY.c.created_at).limit(1)
FIRST_TO = (
    select(DELIVERY.c.message_id)
    .where(
        DELIVERY.c.ticket_id == bindparam("ticket"),
        DELIVERY.c.recipient == bindparam("recipient"),
        DELIVERY.c.state != DeliveryState.SUPPRESSED,
    )
    .order_by(DELIVERY.c.id)
    .limit(1)
)


def _counted(since: str, *where: ColumnElement[bool]) -> ScalarSelect[int]:
    found = select(DELIVERY.c.id).where(
        DELIVERY.c.kind == bindparam("kind"),
        DELIVERY.c.created_at > bindparam(since),
        DELIVERY.c.state != DeliveryState.SUPPRESSED,
        *where,
    )
    return select(func.count()).select_from(found.limit(COUNTED_AT_MOST).subquery()).scalar_subquery()


TO_ADDRESS = DELIVERY.c.recipient == bindparam("recipient")
TO_DOMAIN = DELIVERY.c.domain == bindparam("domain")
RECENT = select(
    _counted("day", TO_ADDRESS), _counted("hour", TO_ADDRESS), _counted("hour", TO_DOMAIN), _counted("hour")
)
SETTLE = (
    update(DELIVERY)
    .where(DELIVERY.c.id == bindparam("delivery"))
    .values(state=bindparam("to"), reason=bindparam("why"), sent_at=bindparam("at"))
)

UNDO = (
    update(DELIVERY)
    .where(DELIVERY.c.id == bindparam("delivery"), DELIVERY.c.attempts == bindparam("held"))
    .where(STATE.in_(list(ATTEMPT.values())))
    .values(state=bindparam("to"), reason="not delivered yet")
)


@dataclass(frozen=True, slots=True)
class Recent:
    """How many mails of a kind went out lately: to an address in a day and an hour, to its domain, and in all."""

    address_day: int
    address_hour: int
    domain_hour: int
    hour: int


def add(
    session: Session,
    *,
    cause: str,
    kind: str,
    recipient: str,
    ticket_id: int | None,
    message_id: str,
    state: DeliveryState,
    reason: str,
    now: datetime,
) -> int | None:
    """Plan a mail and return its id, or None where the same one is planned already."""
    recipient = recipient.lower()
    row = {
        "cause": cause,
        "kind": kind,
        "recipient": recipient,
        "domain": recipient.rpartition("@")[2],
        "ticket_id": ticket_id,
        "message_id": message_id,
        "state": state,
        "reason": reason,
        "attempts": 0,
        "created_at": now,
        "sent_at": None,
    }
    statement = insert_or_ignore(session, DeliveryRow).returning(DELIVERY.c.id)
    return session.execute(statement, row).scalar_one_or_none()


@dataclass(frozen=True, slots=True)
class Begun:
    """A delivery as it is during an attempt."""

    id: int
    kind: str
    cause: str
    recipient: str
    message_id: str
    state: DeliveryState
    attempts: int


def begin(session: Session, delivery_id: int) -> Begun | None:
    """Begin an attempt and return the delivery as it is during it; None when there is nothing left to attempt.

    A mail whose second attempt too ended without an answer is left UNCERTAIN.
    """
    row = session.execute(BEGIN, {"delivery": delivery_id}).one_or_none()
    if row is not None:
        return Begun(
            delivery_id, row.kind, row.cause, row.recipient, row.message_id, DeliveryState(row.state), row.attempts
        )
    session.execute(LEAVE_UNCERTAIN, {"delivery": delivery_id})
    return None


def back_to(state: str) -> DeliveryState:
    """Return the state after an attempt that is known not to have delivered."""
    return DeliveryState.PLANNED if state == DeliveryState.SENDING else DeliveryState.SENDING


def undo(session: Session, begun: Begun) -> None:
    """Note that an attempt surely delivered nothing, unless another began after it."""
    known = {"delivery": begun.id, "held": begun.attempts, "to": back_to(begun.state)}
    session.execute(UNDO, known)


def settle(
    session: Session, delivery_id: int, state: DeliveryState, reason: str, sent_at: datetime | None = None
) -> None:
    """Give a delivery its state, with the reason."""
    session.execute(SETTLE, {"delivery": delivery_id, "to": state, "why": reason[:500], "at": sent_at})


def recent(session: Session, kind: str, recipient: str, now: datetime) -> Recent:
    """Count what of a kind was planned lately and not suppressed."""
    recipient = recipient.lower()
    domain = recipient.rpartition("@")[2]
    about = {"kind": kind, "recipient": recipient, "domain": domain, "day": now - DAY, "hour": now - HOUR}
    return Recent(*session.execute(RECENT, about).one())


def first_of(session: Session, kind: str) -> int | None:
    """Return the very first delivery of a kind."""
    return session.execute(FIRST_OF, {"kind": kind}).scalar_one_or_none()


def first_to(session: Session, ticket_id: int, recipient: str) -> str | None:
    """Return the Message-ID of the first mail that went to somebody about a ticket: the head of their thread."""
    return session.execute(FIRST_TO, {"ticket": ticket_id, "recipient": recipient.lower()}).scalar_one_or_none()
