"""Outgoing mail: a row for each, unique per cause, kind and recipient."""

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
from daemon.vocabulary import MailKind, SendCounts, Subject

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

# The cost of an email must not grow with the email before it; no limit distinguishes more than this.
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
DELIVERIES: BindParameter[int] = bindparam("deliveries", expanding=True)
BEGIN = (
    update(DELIVERY)
    .where(DELIVERY.c.id.in_(DELIVERIES), STATE.in_(list(ATTEMPT)))
    .values(state=case(ATTEMPT, value=DELIVERY.c.state), attempts=DELIVERY.c.attempts + 1)
    .returning(DELIVERY)
)
LEAVE_UNCERTAIN = (
    update(DELIVERY)
    .where(DELIVERY.c.id.in_(DELIVERIES), STATE == DeliveryState.RESENDING)
    .values(state=DeliveryState.UNCERTAIN, reason="two attempts ended without an answer")
)
ADDING = BulkInsert.to(DELIVERY)
SAME = select(DELIVERY.c.cause, DELIVERY.c.kind, DELIVERY.c.recipient).where(
    DELIVERY.c.cause.in_(bindparam("causes", expanding=True))
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


KIND = (DELIVERY.c.kind == bindparam("kind"), DELIVERY.c.state != DeliveryState.SUPPRESSED)
THIS_HOUR = DELIVERY.c.created_at > bindparam("hour")
TODAY = DELIVERY.c.created_at > bindparam("day")
MOST: BindParameter[int] = bindparam("most")
OF_ADDRESSES = (
    select(DELIVERY.c.recipient, case((THIS_HOUR, 1), else_=0).label("fresh"))
    .where(DELIVERY.c.recipient.in_(bindparam("recipients", expanding=True)), *KIND, TODAY)
    .limit(MOST)
    .subquery()
)
TO_ADDRESSES = select(
    OF_ADDRESSES.c.recipient, func.count().label("day"), func.sum(OF_ADDRESSES.c.fresh).label("hour")
).group_by(OF_ADDRESSES.c.recipient)
OF_DOMAINS = (
    select(DELIVERY.c.domain)
    .where(DELIVERY.c.domain.in_(bindparam("domains", expanding=True)), *KIND, THIS_HOUR)
    .limit(MOST)
    .subquery()
)
TO_DOMAINS = select(OF_DOMAINS.c.domain, func.count().label("hour")).group_by(OF_DOMAINS.c.domain)
IN_ALL = select(func.count()).select_from(
    select(DELIVERY.c.id).where(*KIND, THIS_HOUR).limit(COUNTED_AT_MOST).subquery()
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
        """Return what there is only one mail of."""
        return self.cause, self.kind, self.recipient


def add(session: Session, planned: Sequence[NewDelivery]) -> list[int | None]:
    """Plan emails and return their ids, in order; None where the same one is planned already."""
    rows = session.execute(SAME, {"causes": list({one.cause for one in planned})})
    known = {(row.cause, row.kind, row.recipient) for row in rows}
    fresh: dict[tuple[Subject, str, str], NewDelivery] = {}
    for one in planned:
        if one.key not in known:
            fresh.setdefault(one.key, one)
    ids = dict(zip(fresh, ADDING.rows(session, [_row(one) for one in fresh.values()]), strict=True))
    return [ids[one.key] if fresh.get(one.key) is one else None for one in planned]


def _row(planned: NewDelivery) -> dict[str, Any]:
    return {
        "cause": planned.cause,
        "kind": planned.kind,
        "recipient": planned.recipient,
        "domain": planned.recipient.rpartition("@")[2],
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
    """Begin attempts and return the deliveries as they are during them, by id, but those with nothing left to attempt.

    An email whose second attempt too ended without an answer is left UNCERTAIN.
    """
    rows = session.execute(BEGIN, {"deliveries": delivery_ids})
    begun = {
        row.id: Attempt(
            row.id, MailKind(row.kind), row.cause, row.recipient, row.message_id, DeliveryState(row.state), row.attempts
        )
        for row in rows
    }
    others = [delivery for delivery in delivery_ids if delivery not in begun]
    if others:
        session.execute(LEAVE_UNCERTAIN, {"deliveries": others})
    return begun


def back_to(state: str) -> DeliveryState:
    """Return the state after an attempt that is known not to have delivered."""
    return DeliveryState.PLANNED if state == DeliveryState.SENDING else DeliveryState.SENDING


def undo(session: Session, begun: Attempt) -> None:
    """Note that an attempt surely delivered nothing, unless another began after it."""
    known = {"delivery": begun.id, "held": begun.attempts, "to": back_to(begun.state)}
    session.execute(UNDO, known)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a delivery, with the reason."""

    delivery_id: int
    state: DeliveryState
    reason: str
    sent_at: datetime | None = None


def settle(session: Session, fates: Sequence[Outcome]) -> None:
    """Give deliveries the state in which they end."""
    known = [{"delivery": f.delivery_id, "to": f.state, "why": f.reason[:500], "at": f.sent_at} for f in fates]
    session.execute(SETTLE, known)


@dataclass(slots=True)
class RecentCounts:
    """How many emails of a kind were planned lately, not suppressed: by address, by domain, and in all."""

    kind: str
    by_address_day: Counter[str]
    by_address_hour: Counter[str]
    by_domain_hour: Counter[str]
    in_all_hour: int

    def to(self, recipient: str) -> SendCounts:
        """Return what counts for one more mail to a recipient."""
        domain = recipient.rpartition("@")[2]
        day, hour = self.by_address_day[recipient], self.by_address_hour[recipient]
        return SendCounts(day, hour, self.by_domain_hour[domain], self.in_all_hour)

    def add(self, recipient: str) -> None:
        """Count one more."""
        self.by_address_day[recipient] += 1
        self.by_address_hour[recipient] += 1
        self.by_domain_hour[recipient.rpartition("@")[2]] += 1
        self.in_all_hour += 1


def recent_counts(session: Session, kind: str, recipients: Sequence[str], now: datetime) -> RecentCounts:
    """Count what of a kind was planned lately, in all and for recipients (in lower case)."""
    addresses = list(set(recipients))
    domains = list({recipient.rpartition("@")[2] for recipient in recipients})
    about = {"kind": kind, "day": now - DAY, "hour": now - HOUR, "most": COUNTED_AT_MOST * max(1, len(addresses))}
    to_addresses = session.execute(TO_ADDRESSES, about | {"recipients": addresses}).all()
    to_domains = session.execute(TO_DOMAINS, about | {"domains": domains}).all()
    return RecentCounts(
        kind,
        Counter({row.recipient: row.day for row in to_addresses}),
        Counter({row.recipient: row.hour for row in to_addresses}),
        Counter({row.domain: row.hour for row in to_domains}),
        session.execute(IN_ALL, about).scalar_one(),
    )


def first_of(session: Session, kind: str) -> int | None:
    """Return the very first delivery of a kind."""
    return session.execute(FIRST_OF, {"kind": kind}).scalar_one_or_none()


def first_to(session: Session, ticket_id: int, recipient: str) -> str | None:
    """Return the Message-ID of the first mail that went to somebody about a ticket: the head of their thread."""
    return session.execute(FIRST_TO, {"ticket": ticket_id, "recipient": recipient.lower()}).scalar_one_or_none()
