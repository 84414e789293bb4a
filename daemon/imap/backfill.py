"""What an admin does with a mailbox by hand: try it, and store email that is older than the installation."""

import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from time import sleep
from typing import Final

import structlog
from imapclient.exceptions import IMAPClientAbortError

from config.schema import Imap
from config.schema.limits import MEGABYTE
from daemon.imap.folder import Accepts, Reader, UnreadableError, begin, describe
from daemon.imap.oauth2 import TokenUnavailableError, tokens_of
from daemon.imap.session import Folder, FolderError, Pace, Session, connect
from daemon.store import cursors
from daemon.store.cursors import Place
from daemon.store.store import Store
from daemon.system.clock import Clock, SystemClock

log = structlog.get_logger(__name__)

# With the pauses of `Pace` in between, a server may be away for a minute. Above folder.TRIES, so that an email that
# always ends the session is given up before the backfill is.
SESSIONS_WITHOUT_PROGRESS: Final = 7
CONNECTION_LOST: Final = (IMAPClientAbortError, OSError, TokenUnavailableError, UnreadableError)


def probe(mailbox: Imap, pace: Pace | None = None) -> str:
    """Log in to a mailbox and select each folder, changing nothing; return a line that describes it.

    Raises FolderError for a missing folder, else what `connect` raises; `daemon.imap.folder.describe` turns each into
    a message.
    """
    with connect(mailbox, tokens_of(mailbox, SystemClock()), pace or Pace(), MEGABYTE) as session:
        for folder in mailbox.folders:
            if not session.folder_exists(folder):
                raise FolderError(f"there is no folder {folder!r} in this mailbox")
            session.select(folder, read_only=True)
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
    max_bytes: int,
    pace: Pace | None = None,
) -> int:
    """Store silently the emails that arrived since a day, up to the cursor; return how many were stored.

    Neither the mailbox nor an existing cursor changes. Emails after the cursor are left to the poller, which notifies
    people of them. Calls `progress` with the numbers of emails done and in all. A lost connection is made again after a
    pause, and the copy resumes where it was; after SESSIONS_WITHOUT_PROGRESS sessions in a row without an email, raises
    the last error. Other errors of `connect` and those of the store are raised at once.
    """
    tokens, pace = tokens_of(mailbox, clock), pace or Pace()
    filler = _Filler(
        lambda: connect(mailbox, tokens, pace, max_bytes),
        lambda folder: Reader(Place(mailbox.name, folder), intake, store, clock, lambda: False),
        lambda session, folder, place: _last(session, folder, place, store, clock),
        since,
        progress,
        pace,
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
    pace: Pace
    before: int = 0
    stored: int = 0
    connected: bool = False

    def fill(self, name: str) -> None:
        """Read one folder, in as many sessions as it takes; raises the error that ended the last one."""
        reader, done = self.reader(name), set[int]()
        sessions_without_progress = 0
        while True:
            before = len(done)
            try:
                with self.connect() as session:
                    self.connected = True
                    self._fill(session, reader, done)
                break
            except Exception as error:
                sessions_without_progress = 1 if len(done) > before else sessions_without_progress + 1
                if sessions_without_progress >= SESSIONS_WITHOUT_PROGRESS or not self._may_pass(error):
                    raise
                self._pause(reader.place, error, sessions_without_progress)
        self.before += len(done)

    def _fill(self, session: Session, reader: Reader, done: set[int]) -> None:
        folder = session.select(reader.place.folder, read_only=True)
        last = self.last(session, folder, reader.place)
        uids = [uid for uid in session.uids_since(self.since) if uid <= last]
        for uid in uids:
            if uid not in done:
                self.stored += reader.take(session, folder, uid, silent=True, moving=False)
                done.add(uid)
                self.progress(self.before + len(done), self.before + len(uids))

    def _may_pass(self, error: Exception) -> bool:
        """Return whether a new session may succeed."""
        if isinstance(error, ssl.SSLCertVerificationError):
            return False
        # Before the first session, these mean a wrong host or port; later, that the server restarts.
        if not self.connected and isinstance(error, (ConnectionRefusedError, socket.gaierror)):
            return False
        return isinstance(error, CONNECTION_LOST)

    def _pause(self, place: Place, error: Exception, sessions: int) -> None:
        seconds = min(self.pace.back_off * 2 ** (sessions - 1), self.pace.max_back_off)
        log.warning(
            "mailbox connection lost",
            mailbox=place.account,
            folder=place.folder,
            error=describe(error),
            again_in=seconds,
        )
        sleep(seconds)


def _last(session: Session, folder: Folder, place: Place, store: Store, clock: Clock) -> int:
    """Return the last uid of the backfill: the poller reads what comes after the cursor."""
    with store.read() as db:
        cursor = cursors.find(db, place)
    if cursor is None:
        return begin(session, folder, place, store, clock)
    if cursor.uidvalidity != folder.uidvalidity:
        raise FolderError(f"{place.folder}: the server renumbered its emails; let the daemon read the folder first")
    return cursor.last_uid
