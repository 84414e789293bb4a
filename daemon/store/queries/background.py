"""What a team needs beside a message: earlier tickets of the customer and similar ones, and the last messages."""

from collections.abc import Collection
from dataclasses import replace
from typing import Final

from sqlalchemy import bindparam, exists, func, or_, select
from sqlalchemy.orm import Session

from daemon.snapshots import NO_BACKGROUND, Background, EarlierMessage, EarlierTicket, TicketSnapshot
from daemon.store.models import AnswerRow, MessageRow, Participant, Person, Ticket
from daemon.store.queries import merged_customers, similar
from daemon.store.sql import table
from daemon.vocabulary import MailKind, MessageRole, SenderKind

# A customer with more tickets than these is shown as one with many.
MAX_TICKETS: Final = 21
MAX_MESSAGES: Final = 4
# Upper bound of characters of each message; an excerpt of it is shown.
MAX_SHOWN: Final = 8_000

TICKET, MESSAGE, PERSON, ANSWER = table(Ticket), table(MessageRow), table(Person), table(AnswerRow)
PARTICIPANT = table(Participant)
_THIS = table(Ticket).alias("this")
SELECT_TICKETS = (
    select(TICKET.c.reference, TICKET.c.subject, TICKET.c.status, TICKET.c.created_at)
    .where(
        TICKET.c.requester_id
        == select(_THIS.c.requester_id).where(_THIS.c.id == bindparam("ticket")).scalar_subquery(),
        TICKET.c.id < bindparam("ticket"),
    )
    .order_by(TICKET.c.id.desc())
    .limit(MAX_TICKETS)
)
_EARLIER = table(Ticket).alias("earlier")
SELECT_RETURNING = select(TICKET.c.id).where(
    TICKET.c.id.in_(bindparam("tickets", expanding=True)),
    exists().where(_EARLIER.c.requester_id == TICKET.c.requester_id, _EARLIER.c.id < TICKET.c.id),
)
WRITTEN_AT = select(MESSAGE.c.created_at).where(MESSAGE.c.id == bindparam("message")).scalar_subquery()
SELECT_PARTICIPANT = (
    select(PARTICIPANT.c.person_id)
    .join(PERSON, PERSON.c.id == PARTICIPANT.c.person_id)
    .where(PARTICIPANT.c.ticket_id == bindparam("ticket"), PERSON.c.email == bindparam("author"))
    .where(PARTICIPANT.c.until.is_(None) | (PARTICIPANT.c.until >= WRITTEN_AT))
)
# Not EXISTS, for which PostgreSQL may read all answers at once.
ANSWER_OF_MESSAGE = select(ANSWER.c.id).where(ANSWER.c.message_id == MESSAGE.c.id).scalar_subquery()
SELECT_MESSAGES = (
    select(
        MESSAGE.c.role,
        MESSAGE.c.inbound_id,
        PERSON.c.email,
        PERSON.c.name,
        MESSAGE.c.created_at,
        func.substr(MESSAGE.c.text, 1, MAX_SHOWN).label("text"),
    )
    .select_from(MESSAGE.outerjoin(PERSON, PERSON.c.id == MESSAGE.c.person_id))
    .where(
        MESSAGE.c.ticket_id == bindparam("ticket"),
        MESSAGE.c.id < bindparam("message"),
        MESSAGE.c.kind == SenderKind.PERSON,
        MESSAGE.c.role != MessageRole.OUTSIDE,
        # Emails of members that are no note: those of buttons, whose subject is a command, and what was not sent.
        or_(
            MESSAGE.c.role != MessageRole.NOTE,
            ~MESSAGE.c.subject.startswith("#") & ANSWER_OF_MESSAGE.is_(None),
        ),
    )
    .order_by(MESSAGE.c.id.desc())
    .limit(MAX_MESSAGES)
)


def of_email(session: Session, kind: MailKind, ticket: TicketSnapshot, *, returns: bool = True) -> Background:
    """Return what an email to a team shows beside the message: who a new customer is, or what was written before.

    `returns` is false for a customer without earlier tickets.
    """
    if kind is MailKind.NOTIFICATION:
        earlier = of_ticket(session, ticket.ticket_id) if returns else NO_BACKGROUND
        # Nothing was merged into a ticket that no team had.
        merged = merged_customers.load(session, ticket.ticket_id) if ticket.handed_over else ()
        return replace(earlier, similar=similar.still_shown(session, ticket), merged=merged)
    if kind is MailKind.FOLLOW_UP:
        before = of_message(session, ticket.ticket_id, ticket.message.id)
        merged = merged_customers.load(session, ticket.ticket_id)
        return replace(before, author_is_answered=_is_answered(session, ticket), merged=merged)
    return NO_BACKGROUND


def _is_answered(session: Session, ticket: TicketSnapshot) -> bool | None:
    """Say whether a customer other than the requester took part when they wrote; None for requester and members."""
    message = ticket.message
    if message.role is not MessageRole.CUSTOMER or not message.author or message.author == ticket.requester:
        return None
    known = {"ticket": ticket.ticket_id, "author": message.author, "message": message.id}
    return session.execute(SELECT_PARTICIPANT, known).first() is not None


def returning(session: Session, ticket_ids: Collection[int]) -> frozenset[int]:
    """Return those of these tickets whose customers have earlier ones: most have none, and need no further look."""
    if not ticket_ids:
        return frozenset()
    return frozenset(row.id for row in session.execute(SELECT_RETURNING, {"tickets": list(ticket_ids)}))


def of_ticket(session: Session, ticket_id: int) -> Background:
    """Return the earlier tickets of the customer of a new ticket."""
    rows = session.execute(SELECT_TICKETS, {"ticket": ticket_id})
    return Background(tickets=tuple(EarlierTicket(r.reference, r.subject, r.status, r.created_at) for r in rows))


def of_message(session: Session, ticket_id: int, message_id: int) -> Background:
    """Return the messages of a ticket that came before a message."""
    rows = session.execute(SELECT_MESSAGES, {"ticket": ticket_id, "message": message_id})
    return Background(
        messages=tuple(
            EarlierMessage(r.role, r.name or r.email or "", r.created_at, r.text, r.inbound_id is not None)
            for r in rows
        )
    )
