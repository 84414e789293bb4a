"""What was answered on a ticket before: the facts that decide whether the next answer is sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from daemon.store.answers import ANSWER, DELIVERY, MAX_COUNTED, MESSAGE
from daemon.vocabulary import AnswerState, MessageRole, Subject, SubjectKind

SENT_BY_OTHERS = (
    select(ANSWER.c.id, ANSWER.c.settled_at, ANSWER.c.after_delivery_id)
    .where(ANSWER.c.ticket_id == bindparam("ticket"), ANSWER.c.state == AnswerState.SENT)
    .where(ANSWER.c.author != bindparam("author"))
    .order_by(ANSWER.c.id.desc())
    .limit(MAX_COUNTED)
)
# What an author sent on a ticket after a time, and since a customer wrote last.
SENT_SINCE_CUSTOMER = (
    select(ANSWER.c.recipients, ANSWER.c.inline_parts, ANSWER.c.file_parts)
    .where(ANSWER.c.ticket_id == bindparam("ticket"), ANSWER.c.state == AnswerState.SENT)
    .where(ANSWER.c.author == bindparam("author"), ANSWER.c.text == bindparam("text"))
    .where(ANSWER.c.settled_at > bindparam("after"))
    .where(
        ANSWER.c.message_id
        > select(func.coalesce(func.max(MESSAGE.c.id), 0))
        .where(MESSAGE.c.ticket_id == bindparam("ticket"), MESSAGE.c.role == MessageRole.CUSTOMER)
        .scalar_subquery()
    )
    .limit(MAX_COUNTED)
)
COUNT_SENT = select(func.count()).select_from(
    select(ANSWER.c.id)
    .where(ANSWER.c.ticket_id == bindparam("ticket"), ANSWER.c.state == AnswerState.SENT)
    .where(ANSWER.c.settled_at > bindparam("after"))
    .limit(MAX_COUNTED)
    .subquery()
)
SELECT_ANSWERED = select(DELIVERY.c.id, DELIVERY.c.message_id, DELIVERY.c.cause).where(
    DELIVERY.c.message_id.in_(bindparam("ids", expanding=True)), DELIVERY.c.ticket_id == bindparam("ticket")
)


@dataclass(frozen=True, slots=True)
class SentAnswer:
    """An answer that was sent, when, and the newest delivery about the ticket at that time."""

    id: int
    sent_at: datetime
    after_delivery_id: int


@dataclass(frozen=True, slots=True)
class SentContent:
    """What an answer says, by whom and to whom; the parts are numbers of parts of its email."""

    author: str
    text: str
    recipients: Sequence[str]
    inline_parts: Sequence[int]
    file_parts: Sequence[int]


@dataclass(frozen=True, slots=True)
class AnsweredDelivery:
    """An email of ours that somebody answers, and the answer that it was about, if any."""

    id: int
    answer_id: int | None


def sent_by_others(session: Session, ticket_id: int, author: str) -> list[SentAnswer]:
    """Return the answers that others sent on a ticket, the newest first."""
    rows = session.execute(SENT_BY_OTHERS, {"ticket": ticket_id, "author": author})
    return [SentAnswer(row.id, row.settled_at, row.after_delivery_id or 0) for row in rows]


def is_repeated(session: Session, ticket_id: int, same: SentContent, after: datetime) -> bool:
    """Say whether the same answer was sent after a time, and since a customer wrote last."""
    values = {"ticket": ticket_id, "author": same.author, "text": same.text, "after": after}
    rows = session.execute(SENT_SINCE_CUSTOMER, values)
    wanted = (list(same.recipients), list(same.inline_parts), list(same.file_parts))
    return any((row.recipients, row.inline_parts, row.file_parts) == wanted for row in rows)


def sent_since(session: Session, ticket_id: int, after: datetime) -> int:
    """Return the number of answers that were sent on a ticket after a time."""
    return session.execute(COUNT_SENT, {"ticket": ticket_id, "after": after}).scalar_one()


def answered_delivery(session: Session, ticket_id: int, parents: Sequence[str]) -> AnsweredDelivery | None:
    """Return the delivery about a ticket that an email answers; `parents` are Message-IDs, the nearest first."""
    if not parents:
        return None
    rows = session.execute(SELECT_ANSWERED, {"ids": list(parents), "ticket": ticket_id}).all()
    found: dict[str, tuple[int, Subject]] = {row.message_id: (row.id, row.cause) for row in rows}
    for parent in parents:
        if parent in found:
            delivery_id, cause = found[parent]
            return AnsweredDelivery(delivery_id, cause.id if cause.kind is SubjectKind.ANSWER else None)
    return None
