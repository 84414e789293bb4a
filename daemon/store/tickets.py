"""Tickets, their people and their messages."""

import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, func, insert, literal, or_, select, union_all, update
from sqlalchemy.orm import Session

from daemon.mail.follow_up import Candidate, Candidates, Keys
from daemon.mail.message import Address, Message
from daemon.mail.reference import REFERENCES, make_reference
from daemon.store.models import (
    AttachmentRow,
    DeliveryRow,
    InboundRow,
    MessageRow,
    Participant,
    Person,
    Ticket,
)
from daemon.store.sql import BulkInsert, indexable, insert_or_ignore, table
from daemon.vocabulary import PENDING, MessageRole, Screening, Status

ATTACHMENTS_LISTED = 200
# Bounds the way from a merged ticket to the one that is left, also where two point to each other.
MERGES_FOLLOWED = 20

TICKET, PERSON, MESSAGE, PARTICIPANT = table(Ticket), table(Person), table(MessageRow), table(Participant)
INSERT_TICKETS, INSERT_MESSAGES = BulkInsert.to(TICKET), BulkInsert.to(MESSAGE)
INSERT_ATTACHMENT = insert(table(AttachmentRow))
SELECT_PEOPLE = select(PERSON.c.id, PERSON.c.email).where(PERSON.c.email.in_(bindparam("emails", expanding=True)))
SELECT_TICKET = select(
    *(TICKET.c[name] for name in ("id", "status", "subject", "assigned_team", "updated_at", "merged_into_id"))
).where(TICKET.c.id == bindparam("ticket"))
SELECT_STATUS = select(TICKET.c.status).where(TICKET.c.id == bindparam("ticket"))
# In the order of their ids, so that nobody waits in a circle. Rows may refer to the tickets meanwhile.
LOCK_TICKETS = (
    select(TICKET.c.id, TICKET.c.merged_into_id)
    .where(TICKET.c.id.in_(bindparam("tickets", expanding=True)))
    .order_by(TICKET.c.id)
    .with_for_update(key_share=True)
)
# Two look-ups: PostgreSQL reads every person for one OR over both.
SELECT_PARTIES = union_all(
    select(PERSON.c.email).join(TICKET, TICKET.c.requester_id == PERSON.c.id).where(TICKET.c.id == bindparam("ticket")),
    select(PERSON.c.email)
    .join(PARTICIPANT, PARTICIPANT.c.person_id == PERSON.c.id)
    .where(PARTICIPANT.c.ticket_id == bindparam("ticket"))
    .where(or_(PARTICIPANT.c.until.is_(None), PARTICIPANT.c.until >= bindparam("now"))),
)


@dataclass(frozen=True, slots=True)
class NewTicket:
    """A ticket to open."""

    subject: str
    requester_id: int | None
    related_id: int | None
    silent: bool
    now: datetime
    language: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A parsed email to add to a ticket."""

    message: Message
    ticket_id: int
    inbound_id: int
    screening: Screening
    sender_id: int | None
    verified: bool
    by_team: bool
    role: MessageRole
    now: datetime
    authentication: Sequence[str] | None = None


def ensure_people(session: Session, found: Sequence[tuple[Address, datetime]]) -> dict[str, int]:
    """Add the people who are new, and return the ids of all behind readable addresses, by address in lower case."""
    named = {address.email.lower(): (address.name, now) for address, now in found if address.email}
    if not named:
        return {}
    known = _known(session, list(named))
    new = [
        {"email": email, "name": name[:200], "created_at": now, "verified_at": None}
        for email, (name, now) in named.items()
        if email not in known
    ]
    if new:
        session.execute(insert_or_ignore(session, Person), new)
        known |= _known(session, [email for email in named if email not in known])
    return known


def _known(session: Session, emails: Sequence[str]) -> dict[str, int]:
    return {row.email: row.id for row in session.execute(SELECT_PEOPLE, {"emails": emails})}


def open_tickets(session: Session, opening: Sequence[NewTicket], prefix: str) -> list[tuple[int, str]]:
    """Open PENDING tickets and return their ids and references, in order.

    A reference that is taken already violates its index; the email is then admitted again, with another.
    """
    references = [make_reference(prefix, secrets.randbelow(REFERENCES)) for _ in opening]
    rows = [_ticket_row(ticket, reference) for ticket, reference in zip(opening, references, strict=True)]
    return list(zip(INSERT_TICKETS.rows(session, rows), references, strict=True))


def _ticket_row(ticket: NewTicket, reference: str) -> dict[str, Any]:
    return {
        "reference": reference,
        "status": Status.OPEN,
        "category": PENDING,
        "priority": PENDING,
        "confidence": None,
        "assigned_team": None,
        "subject": ticket.subject,
        "requester_id": ticket.requester_id,
        "related_id": ticket.related_id,
        "silent": ticket.silent,
        "created_at": ticket.now,
        "updated_at": ticket.now,
        "language": ticket.language,
        "address": ticket.address,
    }


def add_messages(session: Session, messages: Sequence[NewMessage]) -> Sequence[int]:
    """Add parsed emails to their tickets, with a row for each attachment, and return their ids, in order."""
    ids = INSERT_MESSAGES.rows(session, [_message_row(new) for new in messages])
    files = [row for message_id, new in zip(ids, messages, strict=True) for row in _file_rows(message_id, new.message)]
    if files:
        session.execute(INSERT_ATTACHMENT, files)
    return ids


def _message_row(new: NewMessage) -> dict[str, Any]:
    return {
        "ticket_id": new.ticket_id,
        "inbound_id": new.inbound_id,
        "kind": new.screening.kind,
        "message_id": indexable(new.message.message_id),
        "person_id": new.sender_id,
        "subject": new.message.subject,
        "text": new.message.text,
        "acknowledge": new.screening.acknowledge,
        "verified": new.verified,
        "by_team": new.by_team,
        "role": new.role,
        "authentication": list(new.authentication) if new.authentication is not None else None,
        "created_at": new.now,
    }


def _file_rows(message_id: int, message: Message) -> list[dict[str, Any]]:
    return [
        {
            "message_id": message_id,
            "part": a.part,
            "filename": a.filename,
            "content_type": a.content_type[:255],
            "size": a.size,
            "inline": a.inline,
        }
        for a in message.attachments[:ATTACHMENTS_LISTED]
    ]


def find_candidates(session: Session, keys: Keys, now: datetime) -> Candidates:
    """Return the tickets behind the keys of an email. Every look-up goes through an index."""
    by_message_id: dict[str, int] = {}
    by_reference: dict[str, int] = {}
    if keys.message_ids:
        for table in (MessageRow, DeliveryRow):
            found = session.execute(
                select(table.message_id, table.ticket_id).where(table.message_id.in_(keys.message_ids))
            )
            by_message_id.update((m, t) for m, t in found if t is not None)
    if keys.references:
        rows = session.execute(select(Ticket.reference, Ticket.id).where(Ticket.reference.in_(keys.references)))
        by_reference.update((r, t) for r, t in rows)
    ids = {found.token.ticket_id for found in keys.tokens} | set(by_message_id.values()) | set(by_reference.values())
    by_id = {ticket_id: _candidate(session, ticket_id, now) for ticket_id in ids}
    return Candidates({i: c for i, c in by_id.items() if c}, by_message_id, by_reference)


def _candidate(session: Session, ticket_id: int, now: datetime) -> Candidate | None:
    ticket = _survivor(session, ticket_id)
    if ticket is None:
        return None
    people = session.execute(SELECT_PARTIES, {"ticket": ticket.id, "now": now})
    return Candidate(
        ticket.id,
        Status(ticket.status),
        ticket.subject,
        frozenset(people.scalars()),
        ticket.assigned_team,
        ticket.updated_at,
    )


def _survivor(session: Session, ticket_id: int) -> Row[Any] | None:
    """Return the ticket, or the one that it was merged into in the end; None where there is none."""
    ticket = session.execute(SELECT_TICKET, {"ticket": ticket_id}).one_or_none()
    for _ in range(MERGES_FOLLOWED):
        if ticket is None or ticket.merged_into_id is None:
            break
        ticket = session.execute(SELECT_TICKET, {"ticket": ticket.merged_into_id}).one_or_none() or ticket
    return ticket


def lock_merged(session: Session, ticket_ids: Collection[int]) -> set[int]:
    """Lock tickets until the transaction ends, and return those that were merged into others."""
    if not ticket_ids:
        return set()
    return {row.id for row in session.execute(LOCK_TICKETS, {"tickets": ticket_ids}) if row.merged_into_id is not None}


def survivor_of(session: Session, ticket_id: int) -> int:
    """Return the id of a ticket, or of the one that it was merged into in the end."""
    ticket = _survivor(session, ticket_id)
    return ticket.id if ticket else ticket_id


def join(session: Session, ticket_id: int, person: int, until: datetime | None) -> None:
    """Let a person take part in a ticket until a time, or without an end; never for a shorter time than before."""
    row = {"ticket_id": ticket_id, "person_id": person, "until": until}
    session.execute(insert_or_ignore(session, Participant), row)
    ends_sooner = PARTICIPANT.c.until.is_not(None) if until is None else PARTICIPANT.c.until < until
    who = (PARTICIPANT.c.ticket_id == ticket_id, PARTICIPANT.c.person_id == person)
    session.execute(update(PARTICIPANT).where(*who, ends_sooner).values(until=until))


def touch(session: Session, ticket_id: int, now: datetime, *, reopen: bool) -> None:
    """Note that a ticket has a new email; `reopen` opens it again if it waits for somebody or was resolved."""
    values: dict[str, Any] = {"updated_at": now}
    if reopen:
        values |= {"status": Status.OPEN, "wait_until": None, "resolved_at": None}
    session.execute(update(Ticket).where(Ticket.id == ticket_id).values(values))


def note_customer(session: Session, ticket_id: int, status: str, now: datetime) -> None:
    """Note that a customer wrote on a ticket, with the status that it has now: nobody is waited for any more."""
    values = {"updated_at": now, "status": status, "wait_until": None, "resolved_at": None}
    session.execute(update(TICKET).where(TICKET.c.id == ticket_id).values(values))


def status_of(session: Session, ticket_id: int) -> str:
    """Return the status of a ticket."""
    return str(session.execute(SELECT_STATUS, {"ticket": ticket_id}).scalar_one())


def lock_status(session: Session, ticket_id: int) -> str:
    """Return the status of a ticket, which nobody else changes until the transaction ends."""
    return str(session.execute(SELECT_STATUS.with_for_update(), {"ticket": ticket_id}).scalar_one())


def note_answer(session: Session, ticket_id: int, member: str, status: str, now: datetime) -> None:
    """Note that a member answered the customer of a ticket; the first answer also says who takes care of it."""
    values = {
        "updated_at": now,
        "status": status,
        "first_answer_at": func.coalesce(TICKET.c.first_answer_at, literal(now, TICKET.c.first_answer_at.type)),
        "taken_by": func.coalesce(TICKET.c.taken_by, member),
    }
    session.execute(update(TICKET).where(TICKET.c.id == ticket_id).values(values))


def reference_of(session: Session, ticket_id: int) -> str:
    """Return the reference of a ticket."""
    return session.execute(select(Ticket.reference).where(Ticket.id == ticket_id)).scalar_one()


def of_inbound(session: Session, inbound_id: int) -> tuple[str | None, int | None]:
    """Return reference and id of the ticket that a delivery belongs to."""
    row = session.execute(
        select(Ticket.reference, Ticket.id)
        .join(InboundRow, InboundRow.ticket_id == Ticket.id)
        .where(InboundRow.id == inbound_id)
    ).one_or_none()
    return (row.reference, row.id) if row else (None, None)


def verify_person(session: Session, person: int, now: datetime) -> None:
    """Record that a person proved to read email at their address."""
    session.execute(update(Person).where(Person.id == person, Person.verified_at.is_(None)).values(verified_at=now))
