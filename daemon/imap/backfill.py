"""What an admin does with a mailbox by hand: try it, and take in mail from before triaged came."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from config.schema import MEGABYTE, Imap
from daemon.imap.folder import Accepts, Reader, UnreadableError, begin
from daemon.imap.oauth2 import tokens_of
from daemon.imap.session import Folder, FolderError, Pace, Session, connect
from daemon.store import cursors
from daemon.store.cursors import Place
from daemon.store.store import Store
from daemon.system.clock import Clock, SystemClock


def probe(mailbox: Imap, pace: Pace | None = None) -> str:
    """Try a mailbox, changing nothing, and return a line that says what it can do.

    Raises FolderError where a folder is missing, else what `connect` raises; `daemon.imap.folder.describe` puts any
    of them in words.
    """
    with connect(mailbox, tokens_of(mailbox, SystemClock()), pace or Pace(), MEGABYTE) as session:
        for folder in mailbox.folders:
            if not session.folder_exists(folder):
                raise FolderError(f"there is no folder {folder!r} in this mailbox")
            session.select(folder, for_good=False)
        waits = "IDLE" if mailbox.idle and session.can_idle else f"polled every {mailbox.poll_seconds:g} s"
        return f"{mailbox.host}:{mailbox.port} as {mailbox.username}: {', '.join(mailbox.folders)}; {waits}"


def backfill(
    mailbox: Imap,
    intake: Accepts,
    store: Store,
    clock: Clock,
    since: date,
    progress: Callable[[int, int], None],
    *,
    max_bytes: int = 25 * MEGABYTE,
    pace: Pace | None = None,
) -> int:
    """Take in silently what arrived on a day or later but before the live cursor; return how many mails were stored.

    The mailbox stays as it is, and so does a cursor that is set. What lies behind the cursor is left to the poller,
    which tells people of it. `progress` hears of mails done and in all. Raises what `connect` and the store raise.
    """
    tokens = tokens_of(mailbox, clock)
    filler = _Filler(
        lambda: connect(mailbox, tokens, pace or Pace(), max_bytes),
        lambda folder: Reader(Place(mailbox.name, folder), intake, store, clock, lambda: False),
        lambda session, folder, place: _last(session, folder, place, store, clock),
        since,
        progress,
    )
    for name in mailbox.folders:
        filler.fill(name)
    return filler.stored


@dataclass(slots=True)
class _Filler:
    connect: Callable[[], Session]
    reader: Callable[[str], Reader]
    last: Callable[[Session, Folder, Place], int]
    since: date
    progress: Callable[[int, int], None]
    before: int = 0
    stored: int = 0

    def fill(self, name: str) -> None:
        """Take in a folder. An email that cannot be read costs a session; the reader gives it up after some."""
        reader, done, finished = self.reader(name), set[int](), False
        while not finished:
            try:
                with self.connect() as session:
                    finished = self._fill(session, reader, done)
            except UnreadableError:
                continue
        self.before += len(done)

    def _fill(self, session: Session, reader: Reader, done: set[int]) -> bool:
        folder = session.select(reader.place.folder, for_good=False)
        last = self.last(session, folder, reader.place)
        uids = [uid for uid in session.uids_since(self.since) if uid <= last]
        for uid in uids:
            if uid not in done:
                self.stored += reader.take(session, folder, uid, silent=True, moving=False)
                done.add(uid)
                self.progress(self.before + len(done), self.before + len(uids))
        return True


def _last(session: Session, folder: Folder, place: Place, store: Store, clock: Clock) -> int:
    """Return the last uid that is not the poller's to read."""
    with store.read() as db:
        cursor = cursors.find(db, place)
    if cursor is None:
        return begin(session, folder, place, store, clock)
    if cursor.uidvalidity != folder.uidvalidity:
        raise FolderError(f"{place.folder}: the server numbered its mails anew; let the daemon read it first")
    return cursor.last_uid
