"""A daemon killed between the commit of a mail and its mark in the mailbox, on a real IMAP server."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from imapclient import IMAPClient

from tests.faults.kit import Kit
from tests.faults.load import Mail, Numbers
from tests.faults.system import SQLITE, System
from tests.support.imap_pymap import other_client, pymap
from tests.support.ports import free_port

DONE = "Done"


@pytest.fixture(scope="module")
def kit() -> Iterator[Kit]:
    with Kit() as kit:
        yield kit


def mailbox(port: int, after: str) -> dict[str, str]:
    account: dict[str, Any] = {"name": "box", "host": "127.0.0.1", "port": port, "security": "none"}
    account |= {"username": "user", "password": "pass", "poll_seconds": 0.2, "idle": False}
    return {"TRIAGED_IMAP": json.dumps([account | {"after": after, "move_to": DONE}])}


def unseen(client: IMAPClient) -> list[int]:
    client.noop()
    return list(client.search("UNSEEN"))


def left(client: IMAPClient) -> list[int]:
    client.noop()
    return list(client.search("UNDELETED"))


def killed_before_the_mark(system: System, client: IMAPClient, emails: list[Mail]) -> None:
    system.until(lambda: system.query("SELECT 1 FROM imap_cursor WHERE uidvalidity > 0"), "the mailbox")
    system.arm("imap.stored", "kill")
    for mail in emails:
        client.append("INBOX", mail.raw)
    system.until(lambda: not system.armed(), "the kill")
    system.until(lambda: len(tickets(system)) == len(emails), "the tickets")


def tickets(system: System) -> list[Any]:
    return system.query("SELECT id FROM ticket")


def test_an_email_stored_by_a_killed_daemon_is_marked_later(kit: Kit) -> None:
    port, emails = free_port(), Numbers("marks").emails(3)
    with pymap(port), other_client(port) as client, System(kit, SQLITE, extra=mailbox(port, "mark_seen")) as system:
        killed_before_the_mark(system, client, emails)
        system.until(lambda: not unseen(client), "the marks")
        assert len(left(client)) == len(tickets(system)) == len(emails)
        assert system.drain()
        assert system.query("SELECT DISTINCT disposition FROM inbound") == [("ticket",)]
        assert not system.query("SELECT * FROM imap_unmarked")


def test_an_email_stored_by_a_killed_daemon_is_moved_later_and_once(kit: Kit) -> None:
    port, emails = free_port(), Numbers("moves").emails(3)
    with pymap(port), other_client(port) as client, System(kit, SQLITE, extra=mailbox(port, "move")) as system:
        killed_before_the_mark(system, client, emails)
        system.until(lambda: not left(client), "the moves")
        client.select_folder(DONE)
        moved = {bytes(mail[b"BODY[]"]) for mail in client.fetch(client.search(), ["BODY.PEEK[]"]).values()}
        assert moved == {mail.raw for mail in emails}
        assert len(client.search()) == len(tickets(system)) == len(emails)
        assert system.drain()
        assert system.query("SELECT DISTINCT disposition FROM inbound") == [("ticket",)]
