"""Read a folder after its cursor: each email is stored in the transaction that moves the cursor past it."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol

import structlog
from imapclient.exceptions import IMAPClientError, ProtocolError
from sqlalchemy.orm import Session as Transaction

from daemon.imap.login import LoginRefusedError
from daemon.imap.oauth2 import TokenRefusedError, TokenUnavailableError
from daemon.imap.session import Folder, FolderError, Mail, Session, WithheldError
from daemon.mail.address import canonical
from daemon.mail.envelope import Envelope, Inbound
from daemon.mail.mime.headers import read_block
from daemon.mail.own_address import DELIVERY_HEADERS
from daemon.store import cursors
from daemon.store.cursors import Cursor, Key, Place
from daemon.store.errors import UNREACHABLE
from daemon.store.store import Store
from daemon.system.clock import Clock
from daemon.system.failpoint import failpoint
from daemon.text import harmless_line

log = structlog.get_logger(__name__)

TRIES: Final = 3
MARKED_AT_ONCE: Final = 50
MAX_RECIPIENTS: Final = 20
# SINCE compares days only, in the server's time zone (RFC 9051 section 6.4.4).
MARGIN: Final = timedelta(days=2)


class Accepts(Protocol):
    """Stores an email, and returns once it is durable."""

    def accept(
        self, inbound: Inbound, *, silent: bool = False, also: Callable[[Transaction, object], None] | None = None
    ) -> object:
        """Store an email. Nobody is notified of a `silent` one; `also` runs in the same transaction."""


class UnreadableError(Exception):
    """An email cannot be read. A new session may help; after TRIES failures, `Reader` skips the email."""


# Errors whose text is safe to log.
SAFE_TO_SHOW: Final = (
    FolderError,
    LoginRefusedError,
    TokenRefusedError,
    TokenUnavailableError,
    UnreadableError,
    WithheldError,
)


class Reader:
    """Reads one folder over many sessions; counts the failures of each email.

    Emails that are stored but not marked yet are rows of the store as well, so that the next session marks them after a
    lost connection or a killed process.
    """

    def __init__(self, place: Place, intake: Accepts, store: Store, clock: Clock, stopping: Callable[[], bool]) -> None:
        self.place = place
        self._intake = intake
        self._store = store
        self._clock = clock
        self._stopping = stopping
        self._failures: dict[Key, int] = {}
        self._unmarked: list[Key] = []
        self._lost_while_marking = 0
        self._reread: set[Key] = set()
        self.failures = 0
        self.taken = 0
        self.mail_at: datetime | None = None

    def drain(self, session: Session) -> None:
        """Store all new emails of the folder, oldest first, until stopped.

        Raises UnreadableError, what the session raises, and what the store raises.
        """
        folder = session.select(self.place.folder)
        self._mark_leftovers(session, folder)
        cursor = self._cursor()
        if cursor is None:
            begin(session, folder, self.place, self._store, self._clock)
        elif cursor.uidvalidity != folder.uidvalidity:
            self._read_again(session, folder, cursor)
        else:
            for uid in session.uids_after(cursor.last_uid):
                if self._stopping():
                    break
                self.take(session, folder, uid)
        self._mark_stored(session)
        if not self._stopping():
            self._store.write(lambda db: cursors.note_polled(db, self.place, self._clock.now()))

    def take(self, session: Session, folder: Folder, uid: int, *, silent: bool = False, moving: bool = True) -> bool:
        """Store one email and return whether it was stored; False if it is gone or failed too often.

        `moving` moves the cursor past it.
        """
        key = (folder.uidvalidity, uid)
        if self._failures.get(key, 0) >= TRIES:
            return False
        marking = session.marks and not silent
        try:
            mail = session.read(uid)
            if mail is not None:
                self._store_mail(mail, key, silent=silent, moving=moving, marking=marking)
        except UNREACHABLE:
            raise
        except Exception as error:
            if self._stopping():
                raise
            self._count_failure(key, error, moving=moving)
            raise UnreadableError(f"{self.place.folder}: email {uid}: {describe(error)}") from error
        if mail is None:
            log.info("mailbox email gone", mailbox=self.place.account, folder=self.place.folder, uid=uid)
            return False
        failpoint("imap.stored")
        self._failures.pop(key, None)
        if marking:
            self._unmarked.append(key)
        if len(self._unmarked) >= MARKED_AT_ONCE:
            self._mark_stored(session)
        return True

    def _cursor(self) -> Cursor | None:
        with self._store.read() as db:
            return cursors.find(db, self.place)

    def _store_mail(self, mail: Mail, key: Key, *, silent: bool, moving: bool, marking: bool) -> None:
        now = self._clock.now()
        source = f"imap:{self.place.account}/{self.place.folder}/{key[0]}/{key[1]}"

        def also(db: Transaction, _receipt: object) -> None:
            if moving:
                cursors.advance(db, self.place, *key)
            if not silent:
                cursors.note_mail(db, self.place, now)
            if marking:
                cursors.add_unmarked(db, self.place, *key)
            if mail.cut or mail.size != len(mail.raw):
                kind = "mailbox mail cut" if mail.cut else "mailbox mail size differs"
                cursors.note_damage(db, source, kind, now, size=mail.size, kept=len(mail.raw))

        self._intake.accept(
            Inbound(envelope(mail.raw, self.place.account, now), mail.raw, source), silent=silent, also=also
        )
        self.mail_at, self.taken = now, self.taken + 1
        log.info("mailbox email stored", source=source, size=len(mail.raw), cut=mail.cut)

    def _count_failure(self, key: Key, error: Exception, *, moving: bool) -> None:
        tried, reason, now = self._failures.get(key, 0) + 1, describe(error), self._clock.now()

        def give_up(db: Transaction) -> None:
            cursors.note_unreadable(db, self.place, *key, reason, now)
            if moving:
                cursors.advance(db, self.place, *key)

        if tried == TRIES:
            self._store.write(give_up)
            log.error("mailbox email unreadable", mailbox=self.place.account, folder=self.place.folder, uid=key[1])
        # Counted last: if the note cannot be stored, the email is not skipped.
        self._failures[key] = tried

    def _read_again(self, session: Session, folder: Folder, cursor: Cursor) -> None:
        """Read a folder again whose UIDVALIDITY changed (RFC 9051 section 2.3.1.1); known emails become duplicates.

        Emails that arrived before the last poll are read after the recent ones and stored silently: they may be older
        than the first poll. The cursor is set at the end, so a restart begins again.
        """
        log.warning("mailbox renumbered", mailbox=self.place.account, folder=self.place.folder)
        since = (cursor.polled_at or self._clock.now()) - MARGIN
        recent = set(session.uids_since(since.date()))
        every = session.uids_after(0)
        for uid in sorted(every, key=lambda uid: (uid not in recent, uid)):
            if self._stopping():
                return
            if (folder.uidvalidity, uid) not in self._reread:
                self.take(session, folder, uid, silent=uid not in recent, moving=False)
                self._reread.add((folder.uidvalidity, uid))
        last, now = max(every, default=0), self._clock.now()
        self._store.write(lambda db: cursors.put(db, self.place, folder.uidvalidity, last, now))
        self._reread.clear()

    def _mark_leftovers(self, session: Session, folder: Folder) -> None:
        """Mark or move emails that an earlier session stored, if they are still in the folder.

        Forgets those of another UIDVALIDITY, and all of them if the settings do not mark emails.
        """
        self._unmarked.clear()
        with self._store.read() as db:
            keys = cursors.unmarked(db, self.place, MARKED_AT_ONCE)
        if keys:
            ours = [uid for uidvalidity, uid in keys if uidvalidity == folder.uidvalidity and session.marks]
            self._mark(session, session.still_there(ours), keys)

    def _mark_stored(self, session: Session) -> None:
        """Mark or move the emails that this session stored."""
        keys, self._unmarked = self._unmarked, []
        if keys:
            self._mark(session, [uid for _, uid in keys], keys)

    def _mark(self, session: Session, uids: Sequence[int], keys: Sequence[Key]) -> None:
        """Mark or move emails, and remove them from the unmarked ones."""
        try:
            self._finish(session, uids)
        except FolderError as error:
            log.warning(
                "mailbox email not marked", mailbox=self.place.account, folder=self.place.folder, error=str(error)
            )
        except Exception:
            self._lost_while_marking += 1
            raise
        self._lost_while_marking = 0
        self._store.write(lambda db: cursors.remove_unmarked(db, self.place, keys))

    def _finish(self, session: Session, uids: Sequence[int]) -> None:
        # If marking ends every session, give it up: new emails are more important.
        if self._lost_while_marking >= TRIES:
            raise FolderError("the connection was lost each time")
        session.finish(uids)


def begin(session: Session, folder: Folder, place: Place, store: Store, clock: Clock) -> int:
    """Set the cursor of a new folder after its last email, and return that uid."""
    last, now = session.last_uid(folder), clock.now()
    store.write(lambda db: cursors.put(db, place, folder.uidvalidity, last, now))
    log.info("mailbox cursor set", mailbox=place.account, folder=place.folder, after=last)
    return last


def envelope(raw: bytes, peer: str, now: datetime) -> Envelope:
    """Return the envelope that the headers of a delivered email show (RFC 5321 section 4.4)."""
    block = read_block(raw, 0, len(raw))
    named = (value for field in DELIVERY_HEADERS for value in block.every(field)[:MAX_RECIPIENTS])
    recipients = dict.fromkeys(address for value in named if (address := canonical(value.strip().strip("<>"))))
    returns = block.every("return-path")
    return Envelope(_return_path(returns[0]) if returns else None, tuple(recipients)[:MAX_RECIPIENTS], peer, now)


def _return_path(value: str) -> str | None:
    text = value.strip()
    return "" if text == "<>" else canonical(text.removeprefix("<").removesuffix(">"))


def describe(error: BaseException) -> str:
    """Return a message for an error that quotes neither an email nor an SQL statement."""
    if isinstance(error, SAFE_TO_SHOW):
        return str(error)
    if isinstance(error, ProtocolError):
        return "the server broke the protocol"
    if isinstance(error, IMAPClientError):
        # The rest is a raw line of the server.
        return harmless_line(str(error)).partition(": b")[0]
    if isinstance(error, OSError):
        return harmless_line(f"{type(error).__name__}: {error.strerror or error}")
    return type(error).__name__
