"""Tickets, their people, messages and decisions."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, false, text
from sqlalchemy.orm import Mapped, mapped_column

from daemon.store.models.base import Base, Id


class Person(Base):
    """Somebody who writes to us; `email` is in lower case.

    `verified_at` is when they first proved to read mail at this address, by a token that we had sent there.
    """

    __tablename__ = "person"
    id: Id = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(320), unique=True)
    name: Mapped[str]
    created_at: Mapped[datetime]
    verified_at: Mapped[datetime | None]


class Ticket(Base):
    """A case.

    `category` and `priority` are PENDING, `confidence` and `assigned_team` NULL until triage has decided. Nobody is
    notified of a `silent` ticket, which comes from a backfill. `related_id` is a ticket that it may belong to,
    `merged_into_id` the one that it was merged into. `taken_by` is the address of the member who answers it. A WAITING
    ticket opens again at `wait_until`. `language` is the code of the customer's language, `address` the one of our
    addresses that the customer wrote to; both "" where unknown.
    """

    __tablename__ = "ticket"
    id: Id = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(String(24), unique=True)
    status: Mapped[str] = mapped_column(String(16))
    category: Mapped[str] = mapped_column(String(64))
    priority: Mapped[str] = mapped_column(String(16))
    confidence: Mapped[float | None]
    assigned_team: Mapped[str | None] = mapped_column(String(64))
    subject: Mapped[str]
    requester_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    related_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"))
    silent: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(index=True)
    updated_at: Mapped[datetime]
    # No foreign key: SQLite cannot add one without copying the table.
    merged_into_id: Mapped[int | None]
    taken_by: Mapped[str | None]
    wait_until: Mapped[datetime | None]
    first_answer_at: Mapped[datetime | None]
    resolved_at: Mapped[datetime | None]
    language: Mapped[str] = mapped_column(String(16), server_default=text("''"))
    address: Mapped[str] = mapped_column(String(320), server_default=text("''"))
    __table_args__ = (
        Index("ticket_by_status", "status", "created_at"),
        Index("ticket_by_team", "assigned_team", "created_at"),
        Index("ticket_by_team_status", "assigned_team", "status", "created_at"),
        # The status and the team are there to pass over tickets without reading them.
        Index("ticket_by_category", "category", "created_at", "id", "status", "assigned_team"),
        Index("ticket_by_change", "updated_at", "id"),
    )


class Participant(Base):
    """A person who wrote a follow-up on a ticket; may be its requester.

    `until` is when they no longer take part, NULL without an end: a token that went to somebody else lets them in only
    until it expires.
    """

    __tablename__ = "participant"
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True, index=True)
    until: Mapped[datetime | None]


class MessageRow(Base):
    """One email of a ticket with its full text; the raw bytes are in its inbound row.

    `kind` is a SenderKind, `role` a MessageRole. `acknowledge` says whether its sender may get an automatic answer,
    `verified` whether the sender's address was authenticated, `by_team` whether the team proved by its token to have
    written it. `authentication` are the results of our own check, NULL without one. `moved_from_id` is the ticket that
    it came with when two were merged.
    """

    __tablename__ = "message"
    id: Id = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    inbound_id: Mapped[int | None] = mapped_column(ForeignKey("inbound.id"), unique=True)
    kind: Mapped[str] = mapped_column(String(16))
    message_id: Mapped[str] = mapped_column(String(998), index=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    subject: Mapped[str]
    text: Mapped[str]
    acknowledge: Mapped[bool]
    verified: Mapped[bool]
    by_team: Mapped[bool] = mapped_column(server_default=false())
    role: Mapped[str] = mapped_column(String(16), server_default="customer")
    moved_from_id: Mapped[int | None]
    authentication: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    created_at: Mapped[datetime]


class AttachmentRow(Base):
    """An attachment of a message. `part` is its number in the raw email, which holds the bytes."""

    __tablename__ = "attachment"
    id: Id = mapped_column(primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id"), index=True)
    part: Mapped[int]
    filename: Mapped[str]
    content_type: Mapped[str] = mapped_column(String(255))
    size: Mapped[int]
    inline: Mapped[bool]


class Decision(Base):
    """A decision on a ticket, kept for ever; the newest is in force.

    `by` is a DecidedBy, `actor` the name of the person if one decided, `replaces` the decision before it.
    """

    __tablename__ = "decision"
    id: Id = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    at: Mapped[datetime] = mapped_column(index=True)
    by: Mapped[str] = mapped_column(String(16))
    actor: Mapped[str | None]
    category: Mapped[str] = mapped_column(String(64))
    priority: Mapped[str] = mapped_column(String(16))
    confidence: Mapped[float]
    team: Mapped[str] = mapped_column(String(64))
    reasons: Mapped[list[str]]
    alternatives: Mapped[list[list[Any]]]
    rule: Mapped[str | None] = mapped_column(String(64))
    model: Mapped[str | None] = mapped_column(String(64))
    audit: Mapped[bool]
    replaces: Mapped[int | None] = mapped_column(ForeignKey("decision.id"))
    __table_args__ = (Index("decision_by_author", "by", "id"),)


class Event(Base):
    """Something that happened to a ticket, an email or a delivery, and that no other row records."""

    __tablename__ = "event"
    id: Id = mapped_column(primary_key=True)
    at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(String(32))
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"), index=True)
    inbound_id: Mapped[int | None] = mapped_column(ForeignKey("inbound.id"), index=True)
    delivery_id: Mapped[int | None] = mapped_column(ForeignKey("delivery.id"), index=True)
    data: Mapped[dict[str, Any]]
