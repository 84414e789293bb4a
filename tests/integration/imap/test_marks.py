"""Stored emails are marked or moved in their mailbox, also after a killed process or a lost connection."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from config.schema import Imap
from daemon.imap.folder import MARKED_AT_ONCE, Reader
from daemon.imap.session import connect
from daemon.mail.envelope import Inbound
from daemon.store import cursors
from daemon.store.cursors import Place
from daemon.store.models import Ticket
from daemon.store.store import Store
from tests.support.fakes import eventually
from tests.support.imap import BRISK, CLOCK, NOW, Taker, account, cursor, mail, polling, real_intake, rows, set_cursor
from tests.support.imap_faults import hang_up, refusal
from tests.support.imap_server import ImapServer

INBOX = Place("work", "INBOX")


def unmarked(store: Store) -> list[tuple[int, int]]:
    with store.read() as db:
        return cursors.unmarked(db, INBOX, 1000)


def stored_by_a_killed_process(mailbox: Imap, taker: Any, store: Store, *uids: int) -> None:
    """Store emails like a process that is killed before it marks them."""
    with connect(mailbox, None, BRISK, 1000) as session:
        reader = Reader(INBOX, taker, store, CLOCK, lambda: False)
        folder = session.select("INBOX")
        for uid in uids:
            assert reader.take(session, folder, uid)


def test_emails_stored_by_a_killed_process_are_marked_by_the_next(server: ImapServer, store: Store) -> None:
    set_cursor(store, 1, 1)
    for number in range(1, 4):
        server.inbox.add(mail(f"m{number}"))
    intake = real_intake(store)
    stored_by_a_killed_process(account(server.port), intake, store, 2, 3)
    assert not any(server.inbox.flags.values())
    with polling(account(server.port), intake):
        eventually(lambda: server.inbox.flags[2] and server.inbox.flags[3])
        eventually(lambda: not unmarked(store))
    assert server.inbox.flags == {1: set(), 2: {"\\Seen"}, 3: {"\\Seen"}}
    assert len(rows(store, select(Ticket.id))) == 2


@pytest.mark.parametrize("capabilities", ["IMAP4rev1 IDLE MOVE UIDPLUS", "IMAP4rev1 IDLE UIDPLUS"])
def test_emails_stored_by_a_killed_process_are_moved_once_by_the_next(
    server: ImapServer, store: Store, taker: Taker, capabilities: str
) -> None:
    server.capabilities = capabilities
    mailbox = account(server.port, after="move", move_to="Done")
    set_cursor(store, 1, 0)
    server.inbox.add(mail("m1"))
    stored_by_a_killed_process(mailbox, taker, store, 1)
    for _ in range(2):
        server.idling.clear()
        with polling(mailbox, taker):
            eventually(server.idling.is_set)
    assert not server.inbox.emails
    assert list(server.boxes["Done"].emails.values()) == [mail("m1")]
    assert taker.subjects == ["m1"]


def test_an_email_that_is_gone_before_it_is_marked_blocks_no_other(
    server: ImapServer, store: Store, taker: Taker
) -> None:
    mailbox = account(server.port, after="move", move_to="Done")
    set_cursor(store, 1, 0)
    for number in range(1, 4):
        server.inbox.add(mail(f"m{number}"))
    stored_by_a_killed_process(mailbox, taker, store, 1, 2, 3)
    del server.inbox.emails[1]
    server.inbox.flags[2].add("\\Deleted")
    with polling(mailbox, taker):
        eventually(server.idling.is_set)
        assert not unmarked(store)
    assert list(server.inbox.emails) == [2]
    assert list(server.boxes["Done"].emails.values()) == [mail("m3")]


def test_a_renumbered_folder_has_nothing_to_mark(server: ImapServer, store: Store, taker: Taker) -> None:
    set_cursor(store, 1, 0, polled_at=NOW)
    server.inbox.add(mail("m1"))
    stored_by_a_killed_process(account(server.port), taker, store, 1)
    assert unmarked(store) == [(1, 1)]
    server.inbox.uidvalidity = 2
    server.inbox.emails[1], server.inbox.arrived[1] = mail("ancient"), NOW - timedelta(days=900)
    with polling(account(server.port), taker):
        eventually(lambda: cursor(store) == (2, 1))
        assert not unmarked(store)
    assert not server.inbox.flags[1]


def test_a_mailbox_that_must_not_change_has_nothing_to_mark(server: ImapServer, store: Store, taker: Taker) -> None:
    left_alone = account(server.port, after="nothing")
    set_cursor(store, 1, 0)
    for number in range(1, 3):
        server.inbox.add(mail(f"m{number}"))
    stored_by_a_killed_process(left_alone, taker, store, 1)
    assert not unmarked(store)
    stored_by_a_killed_process(account(server.port), taker, store, 2)
    with polling(left_alone, taker):
        eventually(server.idling.is_set)
        assert not unmarked(store)
    assert not any(server.inbox.flags.values())


def test_emails_are_marked_in_batches(server: ImapServer, store: Store) -> None:
    class Counting(Taker):
        most = 0

        def accept(self, inbound: Inbound, **options: Any) -> None:
            super().accept(inbound, **options)
            self.most = max(self.most, len(unmarked(store)))

    taker = Counting(store)
    set_cursor(store, 1, 0)
    for number in range(2 * MARKED_AT_ONCE + 20):
        server.inbox.add(mail(f"m{number}"))
    with polling(account(server.port), taker):
        eventually(server.idling.is_set)
        assert not unmarked(store)
    assert all(server.inbox.flags.values())
    assert taker.most == MARKED_AT_ONCE


@pytest.mark.parametrize("fault", [hang_up, refusal])
def test_a_server_that_never_allows_marking_stops_no_email(
    fault: Callable[..., None], server: ImapServer, store: Store, taker: Taker
) -> None:
    set_cursor(store, 1, 0)
    server.inbox.add(mail("m1"))
    server.fault("UID STORE", fault, times=9999)
    with polling(account(server.port), taker):
        eventually(lambda: taker.subjects == ["m1"])
        server.inbox.add(mail("m2"))
        eventually(lambda: taker.subjects == ["m1", "m2"])
        eventually(lambda: not unmarked(store))
