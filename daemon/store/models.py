"""The tables."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from daemon.store.sql import SubjectText, UtcDateTime
from daemon.vocabulary import Subject


class Base(DeclarativeBase):
    """Types of columns, in one place."""

    type_annotation_map = {  # noqa: RUF012 - read by SQLAlchemy
        datetime: UtcDateTime,
        list[str]: JSON,
        list[list[Any]]: JSON,
        dict[str, Any]: JSON,
        str: Text,
    }


Id = Mapped[int]


class Person(Base):
    """Somebody who writes to us. `verified_at` is set once they proved to read mail at this address."""

    __tablename__ = "person"
    id: Id = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(320), unique=True)
    name: Mapped[str]
    created_at: Mapped[datetime]
    verified_at: Mapped[datetime | None]


class Inbound(Base):
    """The ledger: every delivery, its raw mail (zlib), and the state it ended in.

    `content_key` is unique: the same mail by another way is a duplicate, which keeps no raw mail of its own.
    """

    __tablename__ = "inbound"
    id: Id = mapped_column(primary_key=True)
    received_at: Mapped[datetime]
    source: Mapped[str] = mapped_column(String(255))
    peer: Mapped[str]
    mail_from: Mapped[str | None]
    rcpt_tos: Mapped[list[str]]
    size: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    content_key: Mapped[str | None] = mapped_column(String(80), unique=True)
    message_id: Mapped[str] = mapped_column(String(998), index=True)
    raw: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    disposition: Mapped[str] = mapped_column(String(16))
    reasons: Mapped[list[str]]
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"), index=True)
    duplicate_of: Mapped[int | None] = mapped_column(ForeignKey("inbound.id"), index=True)
    __table_args__ = (Index("inbound_by_disposition", "disposition", "id"),)


class Ticket(Base):
    """A case.

    `silent` tickets come from a backfill and cause no mail; `related_id` points to a ticket it may belong to.
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
    __table_args__ = (
        Index("ticket_by_status", "status", "created_at"),
        Index("ticket_by_team", "assigned_team", "created_at"),
        Index("ticket_by_team_status", "assigned_team", "status", "created_at"),
        Index("ticket_by_category", "category", "created_at"),
    )


class Participant(Base):
    """Who belongs to a ticket beside its requester."""

    __tablename__ = "participant"
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True, index=True)


class MessageRow(Base):
    """One mail of a ticket: full text and new text. The raw mail is in its inbound row."""

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
    created_at: Mapped[datetime]


class AttachmentRow(Base):
    """A part of a raw mail that is a file to a person; its bytes stay in the raw mail."""

    __tablename__ = "attachment"
    id: Id = mapped_column(primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id"), index=True)
    part: Mapped[int]
    filename: Mapped[str]
    content_type: Mapped[str] = mapped_column(String(255))
    size: Mapped[int]
    inline: Mapped[bool]


class Decision(Base):
    """A triage decision, kept for ever. `by` is "rule", "model", "person" or "fallback"; `actor` names a person."""

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


class Job(Base):
    """Work that was promised inside a transaction; the queue of record.

    `beat` changes while the owner lives; `attempts` is counted before the work starts and fences a late finisher.
    """

    __tablename__ = "job"
    id: Id = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    subject: Mapped[Subject] = mapped_column(SubjectText, index=True)
    state: Mapped[str] = mapped_column(String(8))
    attempts: Mapped[int]
    due_at: Mapped[datetime]
    owner: Mapped[str | None] = mapped_column(String(64))
    beat: Mapped[int]
    last_error: Mapped[str]
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    __table_args__ = (
        Index(
            "job_ready", "due_at", "id", sqlite_where=text("state = 'ready'"), postgresql_where=text("state = 'ready'")
        ),
        Index(
            "job_leased",
            "owner",
            "id",
            sqlite_where=text("state = 'leased'"),
            postgresql_where=text("state = 'leased'"),
        ),
        Index("job_dead", "id", sqlite_where=text("state = 'dead'"), postgresql_where=text("state = 'dead'")),
        Index("job_training", "id", sqlite_where=text("kind = 'train'"), postgresql_where=text("kind = 'train'")),
    )


class DeliveryRow(Base):
    """One outgoing mail to one recipient, unique per (cause, kind, recipient); its Message-ID never changes.

    `cause` names what led to it, such as "decision:7". States: planned, sending, sent, failed, suppressed, uncertain.
    """

    __tablename__ = "delivery"
    id: Id = mapped_column(primary_key=True)
    cause: Mapped[Subject] = mapped_column(SubjectText)
    kind: Mapped[str] = mapped_column(String(24))
    recipient: Mapped[str] = mapped_column(String(320))
    domain: Mapped[str] = mapped_column(String(255))
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"), index=True)
    message_id: Mapped[str] = mapped_column(String(255), unique=True)
    state: Mapped[str] = mapped_column(String(12))
    reason: Mapped[str]
    attempts: Mapped[int]
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    __table_args__ = (
        Index("delivery_once", "cause", "kind", "recipient", unique=True),
        Index("delivery_by_recipient", "recipient", "kind", "created_at"),
        Index("delivery_by_domain", "domain", "kind", "created_at"),
        Index("delivery_by_kind", "kind", "created_at"),
        Index(
            "delivery_open",
            "state",
            "id",
            sqlite_where=text("state != 'sent'"),
            postgresql_where=text("state != 'sent'"),
        ),
    )


class Suppression(Base):
    """An address that bounced for good: nothing automatic goes there until `until`."""

    __tablename__ = "suppression"
    email: Mapped[str] = mapped_column(String(320), primary_key=True)
    status: Mapped[str] = mapped_column(String(16))
    delivery_id: Mapped[int | None] = mapped_column(ForeignKey("delivery.id"))
    since: Mapped[datetime]
    until: Mapped[datetime]


class Event(Base):
    """What happened to a ticket or an email that no other row tells."""

    __tablename__ = "event"
    id: Id = mapped_column(primary_key=True)
    at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(String(32))
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"), index=True)
    inbound_id: Mapped[int | None] = mapped_column(ForeignKey("inbound.id"), index=True)
    delivery_id: Mapped[int | None] = mapped_column(ForeignKey("delivery.id"), index=True)
    data: Mapped[dict[str, Any]]


class ImapCursor(Base):
    """How far a folder has been read. Moves forward only, in the same transaction as the email."""

    __tablename__ = "imap_cursor"
    account: Mapped[str] = mapped_column(String(64), primary_key=True)
    folder: Mapped[str] = mapped_column(String(255), primary_key=True)
    uidvalidity: Mapped[int] = mapped_column(BigInteger)
    last_uid: Mapped[int] = mapped_column(BigInteger)
    polled_at: Mapped[datetime | None]
    last_mail_at: Mapped[datetime | None]
    error: Mapped[str]


class ImapUnmarked(Base):
    """An email that is stored, and still to be marked or moved in its folder."""

    __tablename__ = "imap_unmarked"
    account: Mapped[str] = mapped_column(String(64), primary_key=True)
    folder: Mapped[str] = mapped_column(String(255), primary_key=True)
    uidvalidity: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    uid: Mapped[int] = mapped_column(BigInteger, primary_key=True)


class SigningKey(Base):
    """A secret that signs our tokens. The newest signs, all verify; kept here so that every host has them."""

    __tablename__ = "signing_key"
    id: Id = mapped_column(primary_key=True)
    secret: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]


class Alarm(Base):
    """A state of trouble that the admin was told of once."""

    __tablename__ = "alarm"
    key: Mapped[str] = mapped_column(String(128), primary_key=True)
    text: Mapped[str]
    since: Mapped[datetime]
    told_at: Mapped[datetime | None]
