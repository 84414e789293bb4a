"""Snapshots of answers: what the emails about them show, and the email of the customer that they answer."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import Row, bindparam, func, select
from sqlalchemy.orm import Session

from daemon.snapshots import EarlierAnswer, FailedDelivery, LastEmail, StoredAnswer
from daemon.store.models import AnswerRow, AttachmentRow, DeliveryRow, MessageRow, Person, Ticket
from daemon.store.queries import merged_customers
from daemon.store.sql import table
from daemon.vocabulary import AnswerState, MessageRole, ReturnCause, SenderKind, SubjectKind

# Upper bound of characters of the customer's text that an answer quotes, and of another answer that is shown.
MAX_QUOTED: Final = 100_000
MAX_IMAGES: Final = 20
# Messages that are searched for the address that a customer wrote to; before them, that of the ticket counts.
MAX_SEARCHED: Final = 200

ANSWER, MESSAGE, PERSON = table(AnswerRow), table(MessageRow), table(Person)
WRITER = MESSAGE.alias()
SELECT_ANSWERS = (
    select(ANSWER, PERSON.c.name.label("author_name"))
    .select_from(ANSWER.join(WRITER, WRITER.c.id == ANSWER.c.message_id))
    .outerjoin(PERSON, PERSON.c.id == WRITER.c.person_id)
    .where(ANSWER.c.id.in_(bindparam("ids", expanding=True)))
)
SELECT_BEFORE = select(
    ANSWER.c.id, ANSWER.c.author, ANSWER.c.settled_at, func.substr(ANSWER.c.text, 1, MAX_QUOTED).label("text")
).where(ANSWER.c.id.in_(bindparam("ids", expanding=True)))
SELECT_LAST = (
    select(
        MESSAGE.c.id,
        MESSAGE.c.inbound_id,
        MESSAGE.c.message_id,
        MESSAGE.c.created_at,
        func.substr(MESSAGE.c.text, 1, MAX_QUOTED).label("text"),
        PERSON.c.email,
        PERSON.c.name,
    )
    .select_from(MESSAGE.outerjoin(PERSON, PERSON.c.id == MESSAGE.c.person_id))
    .where(MESSAGE.c.ticket_id == bindparam("ticket"), MESSAGE.c.role == MessageRole.CUSTOMER)
    .where(MESSAGE.c.kind == SenderKind.PERSON, MESSAGE.c.inbound_id.is_not(None))
    # What the customer wrote after the answer was written is not what it answers.
    .where(MESSAGE.c.id < bindparam("before"))
    .order_by(MESSAGE.c.id.desc())
    .limit(1)
)
ORIGIN, SURVIVOR = table(Ticket).alias(), table(Ticket).alias()
# What each customer wrote last on a ticket, with the address of the ticket that it came with, NULL for this one.
SELECT_ADDRESSES = (
    select(PERSON.c.email, ORIGIN.c.address, (SURVIVOR.c.requester_id == PERSON.c.id).label("is_requester"))
    .select_from(MESSAGE.join(PERSON, PERSON.c.id == MESSAGE.c.person_id))
    .join(SURVIVOR, SURVIVOR.c.id == MESSAGE.c.ticket_id)
    .outerjoin(ORIGIN, ORIGIN.c.id == MESSAGE.c.moved_from_id)
    .where(MESSAGE.c.ticket_id == bindparam("ticket"), MESSAGE.c.role == MessageRole.CUSTOMER)
    .order_by(MESSAGE.c.id.desc())
    .limit(bindparam("most"))
)
FILE = table(AttachmentRow)
SELECT_IMAGES = (
    select(FILE.c.filename)
    .where(FILE.c.message_id == bindparam("message"), FILE.c.inline, FILE.c.content_type.like("image/%"))
    .order_by(FILE.c.id)
    .limit(MAX_IMAGES)
)
SELECT_DELIVERIES = select(
    DeliveryRow.id, DeliveryRow.cause, DeliveryRow.recipient, DeliveryRow.state, DeliveryRow.reason
).where(DeliveryRow.id.in_(bindparam("ids", expanding=True)))


def load(session: Session, answer_ids: Collection[int]) -> dict[int, StoredAnswer]:
    """Return answers by id."""
    rows = session.execute(SELECT_ANSWERS, {"ids": list(answer_ids)}).all()
    before_ids = [row.before_id for row in rows if row.before_id]
    before = {
        row.id: EarlierAnswer(row.author, row.settled_at, row.text)
        for row in (session.execute(SELECT_BEFORE, {"ids": before_ids}) if before_ids else ())
    }
    return {row.id: _answer(session, row, before.get(row.before_id)) for row in rows}


def of_deliveries(session: Session, delivery_ids: Collection[int]) -> dict[int, StoredAnswer]:
    """Return the answers that deliveries were to bring, by delivery, each with what became of the delivery."""
    rows = [
        row
        for row in session.execute(SELECT_DELIVERIES, {"ids": list(delivery_ids)})
        if row.cause.kind is SubjectKind.ANSWER
    ]
    found = load(session, {row.cause.id for row in rows})
    return {
        row.id: replace(found[row.cause.id], failure=FailedDelivery(row.recipient, row.state, row.reason))
        for row in rows
        if row.cause.id in found
    }


def _answer(session: Session, row: Row[Any], before: EarlierAnswer | None) -> StoredAnswer:
    cause, details = _why(row.reasons)
    return StoredAnswer(
        id=row.id,
        state=AnswerState(row.state),
        cause=cause,
        details=details,
        author=row.author,
        author_name=row.author_name or "",
        team=row.team,
        return_to=row.return_to,
        text=row.text,
        html=row.html,
        recipients=tuple(row.recipients),
        team_copied=row.team_copied,
        inline_parts=tuple(row.inline_parts),
        file_parts=tuple(row.file_parts),
        quotes_customer=row.quotes_customer,
        created_at=row.created_at,
        settled_at=row.settled_at,
        before=before,
        last=_last(session, row),
        addresses=_addresses(session, row),
        merged=merged_customers.load(session, row.ticket_id),
    )


def _addresses(session: Session, answer: Row[Any]) -> tuple[tuple[str, str], ...]:
    """Return the address that each customer wrote to, where it may be another than that of the ticket.

    What the customers of a merged ticket write after the merge comes to the ticket that is left, by the address that
    they know. Only its requester may have written to both.
    """
    found: dict[str, str | None] = {}
    for row in session.execute(SELECT_ADDRESSES, {"ticket": answer.ticket_id, "most": MAX_SEARCHED}):
        if row.address or row.is_requester:
            found.setdefault(row.email, row.address)
    return tuple((email, address) for email, address in found.items() if address)


def _why(reasons: Sequence[str]) -> tuple[ReturnCause | None, tuple[str, ...]]:
    """Return why an answer was held or returned, and the details."""
    if reasons and reasons[0] in set(ReturnCause):
        return ReturnCause(reasons[0]), tuple(reasons[1:])
    return None, tuple(reasons)


def _last(session: Session, answer: Row[Any]) -> LastEmail | None:
    known = {"ticket": answer.ticket_id, "before": answer.message_id}
    row = session.execute(SELECT_LAST, known).one_or_none()
    if row is None:
        return None
    images = tuple(session.execute(SELECT_IMAGES, {"message": row.id}).scalars())
    return LastEmail(
        inbound_id=row.inbound_id,
        message_id=row.message_id,
        author=row.email or "",
        author_name=row.name or "",
        at=row.created_at,
        text=row.text,
        images=images,
    )
