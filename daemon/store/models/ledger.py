"""The ledger: every email that came in."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from daemon.store.models.base import Base, Id


class InboundRow(Base):
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
