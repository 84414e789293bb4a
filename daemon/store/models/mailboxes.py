"""Mailboxes: how far each is read, by whom, and what could not be read."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from daemon.store.models.base import Base, Id


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
