"""Sessions of the pages, and the links that begin them."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, func, insert, select, update
from sqlalchemy.orm import Session

from daemon.store.models import SignInRequest, WebSession


@dataclass(frozen=True, slots=True)
class SignInLink:
    """A link that was asked for: whom it signs in, what its signature is over, and the URL that it begins with."""

    id: int
    email: str
    nonce: str
    browser: str | None
    base: str


def add_link(
    session: Session, email: str, nonce: str, browser: str | None, base: str, now: datetime, expires_at: datetime
) -> int:
    """Add a link, remove those that expired a day ago, and return its id."""
    session.execute(delete(SignInRequest).where(SignInRequest.created_at < now - (expires_at - now) * 100))
    values = {"email": email, "nonce": nonce, "browser": browser, "base": base}
    added = insert(SignInRequest).values(**values, created_at=now, expires_at=expires_at).returning(SignInRequest.id)
    return session.execute(added).scalar_one()


def links_since(session: Session, since: datetime, email: str | None = None) -> int:
    """Return how many links were asked for since a time: for an address, or for all."""
    wanted = [SignInRequest.created_at >= since, *([SignInRequest.email == email] if email is not None else [])]
    return session.execute(select(func.count()).select_from(SignInRequest).where(*wanted)).scalar_one()


def find_link(session: Session, link_id: int, now: datetime | None = None) -> SignInLink | None:
    """Return a link; with `now` only one that still signs in."""
    query = select(SignInRequest).where(SignInRequest.id == link_id)
    if now is not None:
        query = query.where(*_usable(now))
    row = session.execute(query).scalar_one_or_none()
    return SignInLink(row.id, row.email, row.nonce, row.browser, row.base) if row else None


def use_link(session: Session, link_id: int, now: datetime) -> bool:
    """Use a link up; return False if it was used or expired before."""
    used = (
        update(SignInRequest)
        .where(SignInRequest.id == link_id, *_usable(now))
        .values(used_at=now)
        .returning(SignInRequest.id)
    )
    return session.execute(used).one_or_none() is not None


def add(session: Session, digest: str, email: str, now: datetime, expires_at: datetime) -> None:
    """Add a session, and remove those that expired."""
    session.execute(delete(WebSession).where(WebSession.email == email, WebSession.expires_at < now))
    session.execute(insert(WebSession).values(digest=digest, email=email, created_at=now, expires_at=expires_at))


def email_of(session: Session, digest: str, now: datetime) -> str | None:
    """Return who is signed in by a session that is in force; None: nobody."""
    found = select(WebSession.email).where(WebSession.digest == digest, *_in_force(now))
    return session.execute(found).scalar_one_or_none()


def end(session: Session, digest: str, now: datetime) -> None:
    """End a session."""
    session.execute(
        update(WebSession).where(WebSession.digest == digest, WebSession.ended_at.is_(None)).values(ended_at=now)
    )


def end_all(session: Session, email: str, now: datetime) -> int:
    """End all sessions of a person, and return how many were in force."""
    ended = (
        update(WebSession)
        .where(WebSession.email == email, *_in_force(now))
        .values(ended_at=now)
        .returning(WebSession.id)
    )
    return len(session.execute(ended).all())


def _usable(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return SignInRequest.used_at.is_(None), SignInRequest.expires_at > now


def _in_force(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return WebSession.ended_at.is_(None), WebSession.expires_at > now
