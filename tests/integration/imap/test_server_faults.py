"""Mailboxes on a server with injected faults: no email is lost, and none blocks the others."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from daemon.imap.session import Pace
from daemon.mail.envelope import Inbound
from daemon.store.models import Event, MessageRow, Person, Ticket
from daemon.store.queries.timeline import find_emails, timeline
from daemon.store.store import Store
from tests.support.fakes import eventually
from tests.support.imap import (
    BRISK,
    HASTY,
    PATIENT,
    Taker,
    account,
    cursor,
    mail,
    polling,
    real_intake,
    rows,
    set_cursor,
)
from tests.support.imap_faults import (
    broken_off,
    consent_then_hang_up,
    deaf,
    drip,
    endless,
    flood,
    hang,
    hang_up,
    news_before_consent,
    news_in_two_pieces,
    news_with_consent,
    no_string,
    nonsense,
    nothing,
    refusal,
    say_bye,
    short_literal,
)
from tests.support.imap_server import Connection, ImapServer
from tests.support.log_lines import log_lines


@pytest.mark.parametrize("break_idle", [hang_up, say_bye, hang, consent_then_hang_up])
def test_a_broken_idle_leads_to_a_new_connection(
    break_idle: Callable[[Connection, str], None], server: ImapServer, taker: Taker
) -> None:
    server.fault("IDLE", break_idle)
    with polling(account(server.port), taker, replace(HASTY, second_look=300)):
        eventually(server.idling.is_set)
        assert len(server.commands("LOGIN")) >= 2
        server.inbox.add(mail("one"))
        eventually(lambda: taker.subjects == ["one"])


@pytest.mark.parametrize("news", [news_before_consent, news_with_consent, news_in_two_pieces])
def test_an_announcement_at_the_start_of_idle_is_not_missed(
    news: Callable[[Connection, str], bool | None], server: ImapServer, taker: Taker
) -> None:
    server.fault("IDLE", news)
    with polling(account(server.port), taker, PATIENT):
        eventually(lambda: len(taker.taken) == 1)
    assert len(server.commands("LOGIN")) == 1


def test_an_announcement_between_search_and_idle_is_not_missed(server: ImapServer, store: Store, taker: Taker) -> None:
    def late(connection: Connection, tag: str) -> None:
        server.inbox.add(mail("late"))
        connection.send("* SEARCH", f"* {len(server.inbox.emails)} EXISTS", f"{tag} OK found")

    set_cursor(store, 1, 1)
    server.inbox.add(mail("old"))
    server.fault("UID SEARCH", late)
    server.fault("IDLE", deaf, times=99)
    with polling(account(server.port), taker, PATIENT):
        eventually(lambda: taker.subjects == ["late"])


@pytest.mark.parametrize("looks", [0, 1])
def test_mail_that_the_server_does_not_announce_is_found_soon(
    looks: int, server: ImapServer, store: Store, taker: Taker
) -> None:
    # After the second look it waited for five to nine minutes.
    def secret(connection: Connection, tag: str) -> None:
        server.inbox.add(mail("late"))
        deaf(connection, tag)

    set_cursor(store, 1, 0)
    for _ in range(looks):
        server.fault("IDLE", deaf)
    server.fault("IDLE", secret)
    server.fault("IDLE", deaf, times=99)
    with polling(account(server.port), taker):
        eventually(lambda: taker.subjects == ["late"])


def test_an_announcement_while_other_emails_are_moved_is_not_missed(
    server: ImapServer, store: Store, taker: Taker
) -> None:
    def move(connection: Connection, tag: str) -> None:
        connection.send("* 1 EXPUNGE", "* 1 EXPUNGE", "* 1 EXISTS", f"{tag} OK moved")
        server.inbox.emails.clear()
        server.inbox.add(mail("late"))

    set_cursor(store, 1, 0)
    for number in range(1, 3):
        server.inbox.add(mail(f"m{number}"))
    server.fault("UID MOVE", move)
    server.fault("IDLE", deaf, times=99)
    with polling(account(server.port, after="move"), taker, PATIENT):
        eventually(lambda: taker.subjects == ["m1", "m2", "late"])


PASSING = (short_literal, nothing, no_string, nonsense)
FAULTS = (short_literal, broken_off, nothing, no_string, refusal, nonsense, endless, flood, hang)


@pytest.mark.parametrize("fault", FAULTS)
def test_an_email_that_cannot_be_fetched_is_tried_three_times_noted_and_skipped(
    fault: Callable[[Connection, str], None], server: ImapServer, store: Store, taker: Taker
) -> None:
    set_cursor(store, 1, 0)
    for number in range(1, 4):
        server.inbox.add(mail(f"m{number}"))
    server.fault("UID FETCH 1 (BODY", fault, times=99)
    with polling(account(server.port), taker, HASTY):
        eventually(lambda: taker.subjects == ["m2", "m3"])
        eventually(lambda: cursor(store) == (1, 3))
    (event,) = rows(store, select(Event))
    assert event.kind == "mailbox mail unreadable"
    assert event.data["uid"] == 1
    assert len(server.commands("UID FETCH 1 (BODY")) == 3


@pytest.mark.parametrize("fault", PASSING)
def test_a_temporary_fault_loses_no_email(
    fault: Callable[[Connection, str], None], server: ImapServer, store: Store, taker: Taker
) -> None:
    set_cursor(store, 1, 0)
    for number in range(1, 3):
        server.inbox.add(mail(f"m{number}"))
    server.fault("UID FETCH 1 (BODY", fault, times=2)
    with polling(account(server.port), taker, HASTY):
        eventually(lambda: taker.subjects == ["m1", "m2"])
    assert not rows(store, select(Event))


def test_sessions_that_store_emails_do_not_wait_longer_each_time(
    server: ImapServer, store: Store, taker: Taker, capsys: pytest.CaptureFixture[str]
) -> None:
    # A mailbox with many emails was left alone for up to 15 minutes after each lost connection.
    set_cursor(store, 1, 0)
    for number in range(1, 7):
        server.inbox.add(mail(f"m{number}"))
        server.fault(f"UID FETCH {number} (BODY", hang_up)
    with polling(account(server.port), taker, replace(BRISK, back_off=0.1, max_back_off=60)):
        eventually(lambda: len(taker.subjects) == 6)
    pauses = [line["again_in"] for line in log_lines(capsys) if line["event"] == "mailbox connection lost"]
    assert len(pauses) == 6
    assert max(pauses) <= 0.1


def test_a_server_that_sends_byte_by_byte_is_cut_off(server: ImapServer, store: Store, taker: Taker) -> None:
    set_cursor(store, 1, 0)
    server.inbox.add(mail("m1"))
    server.fault("UID FETCH 1 (BODY", drip)
    with polling(account(server.port), taker, Pace(read=5, body=0.5, listen=0.1, back_off=0.02)):
        eventually(lambda: taker.subjects == ["m1"])


def test_an_email_that_another_client_expunged_is_skipped_without_a_note(
    server: ImapServer, store: Store, taker: Taker
) -> None:
    def expunge(connection: Connection, tag: str) -> bool:
        del tag
        connection.box.emails.pop(1, None)
        return True

    set_cursor(store, 1, 0)
    for number in range(1, 3):
        server.inbox.add(mail(f"m{number}"))
    server.fault("UID FETCH 1 (RFC822.SIZE", expunge)
    with polling(account(server.port), taker):
        eventually(lambda: taker.subjects == ["m2"])
    assert not rows(store, select(Event))


def test_an_email_expunged_between_its_size_and_its_body_blocks_nothing(
    server: ImapServer, store: Store, taker: Taker
) -> None:
    def expunge(connection: Connection, tag: str) -> bool:
        del tag
        connection.box.emails.pop(1, None)
        return True

    set_cursor(store, 1, 0)
    for number in range(1, 3):
        server.inbox.add(mail(f"m{number}"))
    server.fault("UID FETCH 1 (BODY", expunge)
    with polling(account(server.port), taker):
        eventually(lambda: taker.subjects == ["m2"])
    assert not rows(store, select(Event))


def test_a_server_that_only_estimates_sizes_loses_no_email(server: ImapServer, store: Store) -> None:
    server.size_error = -7
    set_cursor(store, 1, 0)
    server.inbox.add(mail("m1"))
    with polling(account(server.port), real_intake(store)):
        eventually(lambda: rows(store, select(Ticket.id)))
    (event,) = rows(store, select(Event))
    assert event.kind == "mailbox mail size differs"


def test_an_email_over_the_limit_becomes_a_ticket_with_a_note_and_is_fetched_once(
    server: ImapServer, store: Store
) -> None:
    large = mail("large", "Please see the film.\r\n" + "x" * 500_000)
    set_cursor(store, 1, 0)
    for raw in (large, mail("small")):
        server.inbox.add(raw)
    for _ in range(2):
        server.idling.clear()
        with polling(account(server.port), real_intake(store)):
            eventually(server.idling.is_set)
    assert rows(store, select(Ticket.subject).order_by(Ticket.id)) == ["large", "small"]
    assert rows(store, select(Person.email)) == ["ann@example.org"]
    assert rows(store, select(MessageRow.text).order_by(MessageRow.id))[0].startswith("Please see the film.")
    with store.read() as db:
        (note,) = [entry for entry in timeline(db, find_emails(db, "large@example.org")) if "cut" in entry.state]
    assert (note.state, note.text) == ("mailbox mail cut", f"size: {len(large)}, kept: 100000")
    assert server.commands("UID FETCH 1 (BODY") == ["UID FETCH 1 (BODY.PEEK[]<0.100000>)"]
    assert server.inbox.flags[1] == server.inbox.flags[2] == {"\\Seen"}


def test_an_unreachable_store_leaves_the_cursor_and_the_email(server: ImapServer, store: Store, taker: Taker) -> None:
    set_cursor(store, 1, 0)
    server.inbox.add(mail("m1"))
    taker.failing = OperationalError("INSERT", {}, Exception("away"))
    with polling(account(server.port), taker) as poller:
        eventually(lambda: len(server.commands("LOGIN")) > 4)
        assert poller.state().error == "OperationalError"
        assert cursor(store) == (1, 0)
        assert not server.inbox.flags[1]
        taker.failing = None
        eventually(lambda: taker.subjects == ["m1"])
        eventually(lambda: cursor(store) == (1, 1) and server.inbox.flags[1])
    assert not rows(store, select(Event))


def test_an_email_that_the_intake_cannot_store_blocks_no_other(server: ImapServer, store: Store) -> None:
    class Choosy(Taker):
        def accept(self, inbound: Inbound, **options: Any) -> None:
            if b"poison" in inbound.raw:
                raise ZeroDivisionError
            super().accept(inbound, **options)

    choosy = Choosy(store)
    set_cursor(store, 1, 0)
    for subject in ("m1", "poison", "m3"):
        server.inbox.add(mail(subject))
    with polling(account(server.port), choosy):
        eventually(lambda: choosy.subjects == ["m1", "m3"])
    (event,) = rows(store, select(Event))
    assert event.data["reason"] == "ZeroDivisionError"
