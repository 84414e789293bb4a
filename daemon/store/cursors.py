"""Cursors of mailboxes: how far each folder has been read, and which of its emails are still to be marked."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, select, tuple_, update
from sqlalchemy.orm import Session

from daemon.store import events
from daemon.store.models import ImapCursor, ImapUnmarked, Inbound
from daemon.store.sql import insert_or_ignore

UNKNOWN = 0
MAX_ERROR = 500

# An email within its folder: UIDVALIDITY and uid.
Key = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Cursor:
    """Every mail of a folder up to `last_uid` is dealt with, as long as UIDVALIDITY stays (RFC 9051 section 2.3.1.1).

    `polled_at` is when the folder was last read to its end.
    """

    uidvalidity: int
    last_uid: int
    polled_at: datetime | None


@dataclass(frozen=True, slots=True)
class Place:
    """A folder of an account."""

    account: str
    folder: str


def find(session: Session, place: Place) -> Cursor | None:
    """Return the cursor of a folder, or None where it was never read."""
    found = select(ImapCursor.uidvalidity, ImapCursor.last_uid, ImapCursor.polled_at).where(*_is(place))
    row = session.execute(found).one_or_none()
    return Cursor(*row) if row is not None and row.uidvalidity != UNKNOWN else None


def put(session: Session, place: Place, uidvalidity: int, last_uid: int, now: datetime) -> None:
    """Set the cursor of a folder that is new to us, or that the server has numbered anew."""
    values = {"uidvalidity": uidvalidity, "last_uid": last_uid, "polled_at": now, "error": ""}
    _ensure(session, place)
    session.execute(update(ImapCursor).where(*_is(place)).values(values))


def advance(session: Session, place: Place, uidvalidity: int, uid: int, mail_at: datetime | None = None) -> None:
    """Move the cursor to an email that is dealt with. It never moves back, nor in a folder that was numbered anew."""
    ours = (*_is(place), ImapCursor.uidvalidity == uidvalidity)
    session.execute(update(ImapCursor).where(*ours, ImapCursor.last_uid < uid).values(last_uid=uid))
    if mail_at is not None:
        session.execute(update(ImapCursor).where(*ours).values(last_mail_at=mail_at))


def owe(session: Session, place: Place, uidvalidity: int, uid: int) -> None:
    """Note that an email stored in this very transaction is still to be marked or moved in its folder."""
    values = {"account": place.account, "folder": place.folder, "uidvalidity": uidvalidity, "uid": uid}
    session.execute(insert_or_ignore(session, ImapUnmarked), values)


def owed(session: Session, place: Place, most: int) -> list[Key]:
    """Return at most so many emails of a folder that are still to be marked or moved, lowest first."""
    key = ImapUnmarked.uidvalidity, ImapUnmarked.uid
    rows = session.execute(select(*key).where(*_unmarked(place)).order_by(*key).limit(most))
    return [(row.uidvalidity, row.uid) for row in rows]


def settle(session: Session, place: Place, keys: Collection[Key]) -> None:
    """Note that nothing is to be done any more with these emails in their folder."""
    these = tuple_(ImapUnmarked.uidvalidity, ImapUnmarked.uid).in_(keys)
    session.execute(delete(ImapUnmarked).where(*_unmarked(place), these))


def polled(session: Session, place: Place, now: datetime) -> None:
    """Note that a folder was read to its end."""
    session.execute(update(ImapCursor).where(*_is(place)).values(polled_at=now, error=""))


def failed(session: Session, place: Place, error: str) -> None:
    """Note why a folder cannot be read."""
    _ensure(session, place)
    session.execute(update(ImapCursor).where(*_is(place)).values(error=error[:MAX_ERROR]))


def note_unreadable(session: Session, place: Place, uidvalidity: int, uid: int, reason: str, now: datetime) -> None:
    """Note that an email stays in its mailbox because the server did not give it to us."""
    events.add(
        session,
        "mailbox mail unreadable",
        now,
        account=place.account,
        folder=place.folder,
        uidvalidity=uidvalidity,
        uid=uid,
        reason=reason[:MAX_ERROR],
    )


def note_damage(session: Session, source: str, kind: str, now: datetime, *, size: int, kept: int) -> None:
    """Note on a mail stored in this very transaction that the server told `size` octets and we have `kept`."""
    # The row is among the newest: the way back along the primary key is short, and an index on source would not pay.
    newest = select(Inbound.id, Inbound.ticket_id).where(Inbound.source == source[:255])
    row = session.execute(newest.order_by(Inbound.id.desc()).limit(1)).one_or_none()
    if row is not None:
        events.add(session, kind, now, ticket_id=row.ticket_id, inbound_id=row.id, size=size, kept=kept)


def _ensure(session: Session, place: Place) -> None:
    values = {"account": place.account, "folder": place.folder, "uidvalidity": UNKNOWN, "last_uid": 0, "error": ""}
    session.execute(insert_or_ignore(session, ImapCursor), values)


def _is(place: Place) -> tuple[ColumnElement[bool], ...]:
    return ImapCursor.account == place.account, ImapCursor.folder == place.folder


def _unmarked(place: Place) -> tuple[ColumnElement[bool], ...]:
    return ImapUnmarked.account == place.account, ImapUnmarked.folder == place.folder
