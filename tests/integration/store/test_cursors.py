"""Cursors of mailboxes on every database."""

from sqlalchemy import select

from daemon.store import cursors
from daemon.store.cursors import Cursor, Place
from daemon.store.models import Event, ImapCursor
from daemon.store.store import Store
from tests.support.fakes import NOON, FakeClock

LARGEST = 2**32 - 1
INBOX = Place("work", "INBOX")


def found(store: Store) -> Cursor | None:
    with store.read() as db:
        return cursors.find(db, INBOX)


def test_a_cursor_moves_forward_only_and_only_for_its_uidvalidity(store: Store) -> None:
    store.write(lambda db: cursors.put(db, INBOX, LARGEST, 5, NOON))
    for uidvalidity, uid in ((LARGEST, LARGEST - 1), (LARGEST, 7), (1, LARGEST)):
        store.write(lambda db, v=uidvalidity, uid=uid: cursors.advance(db, INBOX, v, uid))
    assert found(store) == Cursor(LARGEST, LARGEST - 1, NOON)


def test_a_renumbered_folder_gets_a_new_cursor(store: Store) -> None:
    store.write(lambda db: cursors.put(db, INBOX, 1, 90, NOON))
    store.write(lambda db: cursors.put(db, INBOX, 2, 3, NOON))
    assert found(store) == Cursor(2, 3, NOON)


def test_a_failure_before_the_first_poll_is_noted_but_sets_no_cursor(store: Store) -> None:
    clock = FakeClock()
    store.write(lambda db: cursors.note_failure(db, INBOX, "no such host"))
    store.write(lambda db: cursors.note_failure(db, INBOX, "x" * 10_000))
    assert found(store) is None
    with store.read() as db:
        assert len(db.execute(select(ImapCursor.error)).scalar_one()) == cursors.MAX_ERROR
    clock.advance(minutes=5)
    store.write(lambda db: cursors.put(db, INBOX, 1, 0, NOON))
    store.write(lambda db: cursors.note_polled(db, INBOX, clock.now()))
    assert found(store) == Cursor(1, 0, clock.now())
    with store.read() as db:
        assert db.execute(select(ImapCursor.error)).scalar_one() == ""


def test_an_unreadable_email_is_noted_with_its_folder_and_uid(store: Store) -> None:
    store.write(lambda db: cursors.note_unreadable(db, INBOX, 7, 8, "no body", NOON))
    with store.read() as db:
        event = db.execute(select(Event)).scalar_one()
        assert (event.kind, event.at) == ("mailbox mail unreadable", NOON)
        assert event.data == {"account": "work", "folder": "INBOX", "uidvalidity": 7, "uid": 8, "reason": "no body"}


def test_an_unmarked_email_is_listed_once_until_it_is_removed(store: Store) -> None:
    other = Place("work", "Second")
    keys = [(7, 2), (7, LARGEST), (LARGEST, 1)]
    for uidvalidity, uid in reversed([*keys, *keys]):
        store.write(lambda db, v=uidvalidity, uid=uid: cursors.add_unmarked(db, INBOX, v, uid))
    store.write(lambda db: cursors.add_unmarked(db, other, 7, 2))
    with store.read() as db:
        assert cursors.unmarked(db, INBOX, 100) == keys
        assert cursors.unmarked(db, INBOX, 2) == keys[:2]
    store.write(lambda db: cursors.remove_unmarked(db, INBOX, [(7, 2), (LARGEST, 1), (7, 99)]))
    with store.read() as db:
        assert cursors.unmarked(db, INBOX, 100) == [(7, LARGEST)]
        assert cursors.unmarked(db, other, 100) == [(7, 2)]
    store.write(lambda db: cursors.remove_unmarked(db, INBOX, []))
