"""Cursors of mailboxes: how far each folder has been read, and which stored emails are still to be marked."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, select, tuple_, update
from sqlalchemy.orm import Session

from daemon.store import events, unreadable
from daemon.store.models import ImapCursor, ImapUnmarked, InboundRow
from daemon.store.sql import insert_or_ignore

# The UIDVALIDITY of a folder that was never read; real ones are positive.
UNKNOWN = 0
MAX_ERROR = 500

# An email in its folder: UIDVALIDITY and uid.
Key = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Cursor:
    """All emails of a folder up to `last_uid` are stored or skipped.

    Valid only for its `uidvalidity` (RFC 9051 section 2.3.1.1). `polled_at` is when the folder was last read to
    its end.
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
    """Return the cursor of a folder, or None if it was never read."""
    found = select(ImapCursor.uidvalidity, ImapCursor.last_uid, ImapCursor.polled_at).where(*_is(place))
    row = session.execute(found).one_or_none()
    return Cursor(*row) if row is not None and row.uidvalidity != UNKNOWN else None


def put(session: Session, place: Place, uidvalidity: int, last_uid: int, now: datetime) -> None:
    """Set the cursor of a new folder, or of one whose UIDVALIDITY changed."""
    values = {"uidvalidity": uidvalidity, "last_uid": last_uid, "polled_at": now, "error": ""}
    _ensure(session, place)
    session.execute(update(ImapCursor).where(*_is(place)).values(values))


def advance(session: Session, place: Place, uidvalidity: int, uid: int) -> None:
    """Move the cursor to an email, unless it is past it already or has another UIDVALIDITY."""
    ours = (*_is(place), ImapCursor.uidvalidity == uidvalidity)
    session.execute(update(ImapCursor).where(*ours, ImapCursor.last_uid < uid).values(last_uid=uid))


def note_mail(session: Session, place: Place, now: datetime) -> None:
    """Note that an email of a folder was stored, also while the folder is read again under another UIDVALIDITY."""
    session.execute(update(ImapCursor).where(*_is(place)).values(last_mail_at=now))


def add_unmarked(session: Session, place: Place, uidvalidity: int, uid: int) -> None:
    """Note that an email, stored in the same transaction, is still to be marked or moved in its folder."""
    values = {"account": place.account, "folder": place.folder, "uidvalidity": uidvalidity, "uid": uid}
    session.execute(insert_or_ignore(session, ImapUnmarked), values)


def unmarked(session: Session, place: Place, limit: int) -> list[Key]:
    """Return up to `limit` emails of a folder that are still to be marked or moved, lowest uid first."""
    key = ImapUnmarked.uidvalidity, ImapUnmarked.uid
    rows = session.execute(select(*key).where(*_unmarked_in(place)).order_by(*key).limit(limit))
    return [(row.uidvalidity, row.uid) for row in rows]


def remove_unmarked(session: Session, place: Place, keys: Collection[Key]) -> None:
    """Note that these emails are marked or moved, or gone."""
    these = tuple_(ImapUnmarked.uidvalidity, ImapUnmarked.uid).in_(keys)
    session.execute(delete(ImapUnmarked).where(*_unmarked_in(place), these))


def note_polled(session: Session, place: Place, now: datetime) -> None:
    """Note that a folder was read to its end."""
    session.execute(update(ImapCursor).where(*_is(place)).values(polled_at=now, error=""))


def note_failure(session: Session, place: Place, error: str) -> None:
    """Note why a folder cannot be read."""
    _ensure(session, place)
    session.execute(update(ImapCursor).where(*_is(place)).values(error=error[:MAX_ERROR]))


def note_unreadable(session: Session, place: Place, uidvalidity: int, uid: int, reason: str, now: datetime) -> None:
    """Note that an email was skipped because it could not be fetched or stored, as an event and for the admin."""
    unreadable.add(session, place.account, place.folder, (uidvalidity, uid), reason[:MAX_ERROR], now)
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
    """Note that of an email, stored in the same transaction, the server announced `size` bytes and we kept `kept`."""
    # The row is among the newest, so a scan back along the primary key is short and needs no index on source.
    newest = select(InboundRow.id, InboundRow.ticket_id).where(InboundRow.source == source[:255])
    row = session.execute(newest.order_by(InboundRow.id.desc()).limit(1)).one_or_none()
    if row is not None:
        events.add(session, kind, now, ticket_id=row.ticket_id, inbound_id=row.id, size=size, kept=kept)


def _ensure(session: Session, place: Place) -> None:
    values = {"account": place.account, "folder": place.folder, "uidvalidity": UNKNOWN, "last_uid": 0, "error": ""}
    session.execute(insert_or_ignore(session, ImapCursor), values)


def _is(place: Place) -> tuple[ColumnElement[bool], ...]:
    return ImapCursor.account == place.account, ImapCursor.folder == place.folder


def _unmarked_in(place: Place) -> tuple[ColumnElement[bool], ...]:
    return ImapUnmarked.account == place.account, ImapUnmarked.folder == place.folder
