"""Read emails again that could not be read when they came."""

from collections.abc import Iterator, Sequence

from config.schema import Imap
from daemon.imap.folder import Accepts, Reader, UnreadableError
from daemon.imap.oauth2 import Tokens, tokens_of
from daemon.imap.session import FolderError, Pace, connect
from daemon.store import unreadable
from daemon.store.cursors import Place
from daemon.store.store import Store
from daemon.store.unreadable import Unreadable
from daemon.system.clock import Clock

STORED = "stored"
GONE = "no longer in the mailbox"


def read_again(
    mailbox: Imap,
    intake: Accepts,
    store: Store,
    clock: Clock,
    wanted: Sequence[Unreadable],
    *,
    max_bytes: int,
    pace: Pace | None = None,
) -> Iterator[tuple[Unreadable, str]]:
    """Try each email of a mailbox once, and yield what became of it: STORED, GONE, or why it cannot be read.

    One that is stored or gone is settled. Each has a session of its own, because reading it may have ended the last.
    Raises what `connect` and the store raise.
    """
    tokens, pace = tokens_of(mailbox, clock), pace or Pace()
    for one in wanted:
        try:
            result = _read(
                mailbox, tokens, pace, Reader(_place(one), intake, store, clock, lambda: False), one, max_bytes
            )
        except (UnreadableError, FolderError) as error:
            result = str(error)
            store.write(lambda db, one=one, why=result: unreadable.note_reason(db, one.id, why))  # type: ignore[misc]  # bound here, not when called
        else:
            now = clock.now()
            store.write(lambda db, one=one, result=result, now=now: unreadable.settle(db, one, result, now))  # type: ignore[misc]  # as above
        yield one, result


def _read(mailbox: Imap, tokens: "Tokens | None", pace: Pace, reader: Reader, one: Unreadable, max_bytes: int) -> str:
    with connect(mailbox, tokens, pace, max_bytes) as session:
        folder = session.select(one.folder, read_only=True)
        if folder.uidvalidity != one.uidvalidity:
            return GONE
        # The cursor is past it already, and the poller marks it once it is stored.
        return STORED if reader.take(session, folder, one.uid, moving=False) else GONE


def _place(one: Unreadable) -> Place:
    return Place(one.account, one.folder)
