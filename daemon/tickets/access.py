"""API tokens: what a program may do, and how its token is made and recognised.

A token is 256 random bits, so nobody can find it by trying, and a fast hash is enough: a slow one protects secrets that
people choose. Only the hash is stored, so a copy of the database opens nothing.
"""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy.orm import Session

from daemon.store import api_tokens, events

# By their prefix, scanners find tokens that somebody published by mistake.
TOKEN_PREFIX: Final = "triaged_"  # noqa: S105 - no secret
TOKEN_BYTES: Final = 32


class Scope(StrEnum):
    """What a token may do; the list is ordered as it is documented."""

    TICKETS_READ = "tickets:read"
    TICKETS_WRITE = "tickets:write"
    MAIL_READ = "mail:read"
    MAIL_WRITE = "mail:write"
    JOBS_READ = "jobs:read"
    JOBS_WRITE = "jobs:write"
    DELIVERIES_READ = "deliveries:read"
    DELIVERIES_WRITE = "deliveries:write"
    TRIAGE_READ = "triage:read"
    STATS_READ = "stats:read"
    MODELS_READ = "models:read"
    MODELS_WRITE = "models:write"
    WEBHOOKS_READ = "webhooks:read"
    WEBHOOKS_WRITE = "webhooks:write"
    METRICS_READ = "metrics:read"


def create(session: Session, name: str, scopes: Sequence[Scope], actor: str, now: datetime) -> str:
    """Add a token and return its text, which is shown once; raises ValueError if the name is in use."""
    text = TOKEN_PREFIX + secrets.token_urlsafe(TOKEN_BYTES)
    api_tokens.add(session, name, digest_of(text), [str(scope) for scope in scopes], actor, now)
    events.add(session, "token created", now, actor=actor, token=name, scopes=[str(scope) for scope in scopes])
    return text


def revoke(session: Session, name: str, actor: str, now: datetime) -> bool:
    """Revoke a token; return False if it was revoked before, raise LookupError if there is none of the name."""
    done = api_tokens.revoke(session, name, now)
    if done:
        events.add(session, "token revoked", now, actor=actor, token=name)
    return done


def digest_of(text: str) -> str:
    """Return what is stored of a token."""
    return hashlib.sha256(text.encode()).hexdigest()
