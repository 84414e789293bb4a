"""Emails in mailboxes that could not be read are listed, alarmed, read again and dismissed."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from daemon.store.models import Event, Ticket
from tests.support.cli import Case
from tests.support.fakes import eventually
from tests.support.imap import HASTY, account, mail, polling, set_cursor
from tests.support.imap_faults import nothing
from tests.support.imap_server import ImapServer

MAILBOX = """
[[imap]]
name = "work"
host = "127.0.0.1"
port = {port}
security = "none"
username = "user"
password = "pass"
"""


@pytest.fixture
def server() -> Iterator[ImapServer]:
    with ImapServer() as running:
        yield running


@pytest.fixture
def skipped(case: Case, bare: Path, server: ImapServer) -> Case:
    """Return a case in which the first of two emails was skipped."""
    config = bare / "triaged.toml"
    config.write_text(config.read_text() + MAILBOX.format(port=server.port))
    config.chmod(0o600)
    set_cursor(case.store, 1, 0)
    server.inbox.add(mail("m1"))
    server.inbox.add(mail("m2"))
    server.fault("UID FETCH 1 (BODY", nothing, times=3)
    with polling(account(server.port), case.intake, HASTY):
        eventually(lambda: subjects(case) == ["m2"])
    return case


def subjects(case: Case) -> list[str]:
    return list(case.ask(lambda session: session.execute(select(Ticket.subject).order_by(Ticket.id)).scalars().all()))


def test_an_unreadable_email_is_listed_alarmed_and_read_again(skipped: Case) -> None:
    (row,) = skipped.run("imap", "unreadable", "--json").rows
    assert (row["id"], row["mailbox"], row["folder"], row["uid"]) == (1, "work", "INBOX", 1)
    assert "1 email in mailboxes could not be read. See triaged imap unreadable." in skipped.run("check", "--live").out
    assert skipped.run("imap", "retry", "--all").out == "1: stored\n"
    assert subjects(skipped) == ["m2", "m1"]
    assert skipped.run("imap", "unreadable", "--json").rows == []
    assert "could not be read" not in skipped.run("check", "--live").out


def test_an_email_that_still_cannot_be_read_stays_listed(skipped: Case, server: ImapServer) -> None:
    server.fault("UID FETCH 1 (BODY", nothing, times=1)
    outcome = skipped.run("imap", "retry", "1")
    assert outcome.code == 75
    assert "1 cannot be read" in outcome.err
    assert len(skipped.run("imap", "unreadable", "--json").rows) == 1
    assert skipped.run("imap", "retry", "1").code == 0


def test_an_email_that_is_gone_is_settled(skipped: Case, server: ImapServer) -> None:
    del server.inbox.emails[1]
    assert skipped.run("imap", "retry", "1").out == "1: no longer in the mailbox\n"
    assert skipped.run("imap", "unreadable", "--json").rows == []


def test_a_dismissed_email_is_listed_no_more_and_recorded(skipped: Case) -> None:
    assert skipped.run("imap", "dismiss", "1", "--actor", "ann").out == "1: dismissed\n"
    assert skipped.run("imap", "unreadable", "--json").rows == []
    event = skipped.ask(lambda session: session.execute(select(Event).order_by(Event.id.desc()).limit(1)).scalar_one())
    assert (event.kind, event.data["result"], event.data["actor"]) == ("mailbox mail settled", "dismissed", "ann")
    assert skipped.run("imap", "dismiss", "1").code == 66
    assert subjects(skipped) == ["m2"]
