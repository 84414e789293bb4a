"""The secrets that sign our tokens, kept in the store so that every host has them."""

import secrets
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from daemon.store.models import SigningKey

OCTETS = 32
KEPT = 5


def load(session: Session) -> tuple[bytes, ...]:
    """Return the keys, the newest first: it signs, all verify."""
    rows = session.execute(select(SigningKey.secret).order_by(SigningKey.id.desc()).limit(KEPT))
    return tuple(rows.scalars())


def ensure(session: Session, now: datetime) -> tuple[bytes, ...]:
    """Return the keys, making the first where there is none."""
    return load(session) or rotate(session, now)


def rotate(session: Session, now: datetime) -> tuple[bytes, ...]:
    """Add a key that signs from now on, and return all."""
    session.execute(insert(SigningKey).values(secret=secrets.token_bytes(OCTETS), created_at=now))
    return load(session)
