"""API tokens: rows of programs that may call us."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from daemon.store.models import ApiToken


@dataclass(frozen=True, slots=True)
class TokenRecord:
    """A token that is in force: its id, its name and what it may do."""

    id: int
    name: str
    scopes: frozenset[str]


@dataclass(frozen=True, slots=True)
class TokenLine:
    """A token in a list."""

    name: str
    scopes: tuple[str, ...]
    created_at: datetime
    created_by: str
    last_used_at: datetime | None
    revoked_at: datetime | None


def add(session: Session, name: str, digest: str, scopes: Sequence[str], actor: str, now: datetime) -> None:
    """Add a token; raises ValueError if the name is in use, also by a revoked one."""
    if session.execute(select(ApiToken.id).where(ApiToken.name == name)).scalar() is not None:
        raise ValueError(f"there is a token named {name} already; names are not used again")
    session.execute(
        insert(ApiToken).values(
            name=name, digest=digest, scopes=list(scopes), created_at=now, created_by=actor, last_used_at=None
        )
    )


def find(session: Session, digest: str) -> TokenRecord | None:
    """Return the token with a digest, None where there is none or it was revoked."""
    row = session.execute(
        select(ApiToken.id, ApiToken.name, ApiToken.scopes).where(
            ApiToken.digest == digest, ApiToken.revoked_at.is_(None)
        )
    ).one_or_none()
    return TokenRecord(row.id, row.name, frozenset(row.scopes)) if row else None


def lines(session: Session) -> list[TokenLine]:
    """Return all tokens, the oldest first."""
    rows = session.execute(select(ApiToken).order_by(ApiToken.id)).scalars()
    return [TokenLine(r.name, tuple(r.scopes), r.created_at, r.created_by, r.last_used_at, r.revoked_at) for r in rows]


def revoke(session: Session, name: str, now: datetime) -> bool:
    """Revoke a token; return False if it was revoked before, raise LookupError if there is none of the name."""
    row = session.execute(select(ApiToken).where(ApiToken.name == name)).scalar_one_or_none()
    if row is None:
        raise LookupError(f"there is no token named {name}")
    if row.revoked_at is not None:
        return False
    row.revoked_at = now
    return True


def touch(session: Session, token_id: int, now: datetime) -> None:
    """Note that a token was used."""
    session.execute(update(ApiToken).where(ApiToken.id == token_id).values(last_used_at=now))
