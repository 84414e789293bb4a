"""Access over HTTP: the tokens of programs, requests that must not be carried out twice, and who is signed in."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
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
    """A request that was carried out under a key of its client, and the ticket that it opened or wrote on.

    `key` and `fingerprint` are the SHA-256 of the key and of what was asked for, `answer_id` is the answer that it
    wrote, if any. A repetition gets the same until `expires_at`.
    """

    __tablename__ = "idempotency_key"
    token_id: Mapped[int] = mapped_column(ForeignKey("api_token.id"), primary_key=True)
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"))
    # No foreign key: SQLite cannot add one without copying the table.
    answer_id: Mapped[int | None]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class SignInRequest(Base):
    """A link that signs one person in, once, until `expires_at`.

    The link carries a signature over `nonce`, which only we can make. `browser` is the SHA-256 of the cookie of the
    browser that asked for it, NULL for a link that was printed on the terminal. `email` is in the form in which
    addresses are compared, "" for whoever started triaged there. `base` is the URL that the link begins with.
    """

    __tablename__ = "sign_in_request"
    id: Id = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(320))
    nonce: Mapped[str] = mapped_column(String(64))
    browser: Mapped[str | None] = mapped_column(String(64))
    base: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(index=True)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    __table_args__ = (Index("sign_in_request_by_email", "email", "created_at"),)


class WebSession(Base):
    """A browser in which somebody is signed in. `digest` is the SHA-256 of its cookie; `email` as in SignInRequest.

    It ends at `expires_at`, at `ended_at` if that is set, or when its user is no longer known.
    """

    __tablename__ = "web_session"
    id: Id = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    email: Mapped[str] = mapped_column(String(320), index=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
