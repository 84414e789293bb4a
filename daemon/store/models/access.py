"""Access over HTTP: the tokens of programs, and the requests that must not be carried out twice."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from daemon.store.models.base import Base, Id


class ApiToken(Base):
    """A token of a program. `digest` is the SHA-256 of its secret, which is not stored; `scopes` are what it may do.

    `last_used_at` is exact to a minute. A revoked token stays, for the records that name it.
    """

    __tablename__ = "api_token"
    id: Id = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[list[str]]
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class IdempotencyKey(Base):
    """A request that was carried out under a key of its client, and the ticket that it opened.

    `key` and `fingerprint` are the SHA-256 of the key and of what was asked for. A repetition gets the same ticket
    until `expires_at`.
    """

    __tablename__ = "idempotency_key"
    token_id: Mapped[int] = mapped_column(ForeignKey("api_token.id"), primary_key=True)
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
