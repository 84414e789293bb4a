"""Outgoing emails: one row each, unique per cause, kind and recipient."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import BindParameter, bindparam, case, func, literal_column, select, update
from sqlalchemy.orm import Session

from daemon.store.models import DeliveryRow
from daemon.store.sql import BulkInsert, table, unindexed
from daemon.text import domain_of
from daemon.vocabulary import MailKind, RecentCounts, Subject

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

# Counting must not cost more with every email that went before; no limit needs a higher count.
COUNTED_AT_MOST = 10_000


class DeliveryState(StrEnum):
    """Where an outgoing email stands.

    SENDING means that an attempt began whose outcome is not known yet, RESENDING that it is being repeated, once.
    """

    PLANNED = "planned"
    SENDING = "sending"
    RESENDING = "resending"
    SENT = "sent"
    FAILED = "failed"
    SUPPRESSED = "suppressed"
    UNCERTAIN = "uncertain"


# From which state an attempt may begin, and the state while it runs. A worker that dies leaves that state behind.
STATE_DURING_ATTEMPT = {
    DeliveryState.PLANNED: DeliveryState.SENDING,
    DeliveryState.SENDING: DeliveryState.RESENDING,
}

DELIVERY = table(DeliveryRow)
STATE = unindexed(DELIVERY.c.state)
# Worded like the partial index, or SQLite does not use it.
NOT_SENT = DELIVERY.c.state != literal_column("'sent'")
DELIVERIES: BindParameter[int] = bindparam("deliveries", expanding=True)
BEGIN_ATTEMPTS = (
    update(DELIVERY)
    .where(DELIVERY.c.id.in_(DELIVERIES), STATE.in_(list(STATE_DURING_ATTEMPT)))
    .values(state=case(STATE_DURING_ATTEMPT, value=DELIVERY.c.state), attempts=DELIVERY.c.attempts + 1)
    .returning(DELIVERY)
)
MARK_UNCERTAIN = (
    update(DELIVERY)
    .where(DELIVERY.c.id.in_(DELIVERIES), STATE == DeliveryState.RESENDING)
    .values(state=DeliveryState.UNCERTAIN, reason="two attempts ended without an answer")
)
INSERT_DELIVERIES = BulkInsert.to(DELIVERY)
SELECT_SAME_DELIVERIES = select(DELIVERY.c.cause, DELIVERY.c.kind, DELIVERY.c.recipient).where(
    DELIVERY.c.cause.in_(bindparam("causes", expanding=True))
)
SELECT_FIRST_OF_KIND = (
    select(DELIVERY.c.id).where(DELIVERY.c.kind == bindparam("kind")).order_by(DELIVERY.c.created_at).limit(1)
)
SELECT_FIRST_TO = (
    select(DELIVERY.c.message_id)
    .where(
        DELIVERY.c.ticket_id == bindparam("ticket"),
        DELIVERY.c.recipient == bindparam("recipient"),
        DELIVERY.c.state != DeliveryState.SUPPRESSED,
    )
    .order_by(DELIVERY.c.id)
    .limit(1)
)


OF_KIND = (DELIVERY.c.kind == bindparam("kind"), DELIVERY.c.state != DeliveryState.SUPPRESSED)
THIS_HOUR = DELIVERY.c.created_at > bindparam("hour")
TODAY = DELIVERY.c.created_at > bindparam("day")
MOST: BindParameter[int] = bindparam("most")
SELECT_RECENT_BY_ADDRESS = (
    select(DELIVERY.c.recipient, case((THIS_HOUR, 1), else_=0).label("fresh"))
    .where(DELIVERY.c.recipient.in_(bindparam("recipients", expanding=True)), *OF_KIND, TODAY)
    .limit(MOST)
    .subquery()
)
COUNT_TO_ADDRESSES = select(
    SELECT_RECENT_BY_ADDRESS.c.recipient,
    func.count().label("day"),
    func.sum(SELECT_RECENT_BY_ADDRESS.c.fresh).label("hour"),
).group_by(SELECT_RECENT_BY_ADDRESS.c.recipient)
SELECT_RECENT_BY_DOMAIN = (
    select(DELIVERY.c.domain)
    .where(DELIVERY.c.domain.in_(bindparam("domains", expanding=True)), *OF_KIND, THIS_HOUR)
    .limit(MOST)
    .subquery()
)
COUNT_TO_DOMAINS = select(SELECT_RECENT_BY_DOMAIN.c.domain, func.count().label("hour")).group_by(
    SELECT_RECENT_BY_DOMAIN.c.domain
)
COUNT_ALL = select(func.count()).select_from(
    select(DELIVERY.c.id).where(*OF_KIND, THIS_HOUR).limit(COUNTED_AT_MOST).subquery()
)
SETTLE_DELIVERY = (
    update(DELIVERY)
    .where(DELIVERY.c.id == bindparam("delivery"))
    .values(state=bindparam("to"), reason=bindparam("why"), sent_at=bindparam("at"))
)

UNDO_ATTEMPT = (
    update(DELIVERY)
    .where(DELIVERY.c.id == bindparam("delivery"), DELIVERY.c.attempts == bindparam("held"))
    .where(STATE.in_(list(STATE_DURING_ATTEMPT.values())))
    .values(state=bindparam("to"), reason="not delivered yet")
)


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """An email to plan. `recipient` is in lower case."""

    cause: Subject
    kind: MailKind
    recipient: str
    ticket_id: int | None
    message_id: str
    state: DeliveryState
    reason: str
    now: datetime

    @property
    def key(self) -> tuple[Subject, str, str]:
        """Return what identifies an email: there is one of each."""
        return self.cause, self.kind, self.recipient


def add(session: Session, planned: Sequence[NewDelivery]) -> list[int | None]:
    """Plan emails and return their ids, in order; None where the same one is planned already."""
    rows = session.execute(SELECT_SAME_DELIVERIES, {"causes": list({one.cause for one in planned})})
    known = {(row.cause, row.kind, row.recipient) for row in rows}
    fresh: dict[tuple[Subject, str, str], NewDelivery] = {}
    for one in planned:
        if one.key not in known:
            fresh.setdefault(one.key, one)
    ids = dict(zip(fresh, INSERT_DELIVERIES.rows(session, [_row(one) for one in fresh.values()]), strict=True))
    return [ids[one.key] if fresh.get(one.key) is one else None for one in planned]


def _row(planned: NewDelivery) -> dict[str, Any]:
    return {
        "cause": planned.cause,
        "kind": planned.kind,
        "recipient": planned.recipient,
        "domain": domain_of(planned.recipient),
        "ticket_id": planned.ticket_id,
        "message_id": planned.message_id,
        "state": planned.state,
        "reason": planned.reason,
        "attempts": 0,
        "created_at": planned.now,
        "sent_at": None,
    }


@dataclass(frozen=True, slots=True)
class Attempt:
    """A delivery as it is during an attempt."""

    id: int
    kind: MailKind
    cause: Subject
    recipient: str
    message_id: str
    state: DeliveryState
    attempts: int


def begin(session: Session, delivery_ids: Sequence[int]) -> dict[int, Attempt]:
    """Begin attempts and return them by delivery id, without the deliveries that have nothing left to attempt.

    An email whose second attempt also ended without an answer is left UNCERTAIN.
    """
    rows = session.execute(BEGIN_ATTEMPTS, {"deliveries": delivery_ids})
    begun = {
        row.id: Attempt(
            row.id, MailKind(row.kind), row.cause, row.recipient, row.message_id, DeliveryState(row.state), row.attempts
        )
        for row in rows
    }
    others = [delivery for delivery in delivery_ids if delivery not in begun]
    if others:
        session.execute(MARK_UNCERTAIN, {"deliveries": others})
    return begun


def back_to(state: str) -> DeliveryState:
    """Return the state after an attempt that is known not to have delivered."""
    return DeliveryState.PLANNED if state == DeliveryState.SENDING else DeliveryState.SENDING


def undo(session: Session, begun: Attempt) -> None:
    """Record that an attempt delivered nothing, unless another attempt began after it."""
    known = {"delivery": begun.id, "held": begun.attempts, "to": back_to(begun.state)}
    session.execute(UNDO_ATTEMPT, known)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a delivery ended, why, and when."""

    delivery_id: int
    state: DeliveryState
    reason: str
    at: datetime

    @property
    def sent_at(self) -> datetime | None:
        """Return when the email was sent, None where it was not."""
        return self.at if self.state is DeliveryState.SENT else None


def settle(session: Session, outcomes: Sequence[Outcome]) -> None:
    """Give deliveries the state in which they end."""
    known = [{"delivery": o.delivery_id, "to": o.state, "why": o.reason[:500], "at": o.sent_at} for o in outcomes]
    session.execute(SETTLE_DELIVERY, known)


def recent_counts(session: Session, kind: str, recipients: Sequence[str], now: datetime) -> RecentCounts:
    """Count the emails of a kind that were planned recently, in all and for recipients (in lower case)."""
    addresses = list(set(recipients))
    domains = list({domain_of(recipient) for recipient in recipients})
    about = {"kind": kind, "day": now - DAY, "hour": now - HOUR, "most": COUNTED_AT_MOST * max(1, len(addresses))}
    to_addresses = session.execute(COUNT_TO_ADDRESSES, about | {"recipients": addresses}).all()
    to_domains = session.execute(COUNT_TO_DOMAINS, about | {"domains": domains}).all()
    return RecentCounts(
        kind,
        Counter({row.recipient: row.day for row in to_addresses}),
        Counter({row.recipient: row.hour for row in to_addresses}),
        Counter({row.domain: row.hour for row in to_domains}),
        session.execute(COUNT_ALL, about).scalar_one(),
    )


def first_of(session: Session, kind: str) -> int | None:
    """Return the very first delivery of a kind."""
    return session.execute(SELECT_FIRST_OF_KIND, {"kind": kind}).scalar_one_or_none()


def first_to(session: Session, ticket_id: int, recipient: str) -> str | None:
    """Return the Message-ID of the first email to a recipient about a ticket: the head of their thread."""
    return session.execute(SELECT_FIRST_TO, {"ticket": ticket_id, "recipient": recipient.lower()}).scalar_one_or_none()
