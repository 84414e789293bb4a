"""A session with a mailbox: log in, list and fetch emails, mark them when they are stored, wait for new ones."""

import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from time import monotonic
from types import TracebackType
from typing import Any, Final, Self

from imapclient import DELETED, SEEN
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError, IMAPClientReadOnlyError, ProtocolError

from config.schema import Imap
from daemon.imap.connection import ANSWER_BYTES, BoundedClient
from daemon.imap.login import log_in
from daemon.imap.oauth2 import Tokens
from daemon.text import harmless_line

# Emails searched at once: with more, the line of uids could exceed the longest that imaplib reads.
PAGE: Final = 50_000
# Uids and UIDVALIDITY are smaller (RFC 9051 section 9, nz-number).
UID_LIMIT: Final = 2**32
# Bytes of an answer beside the email itself.
OVERHEAD_BYTES: Final = 64 * 1024


class WithheldError(Exception):
    """The server answers without the email that it was asked for; the message quotes nothing of it."""


class FolderError(Exception):
    """A folder cannot be read, but the connection is still usable."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Timeouts and pauses, in seconds.

    `connect`, `read`, `command` and `body` limit one step each. `listen` is the longest blocking read within IDLE,
    `second_look` the length of the first IDLE after new mail; each later one is four times as long, and at most a
    random time of `renew` (least, most). `back_off` doubles with each failure up to `max_back_off`; `refused` is the
    pause after refused credentials, `pause` while paused. The reader of a mailbox beats every `beat` seconds, and
    counts as dead when it did not for `dead`.
    """

    connect: float = 10
    read: float = 30
    command: float = 120
    body: float = 600
    listen: float = 1
    second_look: float = 3
    renew: tuple[float, float] = (300, 540)
    back_off: float = 1
    max_back_off: float = 900
    refused: float = 900
    pause: float = 5
    beat: float = 1
    dead: float = 10


@dataclass(frozen=True, slots=True)
class Folder:
    """A selected folder with the number of its emails (`exists`); `uidnext` is None if the server does not send it."""

    name: str
    uidvalidity: int
    uidnext: int | None
    exists: int


@dataclass(frozen=True, slots=True)
class Mail:
    """A fetched email. `size` is in bytes, as the server announced it; `cut` says that `raw` is only the start."""

    raw: bytes
    size: int
    cut: bool = False


class Session:
    """A logged-in connection, used by one thread.

    Methods raise FolderError if the server refuses a command on a folder; any other error ends the session.
    """

    def __init__(self, client: BoundedClient, mailbox: Imap, pace: Pace, max_bytes: int) -> None:
        self._client = client
        self._mailbox = mailbox
        self._pace = pace
        self._max_bytes = max_bytes
        self._exists = 0
        self._announcements = 0
        with client.within(pace.command):
            self._able = frozenset(client.capabilities())

    def __enter__(self) -> Self:
        """Return the session."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Log out unless an error ended the session, and close the connection."""
        try:
            if error is None:
                with self._client.within(self._pace.connect):
                    self._client.logout()
        except (IMAPClientError, OSError):
            pass
        finally:
            close(self._client)

    @property
    def can_idle(self) -> bool:
        """Return whether the server supports IDLE."""
        return b"IDLE" in self._able

    @property
    def marks(self) -> bool:
        """Return whether stored emails are marked or moved."""
        return self._mailbox.after != "nothing"

    def cut(self) -> None:
        """Break the connection. Safe from any thread."""
        self._client.cut()

    def folder_exists(self, name: str) -> bool:
        """Return whether a folder exists."""
        with self._client.within(self._pace.command):
            return bool(self._client.folder_exists(name))

    def select(self, name: str, *, read_only: bool = False) -> Folder:
        """Select a folder, read-only also if stored emails are not marked."""
        answer = self._ask(self._client.select_folder, name, read_only or not self.marks)
        uidvalidity, uidnext = answer.get(b"UIDVALIDITY"), answer.get(b"UIDNEXT")
        if not isinstance(uidvalidity, int) or not 0 < uidvalidity < UID_LIMIT:
            raise FolderError(f"{name}: the server sends no valid UIDVALIDITY")
        self._exists, self._announcements = int(answer.get(b"EXISTS", 0)), self._client.announcements()
        known = isinstance(uidnext, int) and 0 < uidnext <= UID_LIMIT
        return Folder(name, uidvalidity, uidnext if known else None, self._exists)

    def last_uid(self, folder: Folder) -> int:
        """Return the highest uid that was assigned so far."""
        if folder.uidnext is not None:
            return folder.uidnext - 1
        return max(self._search("UID", "*"), default=0) if folder.exists else 0

    def uids_after(self, uid: int) -> list[int]:
        """Return the uids above one in the selected folder, lowest first."""
        found: list[int] = []
        top = self._exists
        while top > 0:
            low = max(1, top - PAGE + 1)
            pages = () if top == self._exists and low == 1 else (f"{low}:{'*' if top == self._exists else top}",)
            # `n:*` matches the last email even if its uid is below n (RFC 9051 section 6.4.9).
            page = [new for new in self._search(*pages, "UID", f"{uid + 1}:*") if new > uid]
            found += page
            if len(page) < top - low + 1:
                break
            top = low - 1
        return sorted(found)

    def uids_since(self, day: date) -> list[int]:
        """Return the uids of the emails in the selected folder that arrived since a day, lowest first."""
        if self._exists <= PAGE:
            return sorted(self._search("SINCE", day)) if self._exists else []
        pages = range(1, self._exists + 1, PAGE)
        return sorted(uid for low in pages for uid in self._search(f"{low}:{low + PAGE - 1}", "SINCE", day))

    def still_there(self, uids: Sequence[int]) -> list[int]:
        """Return the uids that are still in the selected folder and not marked as deleted."""
        return self._search("UNDELETED", "UID", ",".join(map(str, uids))) if uids else []

    def more_came(self) -> bool:
        """Return whether the server announced emails since the folder was selected.

        Counts the announcements, not the emails: others may have been removed at the same time.
        """
        return self._client.announcements() > self._announcements

    def read(self, uid: int) -> Mail | None:
        """Fetch an email without marking it; None if it is gone. A broken answer may raise any exception."""
        size = self._item(uid, "RFC822.SIZE", OVERHEAD_BYTES)
        if not isinstance(size, int):
            if uid not in self._search("UID", str(uid)):
                return None
            raise WithheldError("the server refuses this email, or does not say its size")
        most = self._max_bytes
        part = (f"<0.{most}>", "<0>") if size > most else ("", "")
        raw = self._body(uid, *part)
        # Some servers only estimate sizes. Two equal fetches are the email; broken ones differ.
        if len(raw) != min(size, most) and self._body(uid, *part) != raw:
            raise WithheldError("the server sends other bytes each time")
        return Mail(raw[:most], size, cut=max(size, len(raw)) > most)

    def finish(self, uids: Sequence[int]) -> None:
        """Mark or move stored emails, as the setting `after` says."""
        if not uids or not self.marks:
            return
        if self._mailbox.after == "mark_seen":
            self._ask(self._client.add_flags, uids, [SEEN], True)
            return
        try:
            self._move(uids)
        except FolderError:
            self._ask(self._client.create_folder, self._mailbox.move_to)
            self._move(uids)

    def wait(self, seconds: float, stopping: Callable[[], bool]) -> None:
        """Wait in IDLE until new mail is announced, `stopping` is true or the time is up."""
        until = monotonic() + seconds
        with self._client.within(seconds + self._pace.command):
            self._client.idle()
            while not self.more_came() and not stopping() and (left := until - monotonic()) > 0:
                if self._client.new_mail_within(min(self._pace.listen, left)):
                    break
            self._client.idle_done()

    def _move(self, uids: Sequence[int]) -> None:
        if b"MOVE" in self._able:
            self._ask(self._client.move, uids, self._mailbox.move_to)
            return
        self._ask(self._client.copy, uids, self._mailbox.move_to)
        self._ask(self._client.add_flags, uids, [DELETED], True)
        # A plain EXPUNGE would also remove emails that other clients marked as deleted.
        if b"UIDPLUS" in self._able:
            self._ask(self._client.uid_expunge, uids)

    def _search(self, *criteria: object) -> list[int]:
        found = self._ask(self._client.search, list(criteria))
        return [uid for uid in found if 0 < uid < UID_LIMIT]

    def _body(self, uid: int, part: str, answered: str) -> bytes:
        raw = self._item(uid, f"BODY.PEEK[]{part}", 2 * self._max_bytes + OVERHEAD_BYTES, f"BODY[]{answered}")
        if not isinstance(raw, bytes) or not raw:
            raise WithheldError("the server does not send this email")
        return raw

    def _item(self, uid: int, item: str, max_bytes: int, answered: str = "") -> object:
        """Return one item of an email, or None if the server does not send it."""
        try:
            with self._client.within(self._pace.body, max_bytes):
                answer = self._client.fetch([uid], [item])
        except (IMAPClientAbortError, ProtocolError):
            raise
        except IMAPClientError:
            return None
        return answer.get(uid, {}).get((answered or item).encode())

    def _ask(self, command: Callable[..., Any], *args: object) -> Any:  # noqa: ANN401 - IMAPClient has no types
        """Run a command; a plain refusal becomes FolderError, after which the connection is still usable."""
        try:
            with self._client.within(self._pace.command, ANSWER_BYTES):
                return command(*args)
        except IMAPClientReadOnlyError:
            raise FolderError('the folder is read-only, which needs after = "nothing"') from None
        except (IMAPClientAbortError, ProtocolError):
            raise
        except IMAPClientError as error:
            raise FolderError(harmless_line(str(error))) from error


def connect(mailbox: Imap, tokens: Tokens | None, pace: Pace, max_bytes: int) -> Session:
    """Connect and log in.

    Raises LoginRefusedError if the server refuses our credentials, else OSError, IMAPClientError or
    TokenUnavailableError.
    """
    client = BoundedClient(
        mailbox.host,
        mailbox.port,
        tls=mailbox.security == "tls",
        connect_seconds=pace.connect,
        read_seconds=pace.read,
    )
    try:
        with client.within(pace.command):
            if mailbox.security == "starttls":
                client.starttls(ssl.create_default_context())
            log_in(client, mailbox, tokens)
        return Session(client, mailbox, pace, max_bytes)
    except BaseException:
        close(client)
        raise


def close(client: BoundedClient) -> None:
    """Close a connection, whatever its state."""
    try:
        client.shutdown()
    except (IMAPClientError, OSError, ValueError):
        client.cut()
