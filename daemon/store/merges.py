"""Rows that move when two tickets are merged, and back when they are split."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import case, delete, exists, func, not_, null, select, update
from sqlalchemy.orm import Session

from daemon.store.deliveries import DeliveryState
from daemon.store.models import AnswerRow, DeliveryRow, Event, MessageRow, Participant, Ticket
from daemon.store.sql import table, unindexed
from daemon.store.tickets import join
from daemon.vocabulary import AnswerState, MailKind, MessageRole

TICKET, MESSAGE, ANSWER, PARTICIPANT = table(Ticket), table(MessageRow), table(AnswerRow), table(Participant)
DELIVERY = table(DeliveryRow)
MERGED_INTO: Final = "merged into"
SPLIT_FROM: Final = "split from"
TO_CUSTOMERS: Final = (MailKind.ANSWER, MailKind.ACKNOWLEDGEMENT)


def move_messages(session: Session, ticket_id: int, into: int) -> int:
    """Move the messages of a ticket and its answers to another, and return the number of messages.

    What came with a ticket that was merged before keeps that one's id.
    """
    values = {"ticket_id": into, "moved_from_id": func.coalesce(MESSAGE.c.moved_from_id, ticket_id)}
    moved = session.execute(
        update(MESSAGE).where(MESSAGE.c.ticket_id == ticket_id).values(values).returning(MESSAGE.c.id)
    )
    number = len(moved.all())
    session.execute(update(ANSWER).where(ANSWER.c.ticket_id == ticket_id).values(ticket_id=into))
    return number


def return_messages(session: Session, survivor: int, ticket_id: int, carried: Collection[int]) -> int:
    """Return the messages that came with a ticket and those that it had carried along, with their answers."""
    came = MESSAGE.c.moved_from_id.in_([ticket_id, *carried])
    origin = case((MESSAGE.c.moved_from_id == ticket_id, null()), else_=MESSAGE.c.moved_from_id)
    back = update(MESSAGE).where(MESSAGE.c.ticket_id == survivor, came)
    moved = session.execute(back.values(ticket_id=ticket_id, moved_from_id=origin).returning(MESSAGE.c.id))
    ids = moved.scalars().all()
    session.execute(update(ANSWER).where(ANSWER.c.message_id.in_(ids)).values(ticket_id=ticket_id))
    return len(ids)


def merged_tickets(session: Session, survivor: int) -> Sequence[int]:
    """Return the tickets that were merged into a ticket, directly or with another one."""
    origins = select(MESSAGE.c.moved_from_id).where(
        MESSAGE.c.ticket_id == survivor, MESSAGE.c.moved_from_id.is_not(None)
    )
    return (
        session.execute(
            select(TICKET.c.id)
            .where(TICKET.c.id.in_(origins), TICKET.c.merged_into_id == survivor)
            .order_by(TICKET.c.id)
        )
        .scalars()
        .all()
    )


def set_survivor(session: Session, ticket_ids: Collection[int], survivor: int | None) -> None:
    """Note into which ticket others are merged, None where they are not."""
    session.execute(update(TICKET).where(TICKET.c.id.in_(ticket_ids)).values(merged_into_id=survivor))


def newest_merge(session: Session, ticket_ids: Collection[int]) -> Event | None:
    """Return the newest event by which one of these tickets was merged into another."""
    return session.execute(
        select(Event)
        .where(Event.ticket_id.in_(ticket_ids), Event.kind == MERGED_INTO)
        .order_by(Event.id.desc())
        .limit(1)
    ).scalar_one_or_none()


def share_people(session: Session, ticket: Ticket, into: Ticket) -> list[int]:
    """Let the people of a ticket take part in another, and return those who did not before."""
    rows = session.execute(select(Participant).where(Participant.ticket_id.in_([ticket.id, into.id]))).scalars().all()
    there = {row.person_id for row in rows if row.ticket_id == into.id} | {into.requester_id}
    people: dict[int, datetime | None] = {row.person_id: row.until for row in rows if row.ticket_id == ticket.id}
    if ticket.requester_id is not None:
        people[ticket.requester_id] = None
    for person, until in people.items():
        if person != into.requester_id:
            join(session, into.id, person, until)
    return sorted(people.keys() - there)


def remove_people(session: Session, survivor: int, people: Collection[int]) -> None:
    """Let people no longer take part in a ticket, except those who wrote what stays there."""
    wrote = exists().where(MESSAGE.c.ticket_id == survivor, MESSAGE.c.person_id == PARTICIPANT.c.person_id)
    session.execute(
        delete(PARTICIPANT).where(PARTICIPANT.c.ticket_id == survivor, PARTICIPANT.c.person_id.in_(people), not_(wrote))
    )


def was_answered(session: Session, ticket_ids: Collection[int], since: datetime) -> bool:
    """Say whether a customer of these tickets got an email, or will get one, since a time."""
    answers = select(ANSWER.c.id).where(
        ANSWER.c.ticket_id.in_(ticket_ids),
        unindexed(ANSWER.c.state) == AnswerState.SENT,
        func.coalesce(ANSWER.c.settled_at, ANSWER.c.created_at) >= since,
    )
    emails = select(DELIVERY.c.id).where(
        DELIVERY.c.ticket_id.in_(ticket_ids),
        unindexed(DELIVERY.c.kind).in_(TO_CUSTOMERS),
        unindexed(DELIVERY.c.state) != DeliveryState.SUPPRESSED,
        DELIVERY.c.created_at >= since,
    )
    # One after the other: PostgreSQL reads whole tables for an OR over several.
    found = (session.execute(query.limit(1)).first() for query in (answers, emails))
    return any(found) or _wrote_directly(session, ticket_ids, since)


def _wrote_directly(session: Session, ticket_ids: Collection[int], since: datetime) -> bool:
    """Say whether a member wrote to the customer with us in copy: that message has no answer that was kept here."""
    messages = select(MESSAGE.c.id).where(
        MESSAGE.c.ticket_id.in_(ticket_ids), MESSAGE.c.role == MessageRole.ANSWER, MESSAGE.c.created_at >= since
    )
    ours = set(session.execute(messages).scalars())
    kept = select(ANSWER.c.message_id, ANSWER.c.state).where(ANSWER.c.message_id.in_(ours))
    return bool(ours - {row.message_id for row in session.execute(kept) if row.state != AnswerState.SENT})
