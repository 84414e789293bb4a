"""Poll mailboxes, each in its own thread, so that a broken account never stops another."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from math import inf
from random import SystemRandom
from typing import Final

import structlog

from config.schema import Imap
from daemon.imap.folder import Accepts, Reader, describe
from daemon.imap.lease import MailboxLease
from daemon.imap.login import LoginRefusedError
from daemon.imap.oauth2 import tokens_of
from daemon.imap.session import FolderError, Pace, Session, connect
from daemon.store import cursors
from daemon.store.cursors import Place
from daemon.store.errors import UNREACHABLE
from daemon.store.store import Store
from daemon.system.clock import Clock

log = structlog.get_logger(__name__)

# After this many refused logins in a row, pause: a server may lock the account.
REFUSALS: Final = 3
# Each IDLE without new mail is longer than the one before.
LONGER: Final = 4
DISK_FULL: Final = "the disk is nearly full"
READ_ELSEWHERE: Final = "another process reads this mailbox"


@dataclass(frozen=True, slots=True)
class MailboxState:
    """The state of a mailbox.

    `polled_at` is when it was last read to its end, `mail_at` when its last email was stored, `refused` the number of
    refused logins in a row.
    """

    name: str
    connected: bool = False
    polled_at: datetime | None = None
    mail_at: datetime | None = None
    error: str = ""
    refused: int = 0


class Poller:
    """Stores the emails of one mailbox until it is stopped.

    On a `shared` store, other processes may poll the same mailbox: this one waits while another holds its lease.
    """

    def __init__(
        self,
        mailbox: Imap,
        intake: Accepts,
        store: Store,
        clock: Clock,
        max_bytes: int,
        pause: Callable[[], bool],
        *,
        pace: Pace | None = None,
        shared: bool = False,
    ) -> None:
        self._mailbox = mailbox
        self._store = store
        self._clock = clock
        self._max_bytes = max_bytes
        self._pause = pause
        self._pace = pace or Pace()
        self._tokens = tokens_of(mailbox, clock)
        self._lease = self._lease_of(mailbox.name) if shared else None
        # The first folder is read last: it stays selected, and IDLE announces its new emails.
        places = [Place(mailbox.name, folder) for folder in reversed(mailbox.folders)]
        self._readers = [Reader(place, intake, store, clock, self._halted) for place in places]
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"imap {mailbox.name}", daemon=True)
        self._session: Session | None = None
        self._state = MailboxState(mailbox.name)
        self._failures = 0
        self._taken_before_failure = 0
        self._read_whole = False
        self._random = SystemRandom()

    def start(self) -> None:
        """Start the polling thread."""
        if self._lease:
            self._lease.start()
        self._thread.start()

    def ask_to_stop(self) -> None:
        """Ask the poller to stop after the current email, without waiting for it."""
        self._stop.set()

    def stop(self, timeout: float = 10) -> None:
        """Stop. Waits `timeout` seconds for the current email, then breaks the connection."""
        self.ask_to_stop()
        if not self._thread.ident:
            return
        self._thread.join(timeout)
        self._cut()
        self._thread.join(timeout)
        if self._lease:
            self._lease.stop()

    def state(self) -> MailboxState:
        """Return the state of the mailbox."""
        seen = [reader.mail_at for reader in self._readers if reader.mail_at]
        return replace(self._state, mail_at=max(seen, default=None))

    @property
    def _taken(self) -> int:
        return sum(reader.taken for reader in self._readers)

    def _lease_of(self, account: str) -> MailboxLease:
        pace = self._pace
        return MailboxLease(self._store, account, self._cut, beat_seconds=pace.beat, dead_after_seconds=pace.dead)

    def _cut(self) -> None:
        if (session := self._session) is not None:
            session.cut()

    def _halted(self) -> bool:
        return self._stop.is_set() or self._pause() or not (self._lease is None or self._lease.held)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                if self._pause():
                    self._leave()
                    self._note(error=DISK_FULL)
                    self._stop.wait(self._pace.pause)
                elif self._lease and not self._lease.take():
                    self._note(error=READ_ELSEWHERE)
                    self._stop.wait(self._pace.beat)
                else:
                    self._serve()
            except LoginRefusedError as error:
                # The lease is kept: another process would be refused too, and the server may lock the account.
                self._failed("mailbox login refused", error, refused=self._state.refused + 1)
            except UNREACHABLE as error:
                self._failed("mailbox waits for the database", error)
            except Exception as error:  # noqa: BLE001 - a new session may succeed, or one of another process
                self._leave()
                self._failed("mailbox connection lost", error)

    def _leave(self) -> None:
        """Let another process read the mailbox."""
        if self._lease:
            self._lease.release()

    def _serve(self) -> None:
        """Run one session: read all folders and wait for more, until it breaks or we stop or pause."""
        self._read_whole = False
        with connect(self._mailbox, self._tokens, self._pace, self._max_bytes) as session:
            self._session = session
            try:
                self._note(connected=True, refused=0)
                log.info("mailbox connected", mailbox=self._mailbox.name, idle=session.can_idle)
                # Emails may have come while we were away, so that the first look is one after new mail.
                quiet = -1
                while not self._halted():
                    taken = self._taken
                    self._read_whole = self._drain(session)
                    quiet = quiet + 1 if self._taken == taken else 0
                    if self._halted() or not self._wait(session, quiet):
                        break
                    self._failures = 0
            finally:
                self._session = None
                self._note(connected=False)
        if not self._halted() and self._mailbox.poll_seconds > self._pace.renew[0]:
            self._stop.wait(self._mailbox.poll_seconds)

    def _drain(self, session: Session) -> bool:
        """Read every folder, those that broke a session last; return whether all could be read."""
        whole = True
        for reader in sorted(self._readers, key=lambda reader: reader.failures):
            try:
                reader.drain(session)
                reader.failures = 0
            except FolderError as error:
                whole = False
                self._folder_failed(reader, error)
            except Exception:
                # In the next session, the other folders come first.
                reader.failures += 1
                raise
        if whole and not self._halted():
            self._note(polled_at=self._clock.now(), error="")
        return whole

    def _wait(self, session: Session, quiet: int) -> bool:
        """Wait until there may be new mail, and say if the session can go on. The last `quiet` looks found nothing."""
        every = self._mailbox.poll_seconds
        if not (self._read_whole and self._mailbox.idle and session.can_idle):
            if every > self._pace.renew[0]:
                return False
            self._stop.wait(every)
            return True
        # Some servers do not announce mail that came just before IDLE began, so IDLE is short after new mail.
        longest = self._random.uniform(*self._pace.renew)
        seconds = min(self._pace.second_look * LONGER ** min(quiet, 30), longest)
        session.wait(min(seconds, every) if len(self._readers) > 1 else seconds, self._halted)
        return True

    def _failed(self, event: str, error: Exception, refused: int = 0) -> None:
        """Note a failure and wait: longer each time, and longest if another refused login could lock the account.

        A session that stored emails begins anew: the many emails of a mailbox may take many sessions.
        """
        if self._stop.is_set():
            return
        self._failures = 1 if self._taken > self._taken_before_failure else self._failures + 1
        self._taken_before_failure = self._taken
        # A server that only drops us while we wait is polled at its usual interval.
        longest = min(self._mailbox.poll_seconds if self._read_whole else inf, self._pace.max_back_off)
        pause = min(self._pace.back_off * 2 ** min(self._failures - 1, 30), longest) * self._random.uniform(0.5, 1)
        if refused >= REFUSALS:
            pause = self._pace.refused
        reason = describe(error)
        log.warning(event, mailbox=self._mailbox.name, error=reason, again_in=round(pause, 1))
        self._note(error=reason, refused=refused or self._state.refused)
        if not isinstance(error, UNREACHABLE):
            self._store_error(self._readers[-1].place, reason)
        self._stop.wait(pause)

    def _folder_failed(self, reader: Reader, error: FolderError) -> None:
        reason = describe(error)
        log.warning("mailbox folder failed", mailbox=self._mailbox.name, folder=reader.place.folder, error=reason)
        self._note(error=f"{reader.place.folder}: {reason}")
        self._store_error(reader.place, reason)

    def _store_error(self, place: Place, reason: str) -> None:
        """Store the error for other processes, if the database can be reached."""
        try:
            self._store.write(lambda db: cursors.note_failure(db, place, reason))
        except Exception as error:  # noqa: BLE001 - polling goes on without the note
            log.warning("mailbox error not stored", mailbox=place.account, error=type(error).__name__)

    def _note(self, **changes: object) -> None:
        self._state = replace(self._state, **changes)  # type: ignore[arg-type]  # names and types are MailboxState's
