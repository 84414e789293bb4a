"""Idempotency keys: requests that were carried out, so that a repetition is answered and not carried out again."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from daemon.store.models import IdempotencyKey, Ticket

KEPT: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class RequestKey:
    """The key that a client gave to a request: `key` and `fingerprint` are SHA-256 in hex."""

    token_id: int
    key: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class EarlierRequest:
    """A request under the same key: what was asked for, and the ticket that it opened or wrote on, by what answer."""

    fingerprint: str
    ticket_id: int
    reference: str
    created_at: datetime
    answer_id: int | None


def find(session: Session, wanted: RequestKey, now: datetime) -> EarlierRequest | None:
    """Return the earlier request with this key, if it has not expired."""
    row = session.execute(
        select(
            IdempotencyKey.fingerprint,
            IdempotencyKey.ticket_id,
            Ticket.reference,
            IdempotencyKey.created_at,
            IdempotencyKey.answer_id,
        )
        .join(Ticket, Ticket.id == IdempotencyKey.ticket_id)
        .where(
            IdempotencyKey.token_id == wanted.token_id,
            IdempotencyKey.key == wanted.key,
            IdempotencyKey.expires_at > now,
        )
    ).one_or_none()
    return EarlierRequest(*row) if row else None


def add(session: Session, request: RequestKey, ticket_id: int, now: datetime, answer_id: int | None = None) -> None:
    """Note that a request opened a ticket or wrote on it, and forget what expired.

    Violates the primary key if it is there already.
    """
    session.execute(delete(IdempotencyKey).where(IdempotencyKey.expires_at <= now))
    session.execute(
        insert(IdempotencyKey).values(
            token_id=request.token_id,
            key=request.key,
            fingerprint=request.fingerprint,
            ticket_id=ticket_id,
            answer_id=answer_id,
            created_at=now,
            expires_at=now + KEPT,
        )
    )
