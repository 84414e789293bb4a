"""The secrets that sign our tokens, stored in the database so that all hosts share them."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from daemon.store.models import SigningKey
from daemon.store.sql import advisory_lock

SECRET_BYTES = 32
KEPT = 5
# Running processes read the keys again sooner than this, so that all know a key before one of them signs with it.
SETTLING: Final = timedelta(minutes=1)
# An arbitrary constant, different from that of the migrations.
ADVISORY_LOCK = 0x6B65_7973


@dataclass(slots=True)
class Keyring:
    """The keys in force in a process: the first signs, all verify.

    A change replaces `value` as a whole, so that readers need no lock.
    """

    value: tuple[bytes, ...]


def load(session: Session, now: datetime) -> tuple[bytes, ...]:
    """Return up to KEPT keys: the first signs, all verify.

    The newest key that has settled signs; where none has, the newest.
    """
    query = select(SigningKey.secret, SigningKey.created_at).order_by(SigningKey.id.desc()).limit(KEPT)
    rows = session.execute(query).all()
    settled = [row.secret for row in rows if now - row.created_at >= SETTLING]
    signing = settled[:1] or [row.secret for row in rows[:1]]
    return (*signing, *(row.secret for row in rows if row.secret not in signing))


def ensure(session: Session, now: datetime) -> tuple[bytes, ...]:
    """Return the keys, creating the first if there is none; daemons that start together get the same."""
    found = load(session, now)
    if not found:
        advisory_lock(session, ADVISORY_LOCK)
        found = load(session, now)
    return found or rotate(session, now)


def rotate(session: Session, now: datetime, *, revoke: bool = False) -> tuple[bytes, ...]:
    """Add a key that signs once it has settled, and return the keys; `revoke` removes all others, and it signs now."""
    if revoke:
        session.execute(delete(SigningKey))
    session.execute(insert(SigningKey).values(secret=secrets.token_bytes(SECRET_BYTES), created_at=now))
    return load(session, now)
