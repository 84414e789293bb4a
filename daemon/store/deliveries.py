"""Outgoing mail: a row for each, unique per cause, kind and recipient."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, bindparam, func, select, update
from sqlalchemy.orm import Session

from daemon.store.models import DeliveryRow, table
from daemon.store.tickets import insert_or_ignore

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

# The cost of a mail must not grow with the mail before it; no limit distinguishes more than this.
COUNTED_AT_MOST = 10_000

DELIVERY = table(DeliveryRow)
SETTLE = (
    update(DELIVERY)
    .where(DELIVERY.c.id == bindparam("delivery"))
    .values(state=bindparam("to"), reason=bindparam("why"), sent_at=bindparam("at"))
)


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


def begin(session: Session, delivery_id: int) -> DeliveryRow | None:
    """Begin an attempt and return the row as it is during it; None when there is nothing left to attempt.

    A mail whose second attempt too ended without an answer is left UNCERTAIN.
    """
    row = session.get(DeliveryRow, delivery_id)
    if row is None:
        return None
    state = DeliveryState(row.state)
    if state is DeliveryState.RESENDING:
        settle(session, delivery_id, DeliveryState.UNCERTAIN, "two attempts ended without an answer")
        return None
    if state not in ATTEMPT:
        return None
    row.state, row.attempts = ATTEMPT[state], row.attempts + 1
    return row


def back_to(state: str) -> DeliveryState:
    """Return the state after an attempt that is known not to have delivered."""
    return DeliveryState.PLANNED if state == DeliveryState.SENDING else DeliveryState.SENDING


def settle(
    session: Session, delivery_id: int, state: DeliveryState, reason: str, sent_at: datetime | None = None
) -> None:
    """Give a delivery its state, with the reason."""
    session.execute(SETTLE, {"delivery": delivery_id, "to": state, "why": reason[:500], "at": sent_at})


def recent(session: Session, kind: str, recipient: str, now: datetime) -> Recent:
    """Count what of a kind was planned lately and not suppressed."""
    recipient = recipient.lower()
    domain = recipient.rpartition("@")[2]

    def count(since: timedelta, *where: ColumnElement[bool]) -> int:
        found = select(DeliveryRow.id).where(
            DeliveryRow.kind == kind,
            DeliveryRow.created_at > now - since,
            DeliveryRow.state != DeliveryState.SUPPRESSED,
            *where,
        )
        return session.execute(select(func.count()).select_from(found.limit(COUNTED_AT_MOST).subquery())).scalar_one()

    return Recent(
        count(DAY, DeliveryRow.recipient == recipient),
        count(HOUR, DeliveryRow.recipient == recipient),
        count(HOUR, DeliveryRow.domain == domain),
        count(HOUR),
    )


def first_of(session: Session, kind: str) -> int | None:
    """Return the very first delivery of a kind."""
    return session.execute(
        select(DeliveryRow.id).where(DeliveryRow.kind == kind).order_by(DeliveryRow.created_at).limit(1)
    ).scalar_one_or_none()


def first_to(session: Session, ticket_id: int, recipient: str) -> str | None:
    """Return the Message-ID of the first mail that went to somebody about a ticket: the head of their thread."""
    return session.execute(
        select(DeliveryRow.message_id)
        .where(
            DeliveryRow.ticket_id == ticket_id,
            DeliveryRow.recipient == recipient.lower(),
            DeliveryRow.state != DeliveryState.SUPPRESSED,
        )
        .order_by(DeliveryRow.id)
        .limit(1)
    ).scalar_one_or_none()
