"""The secrets that sign our tokens, stored in the database so that all hosts share them."""

import secrets
from datetime import datetime

from sqlalchemy import insert, select, text
from sqlalchemy.orm import Session

from daemon.store.models import SigningKey

SECRET_BYTES = 32
KEPT = 5
# An arbitrary constant, different from that of the migrations.
ADVISORY_LOCK = 0x6B65_7973


def load(session: Session) -> tuple[bytes, ...]:
    """Return up to KEPT keys, newest first: the first signs, all verify."""
    rows = session.execute(select(SigningKey.secret).order_by(SigningKey.id.desc()).limit(KEPT))
    return tuple(rows.scalars())


def ensure(session: Session, now: datetime) -> tuple[bytes, ...]:
    """Return the keys, creating the first if there is none; daemons that start together get the same."""
    found = load(session)
    if not found and session.get_bind().dialect.name == "postgresql":
        # SQLite needs no lock: it has one writer at a time.
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
        found = load(session)
    return found or rotate(session, now)


def rotate(session: Session, now: datetime) -> tuple[bytes, ...]:
    """Add a key that signs from now on, and return the keys."""
    session.execute(insert(SigningKey).values(secret=secrets.token_bytes(SECRET_BYTES), created_at=now))
    return load(session)
