"""Tickets, their people and their messages."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Insert, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from daemon.mail.follow_up import Candidate, Candidates, Keys
from daemon.mail.message import Address, Message
from daemon.mail.reference import new_reference
from daemon.store.models import (
    AttachmentRow,
    Base,
    DeliveryRow,
    Event,
    Inbound,
    MessageRow,
    Participant,
    Person,
    Ticket,
)
from daemon.ticket import PENDING, Screening, Status

ATTACHMENTS_LISTED = 200
REFERENCE_TRIES = 20


def insert_or_ignore(session: Session, table: type[Base], values: Sequence[dict[str, Any]]) -> Insert:
    """Return an INSERT that leaves rows alone which are there already."""
    if session.get_bind().dialect.name == "postgresql":
        return postgresql.insert(table).values(values).on_conflict_do_nothing()
    return sqlite.insert(table).values(values).on_conflict_do_nothing()


def person_id(session: Session, address: Address | None, now: datetime) -> int | None:
    """Return the id of the person behind an address, adding them where they are new; None without an address."""
    if address is None or not address.email:
        return None
    email = address.email.lower()
    find = select(Person.id).where(Person.email == email)
    known = session.execute(find).scalar_one_or_none()
    if known is not None:
        return known
    values = {"email": email, "name": address.name[:200], "created_at": now, "verified_at": None}
    session.execute(insert_or_ignore(session, Person, [values]))
    return session.execute(find).scalar_one()


def open_ticket(
    session: Session,
    *,
    prefix: str,
    subject: str,
    requester_id: int | None,
    related_id: int | None,
    silent: bool,
    now: datetime,
) -> tuple[int, str]:
    """Open a PENDING ticket and return its id and reference."""
    values = {
        "status": Status.OPEN,
        "category": PENDING,
        "priority": PENDING,
        "confidence": None,
        "assigned_team": None,
        "subject": subject,
        "requester_id": requester_id,
        "related_id": related_id,
        "silent": silent,
        "created_at": now,
        "updated_at": now,
    }
    reference = _unused_reference(session, prefix)
    ticket = session.execute(insert(Ticket).values(reference=reference, **values).returning(Ticket.id)).scalar_one()
    return ticket, reference


def _unused_reference(session: Session, prefix: str) -> str:
    for _ in range(REFERENCE_TRIES):
        reference = new_reference(prefix)
        if session.execute(select(Ticket.id).where(Ticket.reference == reference)).first() is None:
            return reference
    raise RuntimeError(f"no unused reference found in {REFERENCE_TRIES} tries")


def add_message(
    session: Session,
    message: Message,
    *,
    ticket_id: int,
    inbound_id: int,
    screening: Screening,
    sender_id: int | None,
    verified: bool,
    now: datetime,
) -> int:
    """Add a parsed mail to a ticket, with a row for each attachment, and return its id."""
    row = {
        "ticket_id": ticket_id,
        "inbound_id": inbound_id,
        "kind": screening.kind,
        "message_id": message.message_id[:998],
        "person_id": sender_id,
        "subject": message.subject,
        "text": message.text,
        "reply": message.reply,
        "acknowledge": screening.acknowledge,
        "verified": verified,
        "created_at": now,
    }
    added = session.execute(insert(MessageRow).values(row).returning(MessageRow.id)).scalar_one()
    files = [
        {
            "message_id": added,
            "part": a.part,
            "filename": a.filename,
            "content_type": a.content_type[:255],
            "size": a.size,
            "inline": a.inline,
        }
        for a in message.attachments[:ATTACHMENTS_LISTED]
    ]
    if files:
        session.execute(insert(AttachmentRow), files)
    return added


def find_candidates(session: Session, keys: Keys) -> Candidates:
    """Return the tickets behind the keys of a mail. Every look-up goes through an index."""
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
    ids = {t.ticket_id for t, _ in keys.tokens} | set(by_message_id.values()) | set(by_reference.values())
    by_id = {ticket_id: _candidate(session, ticket_id) for ticket_id in ids}
    return Candidates({i: c for i, c in by_id.items() if c}, by_message_id, by_reference)


def _candidate(session: Session, ticket_id: int) -> Candidate | None:
    ticket = session.execute(
        select(Ticket.status, Ticket.subject, Ticket.requester_id).where(Ticket.id == ticket_id)
    ).one_or_none()
    if ticket is None:
        return None
    others = select(Participant.person_id).where(Participant.ticket_id == ticket_id)
    people = session.execute(select(Person.email).where(or_(Person.id == ticket.requester_id, Person.id.in_(others))))
    return Candidate(ticket_id, Status(ticket.status), ticket.subject, frozenset(people.scalars()))


def join(session: Session, ticket_id: int, person: int | None, now: datetime, *, reopen: bool) -> None:
    """Let a person take part in a ticket, and open it again if they are waited for or it was resolved."""
    if person is not None:
        session.execute(insert_or_ignore(session, Participant, [{"ticket_id": ticket_id, "person_id": person}]))
    values: dict[str, Any] = {"updated_at": now}
    if reopen:
        values["status"] = Status.OPEN
    session.execute(update(Ticket).where(Ticket.id == ticket_id).values(values))


def reference_of(session: Session, ticket_id: int) -> str:
    """Return the reference of a ticket."""
    return session.execute(select(Ticket.reference).where(Ticket.id == ticket_id)).scalar_one()


def of_inbound(session: Session, inbound_id: int) -> tuple[str | None, int | None]:
    """Return reference and id of the ticket that a delivery belongs to."""
    row = session.execute(
        select(Ticket.reference, Ticket.id)
        .join(Inbound, Inbound.ticket_id == Ticket.id)
        .where(Inbound.id == inbound_id)
    ).one_or_none()
    return (row.reference, row.id) if row else (None, None)


def verify_person(session: Session, person: int, now: datetime) -> None:
    """Note that a person proved to read mail at their address."""
    session.execute(update(Person).where(Person.id == person, Person.verified_at.is_(None)).values(verified_at=now))


def add_event(
    session: Session,
    kind: str,
    now: datetime,
    *,
    ticket_id: int | None = None,
    inbound_id: int | None = None,
    delivery_id: int | None = None,
    **data: object,
) -> None:
    """Note what no other row tells."""
    values = {
        "at": now,
        "kind": kind,
        "ticket_id": ticket_id,
        "inbound_id": inbound_id,
        "delivery_id": delivery_id,
        "data": data,
    }
    session.execute(insert(Event).values(values))
