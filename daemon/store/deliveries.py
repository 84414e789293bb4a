"""Outgoing emails: one row each, unique per cause, kind and recipient."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BindParameter, and_, bindparam, case, literal_column, select, update
from sqlalchemy.orm import Session

from daemon.mail.mailbox import mailbox_of
from daemon.store.models import DeliveryRow
from daemon.store.sql import BulkInsert, table, unindexed
from daemon.vocabulary import MailKind, Subject

NO_ANSWER = "handed over to the mail server twice without an answer; it may have arrived once, twice or not at all"


class DeliveryState(StrEnum):
    """Where an outgoing email stands.

    PLANNED: no mail server has the whole email, whatever attempts began. SENDING: it was handed over to the server
    once, and the answer is not known; RESENDING: twice. UNCERTAIN: it was, and no answer came. DISMISSED: an admin
    accepted that. DEFERRED: a limit was reached; a notify job plans it again after an hour.
    """

    PLANNED = "planned"
    SENDING = "sending"
    RESENDING = "resending"
    SENT = "sent"
    FAILED = "failed"
    SUPPRESSED = "suppressed"
    DEFERRED = "deferred"
    UNCERTAIN = "uncertain"
    DISMISSED = "dismissed"


# From which state an attempt may begin, and the state once it hands the email over. A worker that dies before that
# leaves nothing to find out; one that dies after it leaves that state behind.
STATE_AFTER_HANDOVER = {
    DeliveryState.PLANNED: DeliveryState.SENDING,
    DeliveryState.SENDING: DeliveryState.RESENDING,
}
HANDED_OVER = frozenset(STATE_AFTER_HANDOVER.values())

# Nothing was or will be sent as long as a delivery is in one of these.
HELD_BACK = (DeliveryState.SUPPRESSED, DeliveryState.DEFERRED)

DELIVERY = table(DeliveryRow)
STATE = unindexed(DELIVERY.c.state)
# Worded like the partial index, or SQLite does not use it.
NOT_SENT = DELIVERY.c.state != literal_column("'sent'")
DELIVERIES: BindParameter[int] = bindparam("deliveries", expanding=True)
BEGIN_ATTEMPTS = (
    update(DELIVERY)
    .where(DELIVERY.c.id.in_(DELIVERIES), STATE.in_(list(STATE_AFTER_HANDOVER)))
    .values(attempts=DELIVERY.c.attempts + 1, unended=DELIVERY.c.unended + 1)
    .returning(DELIVERY)
)
HAND_OVER = (
    update(DELIVERY)
    .where(DELIVERY.c.id == bindparam("delivery"), DELIVERY.c.attempts == bindparam("held"))
    .where(unindexed(DELIVERY.c.state) == bindparam("from"))
    .values(state=bindparam("to"))
    .returning(DELIVERY.c.id)
)
MARK_UNCERTAIN = (
    update(DELIVERY)
    .where(DELIVERY.c.id.in_(DELIVERIES), STATE == DeliveryState.RESENDING)
    .values(state=DeliveryState.UNCERTAIN, reason=NO_ANSWER)
)
INSERT_DELIVERIES = BulkInsert.to(DELIVERY)
SELECT_SAME_DELIVERIES = select(DELIVERY.c.cause, DELIVERY.c.kind, DELIVERY.c.recipient).where(
    DELIVERY.c.cause.in_(bindparam("causes", expanding=True))
)
SELECT_OF_KIND = select(DELIVERY.c.id).where(
    DELIVERY.c.id.in_(DELIVERIES), unindexed(DELIVERY.c.kind) == bindparam("kind")
)
SELECT_FIRST_OF_KIND = (
    select(DELIVERY.c.id).where(DELIVERY.c.kind == bindparam("kind")).order_by(DELIVERY.c.created_at).limit(1)
)
SELECT_FIRST_TO = (
    select(DELIVERY.c.message_id)
    .where(
        DELIVERY.c.ticket_id == bindparam("ticket"),
        DELIVERY.c.recipient == bindparam("recipient"),
        DELIVERY.c.state.not_in(HELD_BACK),
    )
    .order_by(DELIVERY.c.id)
    .limit(1)
)

# An email may bounce before the attempt has ended that sent it.
HAS_BOUNCED = and_(STATE == DeliveryState.FAILED, bindparam("to", type_=DELIVERY.c.state.type) == DeliveryState.SENT)
SETTLE_DELIVERY = (
    update(DELIVERY)
    .where(DELIVERY.c.id == bindparam("delivery"))
    .values(
        state=case((HAS_BOUNCED, DELIVERY.c.state), else_=bindparam("to", type_=DELIVERY.c.state.type)),
        reason=case((HAS_BOUNCED, DELIVERY.c.reason), else_=bindparam("why", type_=DELIVERY.c.reason.type)),
        sent_at=bindparam("at"),
    )
)

SELECT_DEFERRED = select(DELIVERY.c.id, DELIVERY.c.cause, DELIVERY.c.recipient, DELIVERY.c.created_at).where(
    DELIVERY.c.id.in_(DELIVERIES), STATE == DeliveryState.DEFERRED
)

END_ATTEMPT = (
    update(DELIVERY)
    .where(DELIVERY.c.id == bindparam("delivery"), DELIVERY.c.attempts == bindparam("held"))
    .where(STATE.in_([*STATE_AFTER_HANDOVER, *HANDED_OVER]))
    .values(state=bindparam("to"), reason=bindparam("why"), unended=0)
)
GIVE_UP = (
    update(DELIVERY)
    .where(DELIVERY.c.id == bindparam("delivery"))
    .values(
        state=case((STATE.in_(list(HANDED_OVER)), DeliveryState.UNCERTAIN), else_=DeliveryState.FAILED),
        reason=bindparam("why"),
    )
)


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """An email to plan. `recipient` is in lower case, `verified` if it is known to be read by who wrote to us."""

    cause: Subject
    kind: MailKind
    recipient: str
    ticket_id: int | None
    message_id: str
    state: DeliveryState
    reason: str
    now: datetime
    verified: bool = False
    digest_id: int | None = None

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
    mailbox = mailbox_of(planned.recipient)
    return {
        "cause": planned.cause,
        "kind": planned.kind,
        "recipient": planned.recipient,
        "domain": mailbox.domain,
        "mailbox": mailbox.address,
        "verified": planned.verified,
        "digest_id": planned.digest_id,
        "ticket_id": planned.ticket_id,
        "message_id": planned.message_id,
        "state": planned.state,
        "reason": planned.reason,
        "attempts": 0,
        "unended": 0,
        "created_at": planned.now,
        "sent_at": None,
    }


@dataclass(frozen=True, slots=True)
class Attempt:
    """A delivery as it is when an attempt begins.

    `attempts` identifies the attempt. `unended` counts this one and those before it of which nobody wrote how they
    ended, because their workers died.
    """

    id: int
    kind: MailKind
    cause: Subject
    recipient: str
    message_id: str
    state: DeliveryState
    attempts: int
    unended: int

    @property
    def repeats(self) -> bool:
        """Return whether the email was handed over before: this attempt is the last."""
        return self.state is DeliveryState.SENDING


def begin(session: Session, delivery_ids: Sequence[int]) -> dict[int, Attempt]:
    """Begin attempts and return them by delivery id, without the deliveries that have nothing left to attempt.

    An attempt may begin any number of times until it hands the email over. An email that was handed over twice without
    an answer is left UNCERTAIN.
    """
    rows = session.execute(BEGIN_ATTEMPTS, {"deliveries": delivery_ids})
    attempts = {
        row.id: Attempt(
            id=row.id,
            kind=MailKind(row.kind),
            cause=row.cause,
            recipient=row.recipient,
            message_id=row.message_id,
            state=DeliveryState(row.state),
            attempts=row.attempts,
            unended=row.unended,
        )
        for row in rows
    }
    others = [delivery for delivery in delivery_ids if delivery not in attempts]
    if others:
        session.execute(MARK_UNCERTAIN, {"deliveries": others})
    return attempts


def hand_over(session: Session, attempts: Sequence[Attempt]) -> list[bool]:
    """Record that emails are about to be handed over; False where another attempt began meanwhile.

    Once it is durable, the final dot of DATA may be sent.
    """
    return [_hand_over(session, attempt) for attempt in attempts]


def _hand_over(session: Session, attempt: Attempt) -> bool:
    # There is mostly one, and a statement for several would be written anew each time.
    after = STATE_AFTER_HANDOVER[attempt.state]
    known = {"delivery": attempt.id, "held": attempt.attempts, "from": attempt.state, "to": after}
    return session.execute(HAND_OVER, known).scalar_one_or_none() is not None


def undo(session: Session, attempt: Attempt) -> None:
    """Record that an attempt delivered nothing, unless another attempt began after it."""
    known = {"delivery": attempt.id, "held": attempt.attempts, "to": attempt.state, "why": "not delivered yet"}
    session.execute(END_ATTEMPT, known)


def leave_unanswered(session: Session, attempt: Attempt, reason: str) -> None:
    """Record that an attempt handed the email over for the first time, and that no answer came."""
    after = STATE_AFTER_HANDOVER[attempt.state]
    session.execute(END_ATTEMPT, {"delivery": attempt.id, "held": attempt.attempts, "to": after, "why": reason[:500]})


def give_up(session: Session, delivery_id: int, reason: str) -> None:
    """Let a delivery end without success: FAILED, or UNCERTAIN where the email was handed over without an answer."""
    session.execute(GIVE_UP, {"delivery": delivery_id, "why": reason[:500]})


@dataclass(frozen=True, slots=True)
class Deferred:
    """A delivery that waits for a limit, with the time of its first plan."""

    id: int
    cause: Subject
    recipient: str
    created_at: datetime


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
    """Give deliveries the state in which they end; one that was sent and has bounced already stays failed."""
    known = [{"delivery": o.delivery_id, "to": o.state, "why": o.reason[:500], "at": o.sent_at} for o in outcomes]
    session.execute(SETTLE_DELIVERY, known)


def deferred(session: Session, delivery_ids: Sequence[int]) -> dict[int, Deferred]:
    """Return those of these deliveries that are deferred, by id."""
    rows = session.execute(SELECT_DEFERRED, {"deliveries": delivery_ids})
    return {row.id: Deferred(row.id, row.cause, row.recipient, row.created_at) for row in rows}


def plan_again(
    session: Session, delivery_id: int, state: DeliveryState, reason: str, now: datetime, *, verified: bool
) -> None:
    """Change the plan for a deferred delivery. One that is sent after all counts from now on for the limits."""
    values = {"state": state, "reason": reason, "verified": verified}
    if state is DeliveryState.PLANNED:
        values["created_at"] = now
    session.execute(update(DELIVERY).where(DELIVERY.c.id == delivery_id).values(values))


def of_kind(session: Session, kind: MailKind, delivery_ids: Sequence[int]) -> frozenset[int]:
    """Return those of these deliveries that are of a kind."""
    return frozenset(session.execute(SELECT_OF_KIND, {"deliveries": list(delivery_ids), "kind": kind}).scalars())


def first_of(session: Session, kind: str) -> int | None:
    """Return the very first delivery of a kind."""
    return session.execute(SELECT_FIRST_OF_KIND, {"kind": kind}).scalar_one_or_none()


def first_to(session: Session, ticket_id: int, recipient: str) -> str | None:
    """Return the Message-ID of the first email to a recipient about a ticket: the head of their thread."""
    return session.execute(SELECT_FIRST_TO, {"ticket": ticket_id, "recipient": recipient.lower()}).scalar_one_or_none()
