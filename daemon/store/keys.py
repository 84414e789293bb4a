"""The secrets that sign our tokens, kept in the store so that every host has them."""

import secrets
from datetime import datetime

from sqlalchemy import insert, select, text
from sqlalchemy.orm import Session

from daemon.store.models import SigningKey

OCTETS = 32
KEPT = 5
# Any number will do, as long as it is always the same and not that of the migrations.
ADVISORY_LOCK = 0x6B65_7973


def load(session: Session) -> tuple[bytes, ...]:
    """Return the keys, the newest first: it signs, all verify."""
    rows = session.execute(select(SigningKey.secret).order_by(SigningKey.id.desc()).limit(KEPT))
    return tuple(rows.scalars())


def ensure(session: Session, now: datetime) -> tuple[bytes, ...]:
    """Return the keys, making the first where there is none; daemons that start together agree on it."""
    found = load(session)
    if not found and session.get_bind().dialect.name == "postgresql":
        # SQLite lets one write at a time.
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
        found = load(session)
    return found or rotate(session, now)


def rotate(session: Session, now: datetime) -> tuple[bytes, ...]:
    """Add a key that signs from now on, and return all."""
    session.execute(insert(SigningKey).values(secret=secrets.token_bytes(OCTETS), created_at=now))
    return load(session)
