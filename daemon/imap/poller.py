"""Poll mailboxes: one thread for each, so that a broken account never stops another."""

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
from daemon.imap.login import RefusedError
from daemon.imap.oauth2 import tokens_of
from daemon.imap.session import FolderError, Pace, Session, connect
from daemon.store import cursors
from daemon.store.cursors import Place
from daemon.store.errors import UNREACHABLE
from daemon.store.store import Store
from daemon.system.clock import Clock

log = structlog.get_logger(__name__)

# Wrong passwords in a row after which a server would take us for an attacker, or lock the account.
REFUSALS: Final = 3
NO_ROOM: Final = "there is no room on the disk"


@dataclass(frozen=True, slots=True)
class State:
    """How a mailbox does: when it was last read to its end, when it last had mail, and what is wrong, if anything."""

    name: str
    connected: bool = False
    polled_at: datetime | None = None
    mail_at: datetime | None = None
    error: str = ""
    refused: int = 0


class Poller:
    """Brings the email of one mailbox to the intake, for as long as the process lives."""

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
    ) -> None:
        self._mailbox = mailbox
        self._store = store
        self._clock = clock
        self._max_bytes = max_bytes
        self._pause = pause
        self._pace = pace or Pace()
        self._tokens = tokens_of(mailbox, clock)
        # The first folder comes last: it stays selected, and IDLE tells of its news.
        places = [Place(mailbox.name, folder) for folder in reversed(mailbox.folders)]
        self._readers = [Reader(place, intake, store, clock, self._halted) for place in places]
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"imap {mailbox.name}", daemon=True)
        self._session: Session | None = None
        self._state = State(mailbox.name)
        self._failures = 0
        self._read_whole = False
        self._random = SystemRandom()

    def start(self) -> None:
        """Begin to poll, in a thread of its own."""
        self._thread.start()

    def ask_to_stop(self) -> None:
        """Let the poller finish the email at hand and stop, without waiting for it."""
        self._stop.set()

    def stop(self, patience: float = 10) -> None:
        """Stop, waiting so many seconds for the email at hand before the connection is broken."""
        self.ask_to_stop()
        if not self._thread.ident:
            return
        self._thread.join(patience)
        if (session := self._session) is not None:
            session.cut()
        self._thread.join(patience)

    def state(self) -> State:
        """Return how the mailbox does."""
        seen = [reader.mail_at for reader in self._readers if reader.mail_at]
        return replace(self._state, mail_at=max(seen, default=None))

    def _halted(self) -> bool:
        return self._stop.is_set() or self._pause()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                if self._pause():
                    self._note(error=NO_ROOM)
                    self._stop.wait(self._pace.pause)
                else:
                    self._serve()
            except RefusedError as error:
                self._failed("mailbox refused us", error, refused=self._state.refused + 1)
            except UNREACHABLE as error:
                self._failed("mailbox waits for the store", error)
            except Exception as error:  # noqa: BLE001 - whatever it is, the next session may do better
                self._failed("mailbox lost", error)

    def _serve(self) -> None:
        """Hold one session: read all folders, wait for more, until something breaks or we are to stop or pause."""
        self._read_whole = False
        with connect(self._mailbox, self._tokens, self._pace, self._max_bytes) as session:
            self._session = session
            try:
                self._note(connected=True, refused=0)
                log.info("mailbox connected", mailbox=self._mailbox.name, idle=session.can_idle)
                taken = -1
                while not self._halted():
                    self._read_whole = self._drain(session)
                    before, taken = taken, sum(reader.taken for reader in self._readers)
                    if self._halted() or not self._wait(session, quiet=taken == before):
                        break
                    self._failures = 0
            finally:
                self._session = None
                self._note(connected=False)
        if not self._halted() and self._mailbox.poll_seconds > self._pace.renew[0]:
            self._stop.wait(self._mailbox.poll_seconds)

    def _drain(self, session: Session) -> bool:
        """Read every folder, those that broke the last session at the end; say whether all could be read."""
        whole = True
        for reader in sorted(self._readers, key=lambda reader: reader.failures):
            try:
                reader.drain(session)
                reader.failures = 0
            except FolderError as error:
                whole = False
                self._folder_failed(reader, error)
            except Exception:
                # Whatever breaks the session here must not keep it from the other folders next time.
                reader.failures += 1
                raise
        if whole and not self._halted():
            self._note(polled_at=self._clock.now(), error="")
        return whole

    def _wait(self, session: Session, *, quiet: bool) -> bool:
        """Wait until there may be new mail; say whether the session is still good."""
        every = self._mailbox.poll_seconds
        if not (self._read_whole and self._mailbox.idle and session.can_idle):
            if every > self._pace.renew[0]:
                return False
            self._stop.wait(every)
            return True
        # Some servers do not tell of mail that came just before IDLE began, so what follows mail is a short look.
        seconds = self._random.uniform(*self._pace.renew) if quiet else self._pace.second_look
        session.wait(min(seconds, every) if len(self._readers) > 1 else seconds, self._halted)
        return True

    def _failed(self, event: str, error: Exception, refused: int = 0) -> None:
        """Note a failure and wait: longer each time, and long where another wrong password could lock the account."""
        if self._stop.is_set():
            return
        self._failures += 1
        # A server that serves us but drops us while we wait is as good as one that is polled.
        longest = min(self._mailbox.poll_seconds if self._read_whole else inf, self._pace.back_off_at_most)
        pause = min(self._pace.back_off * 2 ** min(self._failures - 1, 30), longest) * self._random.uniform(0.5, 1)
        if refused >= REFUSALS:
            pause = self._pace.refused
        reason = describe(error)
        log.warning(event, mailbox=self._mailbox.name, error=reason, again_in=round(pause, 1))
        self._note(error=reason, refused=refused or self._state.refused)
        if not isinstance(error, UNREACHABLE):
            self._tell(self._readers[-1].place, reason)
        self._stop.wait(pause)

    def _folder_failed(self, reader: Reader, error: FolderError) -> None:
        reason = describe(error)
        log.warning("mailbox folder failed", mailbox=self._mailbox.name, folder=reader.place.folder, error=reason)
        self._note(error=f"{reader.place.folder}: {reason}")
        self._tell(reader.place, reason)

    def _tell(self, place: Place, reason: str) -> None:
        """Let other processes see what is wrong, where the store can be reached."""
        try:
            self._store.write(lambda db: cursors.failed(db, place, reason))
        except Exception as error:  # noqa: BLE001 - a note is not worth a mailbox
            log.warning("mailbox state not stored", mailbox=place.account, error=type(error).__name__)

    def _note(self, **changes: object) -> None:
        self._state = replace(self._state, **changes)  # type: ignore[arg-type]  # names and types are State's
