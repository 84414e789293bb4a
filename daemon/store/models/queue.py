"""Jobs, and the emails that they send."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, false, text
from sqlalchemy.orm import Mapped, mapped_column

from daemon.store.models.base import Base, Id
from daemon.store.sql import SubjectText
from daemon.vocabulary import Subject


class Job(Base):
    """A job of the queue, added in the transaction that needs it. `kind` is a JobKind, `state` a JobState.

    `owner` is the process that holds the lease; it increments `beat` while it works. `attempts` is counted before the
    work starts: a worker whose attempt is not the newest cannot change the job. `snoozes` are the attempts that ended
    with a postponement: they do not bring the job nearer to being buried.
    """

    __tablename__ = "job"
    id: Id = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    subject: Mapped[Subject] = mapped_column(SubjectText, index=True)
    state: Mapped[str] = mapped_column(String(8))
    attempts: Mapped[int]
    snoozes: Mapped[int] = mapped_column(server_default="0")
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
