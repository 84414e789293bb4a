"""Boilerplate: blocks of text that many senders' emails have."""

from datetime import datetime

from sqlalchemy import JSON, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from daemon.store.models.base import Base, Id


class BoilerplateRow(Base):
    """A block at the top or end of emails, by the hash of its letters.

    `state` is a BlockState. `domains` are short hashes of the registered domains that sent it, with a "+" for those
    that sent it outside of a letter, `days` the dates on which, a few of each at most. `excerpt` is "" until the block
    is learned: what one customer alone wrote is not copied. `forgotten_by` is the person who wants it read.
    """

    __tablename__ = "boilerplate"
    id: Id = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(String(32), unique=True)
    state: Mapped[str] = mapped_column(String(12))
    domains: Mapped[list[str]] = mapped_column(JSON)
    days: Mapped[list[str]] = mapped_column(JSON)
    excerpt: Mapped[str]
    seen_at: Mapped[datetime]
    forgotten_by: Mapped[str | None]
    __table_args__ = (Index("boilerplate_by_state", "state", "seen_at", "id"),)
