"""Polling mailboxes, on a real server and on one of the tests: what is stored, marked, moved and skipped."""

import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import select

from daemon.imap.backfill import backfill
from daemon.imap.folder import envelope
from daemon.imap.session import connect
from daemon.store.models import Event, ImapCursor, InboundRow, Ticket
from daemon.store.store import Store
from tests.support.fakes import eventually
from tests.support.imap import (
    BRISK,
    CLOCK,
    NOW,
    Taker,
    account,
    begun,
    cursor,
    mail,
    polling,
    real_intake,
    rows,
    set_cursor,
)
from tests.support.imap_faults import hang_up
from tests.support.imap_pymap import other_client, pymap
from tests.support.imap_server import ImapServer
from tests.support.ports import free_port


@pytest.fixture(scope="module")
def shared_port() -> Iterator[int]:
    port = free_port()
    with pymap(port):
        yield port


@pytest.fixture
def real_port(shared_port: int) -> int:
    with other_client(shared_port) as client:
        client.delete_messages(client.search())
        client.expunge()
    return shared_port


def test_mail_that_arrives_during_idle_is_stored_once_and_then_marked(
    real_port: int, store: Store, taker: Taker
) -> None:
    with other_client(real_port) as client:
        client.append("INBOX", mail("old"))
        with polling(account(real_port), taker) as poller:
            eventually(lambda: begun(store))
            client.append("INBOX", mail("one"))
            eventually(lambda: len(taker.taken) == 1)
            client.append("INBOX", mail("two"))
            eventually(lambda: len(taker.taken) == 2)
            uids = client.search("SUBJECT one")
            eventually(lambda: b"\\Seen" in client.get_flags(uids)[uids[0]])
            assert b"\\Seen" not in client.get_flags(client.search("SUBJECT old")).popitem()[1]
            assert poller.state().connected
            assert poller.state().mail_at
    uidvalidity, last = cursor(store)
    assert taker.subjects == ["one", "two"]
    assert [i.source for i in taker.taken] == [f"imap:work/INBOX/{uidvalidity}/{uid}" for uid in (last - 1, last)]


def test_a_mailbox_without_idle_is_polled(real_port: int, store: Store, taker: Taker) -> None:
    with other_client(real_port) as client, polling(account(real_port, idle=False, poll_seconds=0.05), taker):
        eventually(lambda: begun(store))
        client.append("INBOX", mail("one"))
        eventually(lambda: taker.subjects == ["one"])


def test_stored_emails_move_to_a_folder_that_is_created_for_them(real_port: int, store: Store, taker: Taker) -> None:
    with other_client(real_port) as client, polling(account(real_port, after="move", move_to="Taken in"), taker):
        eventually(lambda: begun(store))
        for number in range(10):
            client.append("INBOX", mail(f"m{number}"))
        eventually(lambda: client.folder_exists("Taken in") and client.folder_status("Taken in")[b"MESSAGES"] == 10)
        assert client.folder_status("INBOX")[b"MESSAGES"] == 0
    assert sorted(taker.subjects) == [f"m{number}" for number in range(10)]


def test_a_refused_password_stops_no_other_mailbox(real_port: int, store: Store, taker: Taker) -> None:
    wrong = account(real_port, name="wrong", password="guess")
    with polling(wrong, taker) as broken, polling(account(real_port), taker) as sound:
        eventually(lambda: broken.state().refused >= 1)
        eventually(lambda: sound.state().polled_at)
        with other_client(real_port) as client:
            client.append("INBOX", mail("one"))
        eventually(lambda: taker.subjects == ["one"])
        assert broken.state().error
        assert not sound.state().error
    assert any(rows(store, select(ImapCursor.error).where(ImapCursor.account == "wrong")))


def test_a_server_that_renumbers_its_emails_loses_and_duplicates_nothing(store: Store) -> None:
    port, intake = free_port(), real_intake(store)
    with polling(account(port), intake):
        with pymap(port):
            eventually(lambda: begun(store))
            with other_client(port) as client:
                for number in range(3):
                    client.append("INBOX", mail(f"m{number}"))
                eventually(lambda: len(rows(store, select(Ticket.id))) == 3)
        before = cursor(store)
        with pymap(port), other_client(port) as client:
            client.multiappend("INBOX", [mail(f"m{number}") for number in range(4)])
            eventually(lambda: cursor(store)[0] != before[0] and len(rows(store, select(Ticket.id))) >= 4)
            client.append("INBOX", mail("m4"))
            eventually(lambda: len(rows(store, select(Ticket.id))) >= 5)
    states = rows(store, select(InboundRow.disposition))
    assert states.count("ticket") == 5
    assert set(states) == {"ticket", "duplicate"}
    assert not any(rows(store, select(Ticket.silent)))


def test_the_start_of_an_email_over_the_limit_is_kept_and_its_size_noted(real_port: int, store: Store) -> None:
    with other_client(real_port) as client, polling(account(real_port), real_intake(store), max_bytes=2000):
        eventually(lambda: begun(store))
        client.append("INBOX", mail("large", "x" * 5000))
        eventually(lambda: rows(store, select(Ticket.id)))
    (event,) = rows(store, select(Event))
    assert event.kind == "mailbox mail cut"
    assert event.ticket_id
    assert event.data == {"size": len(mail("large", "x" * 5000)), "kept": 2000}
    assert rows(store, select(InboundRow.size)) == [2000]


def test_a_backfill_stores_old_mail_silently_and_changes_neither_cursor_nor_flags(
    real_port: int, store: Store, taker: Taker
) -> None:
    with other_client(real_port) as client:
        for number, year in enumerate((2020, 2024, 2025)):
            client.append("INBOX", mail(f"m{number}"), msg_time=datetime(year, 6, 1, tzinfo=UTC))
        progress: list[tuple[int, int]] = []
        fill = partial(
            backfill, account(real_port), taker, store, CLOCK, date(2024, 1, 1), max_bytes=100_000, pace=BRISK
        )
        assert fill(lambda done, total: progress.append((done, total))) == 2
        placed = cursor(store)
        client.append("INBOX", mail("new"))
        assert fill(lambda *_: None) == 2
        assert not any(b"\\Seen" in flags for flags in client.get_flags(client.search()).values())
    assert taker.subjects == ["m1", "m2"] * 2
    assert all(taker.silent)
    assert progress == [(1, 2), (2, 2)]
    assert cursor(store) == placed


def test_the_first_poll_skips_the_emails_that_are_there(server: ImapServer, store: Store, taker: Taker) -> None:
    server.inbox.add(mail("old"))
    with polling(account(server.port), taker):
        eventually(server.idling.is_set)
        assert cursor(store) == (1, 1)
        server.inbox.add(mail("new"))
        eventually(lambda: taker.subjects == ["new"])
    assert not [c for c in server.commands("UID FETCH") if "BODY[" in c]


def test_after_a_long_outage_all_mail_is_stored_oldest_first(server: ImapServer, store: Store, taker: Taker) -> None:
    set_cursor(store, 1, 2)
    for number in range(120):
        server.inbox.add(mail(f"m{number}"))
    with polling(account(server.port), taker):
        eventually(lambda: len(taker.taken) == 118)
        eventually(lambda: "\\Seen" in server.inbox.flags[120])
    assert taker.subjects == [f"m{number}" for number in range(2, 120)]
    assert not server.inbox.flags[2]


def test_a_folder_with_more_emails_than_a_page_is_searched_in_pages(
    server: ImapServer, store: Store, taker: Taker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.imap.session.PAGE", 4)
    set_cursor(store, 1, 6)
    for number in range(1, 22):
        server.inbox.add(mail(f"m{number}"))
    with polling(account(server.port), taker):
        eventually(server.idling.is_set)
    assert taker.subjects == [f"m{number}" for number in range(7, 22)]
    with connect(account(server.port), None, BRISK, 1000) as session:
        session.select("INBOX")
        assert session.uids_since(date(2020, 1, 1)) == list(range(1, 22))


def test_flags_that_a_lost_connection_left_unset_are_set_by_the_next(
    server: ImapServer, store: Store, taker: Taker
) -> None:
    set_cursor(store, 1, 0)
    server.inbox.add(mail("m1"))
    server.fault("UID STORE", hang_up)
    with polling(account(server.port), taker):
        eventually(lambda: "\\Seen" in server.inbox.flags[1])
    assert taker.subjects == ["m1"]


def test_without_move_the_email_is_copied_and_only_it_is_expunged(
    server: ImapServer, store: Store, taker: Taker
) -> None:
    server.capabilities = "IMAP4rev1 UIDPLUS"
    set_cursor(store, 1, 0)
    server.inbox.add(mail("m1"))
    with polling(account(server.port, after="move", move_to="Done", poll_seconds=0.05), taker):
        eventually(lambda: not server.inbox.emails)
        assert list(server.boxes["Done"].emails.values()) == [mail("m1")]
    assert not server.commands("EXPUNGE")


def test_without_uidplus_nothing_is_expunged(server: ImapServer, store: Store, taker: Taker) -> None:
    server.capabilities = "IMAP4rev1"
    set_cursor(store, 1, 0)
    server.inbox.add(mail("m1"))
    with polling(account(server.port, after="move", move_to="Done", poll_seconds=0.05), taker):
        eventually(lambda: "\\Deleted" in server.inbox.flags[1])
    assert not [command for command in server.received if "EXPUNGE" in command]


def test_a_mailbox_that_must_not_change_is_opened_read_only(server: ImapServer, store: Store, taker: Taker) -> None:
    set_cursor(store, 1, 0)
    server.inbox.add(mail("m1"))
    with polling(account(server.port, after="nothing"), taker):
        eventually(lambda: taker.subjects == ["m1"])
        eventually(server.idling.is_set)
    assert not server.commands("SELECT") + server.commands("UID STORE")


def test_each_folder_has_its_cursor_and_a_missing_folder_stops_no_other(
    server: ImapServer, store: Store, taker: Taker
) -> None:
    server.boxes["Second"] = type(server.inbox)(uidvalidity=7)
    folders = ("INBOX", "Missing", "Second")
    with polling(account(server.port, folders=folders, poll_seconds=0.05), taker) as poller:
        eventually(lambda: cursor(store, "Second") == (7, 0) if begun(store) else False)
        server.boxes["Second"].add(mail("second"))
        eventually(lambda: taker.subjects == ["second"])
        server.inbox.add(mail("first"))
        eventually(lambda: taker.subjects == ["second", "first"])
        assert poller.state().error.startswith("Missing: ")
    assert cursor(store) == (1, 1)
    assert cursor(store, "Second") == (7, 1)


def test_a_renumbered_folder_is_read_again_and_emails_before_the_last_poll_are_silent(
    server: ImapServer, store: Store, taker: Taker
) -> None:
    set_cursor(store, 5, 40, polled_at=NOW)
    server.inbox.add(mail("ancient"), at=NOW - timedelta(days=900))
    server.inbox.add(mail("recent"), at=NOW + timedelta(hours=1))
    with polling(account(server.port), taker):
        eventually(server.idling.is_set)
    assert list(zip(taker.subjects, taker.silent, strict=True)) == [("recent", False), ("ancient", True)]
    assert cursor(store) == (1, 2)
    assert "\\Seen" in server.inbox.flags[2]
    assert not server.inbox.flags[1]


def test_with_a_full_disk_nothing_is_fetched(server: ImapServer, store: Store, taker: Taker) -> None:
    full = threading.Event()
    full.set()
    set_cursor(store, 1, 0)
    server.inbox.add(mail("m1"))
    with polling(account(server.port), taker, pause=full.is_set) as poller:
        eventually(lambda: poller.state().error == "the disk is nearly full")
        assert not server.commands("UID FETCH")
        full.clear()
        eventually(lambda: taker.subjects == ["m1"] and not poller.state().error)


def test_a_poller_stops_at_once_while_it_waits(server: ImapServer, taker: Taker) -> None:
    with polling(account(server.port), taker) as poller:
        eventually(server.idling.is_set)
        poller.stop()
    eventually(lambda: server.commands("LOGOUT"))


@pytest.mark.parametrize(
    ("head", "mail_from", "rcpt_tos"),
    [
        (b"Return-Path: <a@example.org>\r\n", "a@example.org", ()),
        (b"Return-Path: <>\r\n", "", ()),
        (b"Return-Path: nonsense\r\n", None, ()),
        (b"Subject: none\r\n", None, ()),
        (b"Return-Path: <a@x.org>\r\nReturn-Path: <b@x.org>\r\n", "a@x.org", ()),
        (b"Delivered-To: s@x.org\r\nX-Original-To: <t+1@x.org>\r\n", None, ("s@x.org", "t+1@x.org")),
        (b"Delivered-To: s@x.org\r\nDelivered-To: s@x.org\r\nTo: u@x.org\r\n", None, ("s@x.org",)),
        (b"Delivered-To: s@x.org\r\n" * 500, None, ("s@x.org",)),
        (b"Subject: x\r\n\r\nReturn-Path: <body@x.org>\r\n", None, ()),
    ],
)
def test_the_envelope_is_read_from_the_delivery_headers(
    head: bytes, mail_from: str | None, rcpt_tos: tuple[str, ...]
) -> None:
    read = envelope(head + b"\r\nbody", "work", NOW)
    assert (read.mail_from, read.rcpt_tos, read.peer, read.received_at) == (mail_from, rcpt_tos, "work", NOW)
