"""The tables of the database."""

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
    false,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from daemon.store.sql import SubjectText, UtcDateTime
from daemon.vocabulary import Subject


class Base(DeclarativeBase):
    """Base of all tables; maps Python types to column types."""

    type_annotation_map = {  # noqa: RUF012 - read by SQLAlchemy
        datetime: UtcDateTime,
        list[str]: JSON,
        list[list[Any]]: JSON,
        dict[str, Any]: JSON,
        str: Text,
    }


Id = Mapped[int]


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


class Inbound(Base):
    """The ledger: every received email with its raw bytes (zlib) and its `disposition`.

    A duplicate points to its original by `duplicate_of`, and has neither `content_key` nor raw bytes of its own.
    `size` and `sha256` are those of the raw bytes before compression.
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


class LedgerCount(Base):
    """How many emails a process added to a block of the ledger, and the sum of their ids.

    Written in the transaction that adds them, by each process to rows of its own, so that no two wait for one row.
    """

    __tablename__ = "ledger_count"
    block: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    writer: Mapped[str] = mapped_column(String(16), primary_key=True)
    emails: Mapped[int]
    id_sum: Mapped[int] = mapped_column(BigInteger)


class Ticket(Base):
    """A case.

    `category` and `priority` are PENDING, `confidence` and `assigned_team` NULL until triage has decided. Nobody is
    notified of a `silent` ticket, which comes from a backfill. `related_id` is a ticket that it may belong to.
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

    `kind` is a SenderKind; `acknowledge` says whether its sender may get an automatic answer, `verified` whether the
    sender's address was authenticated, `by_team` whether the team proved by its token to have written it.
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


class Job(Base):
    """A job of the queue, added in the transaction that needs it. `kind` is a JobKind, `state` a JobState.

    `owner` is the process that holds the lease; it increments `beat` while it works. `attempts` is counted before the
    work starts: a worker whose attempt is not the newest cannot change the job.
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
    """One outgoing email to one recipient, unique per (cause, kind, recipient); its Message-ID never changes.

    `cause` is the row that led to it, such as "decision:7". `kind` is a MailKind, `state` a DeliveryState; `recipient`
    is in lower case. Limits count by `mailbox` and `domain`, which are the same for all addresses of one mailbox or
    registrable domain, and by `verified`, which says that the recipient is known to read email there. `digest_id` is
    the delivery of the digest that lists this one instead of sending it. `unended` counts the attempts since the last
    that ended, one way or the other; workers that died leave them behind.
    """

    __tablename__ = "delivery"
    id: Id = mapped_column(primary_key=True)
    cause: Mapped[Subject] = mapped_column(SubjectText)
    kind: Mapped[str] = mapped_column(String(24))
    recipient: Mapped[str] = mapped_column(String(320))
    domain: Mapped[str] = mapped_column(String(255))
    mailbox: Mapped[str] = mapped_column(String(320), server_default=text("''"))
    verified: Mapped[bool] = mapped_column(server_default=false())
    # No foreign key: SQLite cannot add one without copying the table.
    digest_id: Mapped[int | None]
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"), index=True)
    message_id: Mapped[str] = mapped_column(String(255), unique=True)
    state: Mapped[str] = mapped_column(String(12))
    reason: Mapped[str]
    attempts: Mapped[int]
    unended: Mapped[int] = mapped_column(server_default="0")
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    __table_args__ = (
        Index("delivery_once", "cause", "kind", "recipient", unique=True),
        Index("delivery_by_mailbox", "mailbox", "kind", "created_at"),
        Index("delivery_by_domain", "domain", "kind", "created_at"),
        Index("delivery_by_kind", "kind", "created_at"),
        Index(
            "delivery_open",
            "state",
            "id",
            sqlite_where=text("state != 'sent'"),
            postgresql_where=text("state != 'sent'"),
        ),
        Index(
            "delivery_by_digest",
            "digest_id",
            sqlite_where=text("digest_id IS NOT NULL"),
            postgresql_where=text("digest_id IS NOT NULL"),
        ),
    )


class Suppression(Base):
    """An address with a permanent bounce: no automatic email goes there before `until`."""

    __tablename__ = "suppression"
    email: Mapped[str] = mapped_column(String(320), primary_key=True)
    status: Mapped[str] = mapped_column(String(16))
    delivery_id: Mapped[int | None] = mapped_column(ForeignKey("delivery.id"))
    since: Mapped[datetime]
    until: Mapped[datetime]


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


class ImapCursor(Base):
    """How far a folder has been read, and its last error.

    `last_uid` moves in the transaction that stores the email, and only forward unless `uidvalidity` changes. A
    `uidvalidity` of 0 means that the folder was never read.
    """

    __tablename__ = "imap_cursor"
    account: Mapped[str] = mapped_column(String(64), primary_key=True)
    folder: Mapped[str] = mapped_column(String(255), primary_key=True)
    uidvalidity: Mapped[int] = mapped_column(BigInteger)
    last_uid: Mapped[int] = mapped_column(BigInteger)
    polled_at: Mapped[datetime | None]
    last_mail_at: Mapped[datetime | None]
    error: Mapped[str]


class ImapUnmarked(Base):
    """A stored email that is still to be marked or moved in its folder."""

    __tablename__ = "imap_unmarked"
    account: Mapped[str] = mapped_column(String(64), primary_key=True)
    folder: Mapped[str] = mapped_column(String(255), primary_key=True)
    uidvalidity: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    uid: Mapped[int] = mapped_column(BigInteger, primary_key=True)


class ImapUnreadable(Base):
    """An email that was skipped because it could not be fetched or stored, and `reason` says why.

    Removed when it is read after all, or when an admin dismisses it.
    """

    __tablename__ = "imap_unreadable"
    id: Id = mapped_column(primary_key=True)
    at: Mapped[datetime]
    account: Mapped[str] = mapped_column(String(64))
    folder: Mapped[str] = mapped_column(String(255))
    uidvalidity: Mapped[int] = mapped_column(BigInteger)
    uid: Mapped[int] = mapped_column(BigInteger)
    reason: Mapped[str]
    __table_args__ = (Index("imap_unreadable_once", "account", "folder", "uidvalidity", "uid", unique=True),)


class ImapLease(Base):
    """Which process reads a mailbox. It increments `beat` while it does, whatever the clocks say."""

    __tablename__ = "imap_lease"
    account: Mapped[str] = mapped_column(String(64), primary_key=True)
    owner: Mapped[str] = mapped_column(String(64))
    beat: Mapped[int]


class SigningKey(Base):
    """A secret that signs our tokens: the newest that settled signs, the newest `keys.KEPT` verify."""

    __tablename__ = "signing_key"
    id: Id = mapped_column(primary_key=True)
    secret: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]


class Alarm(Base):
    """A problem that lasts. `told_at` is when the admin was alerted, NULL if that is still to be done.

    The row "daily report" is none: its `text` is the day that was reported last.
    """

    __tablename__ = "alarm"
    key: Mapped[str] = mapped_column(String(128), primary_key=True)
    text: Mapped[str]
    since: Mapped[datetime]
    told_at: Mapped[datetime | None]
