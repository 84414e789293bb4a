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


def test_a_cursor_moves_forward_only_and_only_under_its_own_numbering(store: Store) -> None:
    store.write(lambda db: cursors.put(db, INBOX, LARGEST, 5, NOON))
    for uidvalidity, uid in ((LARGEST, LARGEST - 1), (LARGEST, 7), (1, LARGEST)):
        store.write(lambda db, v=uidvalidity, uid=uid: cursors.advance(db, INBOX, v, uid, NOON))
    assert found(store) == Cursor(LARGEST, LARGEST - 1, NOON)


def test_a_folder_numbered_anew_starts_where_it_is_put(store: Store) -> None:
    store.write(lambda db: cursors.put(db, INBOX, 1, 90, NOON))
    store.write(lambda db: cursors.put(db, INBOX, 2, 3, NOON))
    assert found(store) == Cursor(2, 3, NOON)


def test_a_failure_before_the_first_look_is_noted_but_is_no_cursor(store: Store) -> None:
    clock = FakeClock()
    store.write(lambda db: cursors.failed(db, INBOX, "no such host"))
    store.write(lambda db: cursors.failed(db, INBOX, "x" * 10_000))
    assert found(store) is None
    with store.read() as db:
        assert len(db.execute(select(ImapCursor.error)).scalar_one()) == cursors.MAX_ERROR
    clock.advance(minutes=5)
    store.write(lambda db: cursors.put(db, INBOX, 1, 0, NOON))
    store.write(lambda db: cursors.polled(db, INBOX, clock.now()))
    assert found(store) == Cursor(1, 0, clock.now())
    with store.read() as db:
        assert db.execute(select(ImapCursor.error)).scalar_one() == ""


def test_a_mail_that_stays_behind_is_named_by_its_place(store: Store) -> None:
    store.write(lambda db: cursors.note_unreadable(db, INBOX, 7, 8, "no body", NOON))
    with store.read() as db:
        event = db.execute(select(Event)).scalar_one()
        assert (event.kind, event.at) == ("mailbox mail unreadable", NOON)
        assert event.data == {"account": "work", "folder": "INBOX", "uidvalidity": 7, "uid": 8, "reason": "no body"}


def test_what_is_owed_is_owed_once_and_until_it_is_settled(store: Store) -> None:
    other = Place("work", "Second")
    keys = [(7, 2), (7, LARGEST), (LARGEST, 1)]
    for uidvalidity, uid in reversed([*keys, *keys]):
        store.write(lambda db, v=uidvalidity, uid=uid: cursors.owe(db, INBOX, v, uid))
    store.write(lambda db: cursors.owe(db, other, 7, 2))
    with store.read() as db:
        assert cursors.owed(db, INBOX, 100) == keys
        assert cursors.owed(db, INBOX, 2) == keys[:2]
    store.write(lambda db: cursors.settle(db, INBOX, [(7, 2), (LARGEST, 1), (7, 99)]))
    with store.read() as db:
        assert cursors.owed(db, INBOX, 100) == [(7, LARGEST)]
        assert cursors.owed(db, other, 100) == [(7, 2)]
    store.write(lambda db: cursors.settle(db, INBOX, []))
