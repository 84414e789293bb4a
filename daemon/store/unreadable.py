"""Emails that were skipped in their mailbox because they could not be read; each waits for an admin."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from daemon.store import events
from daemon.store.models import ImapUnreadable
from daemon.store.sql import insert_or_ignore

MAX_REASON = 500


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An email that could not be read, by its place in a mailbox. `at` is when it was skipped."""

    id: int
    at: datetime
    account: str
    folder: str
    uidvalidity: int
    uid: int
    reason: str


def add(session: Session, account: str, folder: str, key: tuple[int, int], reason: str, now: datetime) -> None:
    """Note an email that is skipped; `key` is its UIDVALIDITY and uid."""
    row = {"at": now, "account": account, "folder": folder, "uidvalidity": key[0], "uid": key[1], "reason": reason}
    session.execute(insert_or_ignore(session, ImapUnreadable), row)


def find(session: Session, limit: int, ids: Sequence[int] = ()) -> list[Unreadable]:
    """Return emails that could not be read, oldest first: those with these ids, or all."""
    columns = (ImapUnreadable.id, ImapUnreadable.at, ImapUnreadable.account, ImapUnreadable.folder)
    more = (ImapUnreadable.uidvalidity, ImapUnreadable.uid, ImapUnreadable.reason)
    query = select(*columns, *more).order_by(ImapUnreadable.id).limit(limit)
    rows = session.execute(query.where(ImapUnreadable.id.in_(ids)) if ids else query)
    return [Unreadable(*row) for row in rows]


def count(session: Session) -> int:
    """Return how many emails wait for an admin."""
    return session.execute(select(func.count()).select_from(ImapUnreadable)).scalar_one()


def note_reason(session: Session, number: int, reason: str) -> None:
    """Note why another try failed."""
    session.execute(update(ImapUnreadable).where(ImapUnreadable.id == number).values(reason=reason[:MAX_REASON]))


def settle(session: Session, one: Unreadable, result: str, now: datetime, actor: str = "") -> None:
    """Remove an email that was read after all, is gone, or is dismissed by `actor`, and record that."""
    session.execute(delete(ImapUnreadable).where(ImapUnreadable.id == one.id))
    events.add(
        session,
        "mailbox mail settled",
        now,
        account=one.account,
        folder=one.folder,
        uidvalidity=one.uidvalidity,
        uid=one.uid,
        result=result,
        actor=actor,
    )
