"""A backfill on a server that loses the connection: it resumes where it was, and gives up after some tries."""

from collections.abc import Callable
from datetime import date
from itertools import pairwise

import pytest
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError

from daemon.imap import backfill
from daemon.imap.login import LoginRefusedError
from daemon.store.store import Store
from tests.support.imap import BRISK, CLOCK, Taker, account, mail
from tests.support.imap_faults import hang_up
from tests.support.imap_server import Connection, ImapServer
from tests.support.ports import free_port

Progress = list[tuple[int, int]]


def fill(port: int, store: Store, taker: Taker, progress: Progress | None = None, **settings: str) -> int:
    calls = progress if progress is not None else []
    mailbox, since = account(port, **settings), date(2024, 1, 1)
    return backfill.backfill(
        mailbox, taker, store, CLOCK, since, lambda *call: calls.append(call), max_bytes=100_000, pace=BRISK
    )


@pytest.mark.parametrize("command", ["CAPABILITY", "LOGIN", "EXAMINE", "UID SEARCH"])
def test_a_connection_lost_before_the_first_email_is_made_again(
    command: str, server: ImapServer, store: Store, taker: Taker
) -> None:
    server.inbox.add(mail("m1"))
    server.fault(command, hang_up, times=2)
    assert fill(server.port, store, taker) == 1
    assert taker.subjects == ["m1"]


@pytest.mark.parametrize("command", ["UID FETCH 2 (RFC822.SIZE", "UID FETCH 2 (BODY"])
def test_a_connection_lost_in_the_middle_resumes_at_the_next_email(
    command: str, server: ImapServer, store: Store, taker: Taker
) -> None:
    def hang_up_and_refuse_the_next_login(connection: Connection, tag: str) -> None:
        server.fault("LOGIN", hang_up)
        hang_up(connection, tag)

    progress: Progress = []
    for number in range(1, 4):
        server.inbox.add(mail(f"m{number}"))
    server.fault(command, hang_up_and_refuse_the_next_login)
    assert fill(server.port, store, taker, progress) == 3
    assert taker.subjects == ["m1", "m2", "m3"]
    assert progress == [(1, 3), (2, 3), (3, 3)]


def test_each_stored_email_resets_the_number_of_sessions_without_progress(
    server: ImapServer, store: Store, taker: Taker
) -> None:
    emails = backfill.SESSIONS_WITHOUT_PROGRESS * 2
    for number in range(1, emails + 1):
        server.inbox.add(mail(f"m{number}"))
        server.fault(f"UID FETCH {number} (RFC822.SIZE", hang_up)
    assert fill(server.port, store, taker) == emails


@pytest.mark.parametrize("command", ["CAPABILITY", "LOGIN", "UID SEARCH"])
def test_a_server_that_always_hangs_up_ends_the_backfill(
    command: str, server: ImapServer, store: Store, taker: Taker
) -> None:
    server.inbox.add(mail("m1"))
    server.fault(command, hang_up, times=99)
    with pytest.raises((IMAPClientAbortError, OSError)):
        fill(server.port, store, taker)
    assert len(server.connections) == backfill.SESSIONS_WITHOUT_PROGRESS


def test_the_pauses_between_sessions_grow(
    server: ImapServer, store: Store, taker: Taker, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(backfill, "sleep", pauses.append)
    server.fault("LOGIN", hang_up, times=99)
    with pytest.raises(IMAPClientAbortError):
        fill(server.port, store, taker)
    assert len(pauses) == backfill.SESSIONS_WITHOUT_PROGRESS - 1
    assert all(later == min(2 * earlier, BRISK.max_back_off) for earlier, later in pairwise(pauses))


@pytest.mark.parametrize(
    ("settings", "error"), [({"password": "guess"}, LoginRefusedError), ({"security": "starttls"}, IMAPClientError)]
)
def test_what_another_try_cannot_change_is_not_tried_again(
    settings: dict[str, str], error: type[Exception], server: ImapServer, store: Store, taker: Taker
) -> None:
    with pytest.raises(error):
        fill(server.port, store, taker, **settings)
    assert len(server.connections) == 1


def test_a_port_on_which_nobody_listens_fails_at_once(
    store: Store, taker: Taker, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(backfill, "sleep", pauses.append)
    with pytest.raises(ConnectionRefusedError):
        fill(free_port(), store, taker)
    assert not pauses


def test_a_server_that_restarts_in_the_middle_is_waited_for(
    server: ImapServer, store: Store, taker: Taker, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect: Callable[..., object] = backfill.connect
    attempts: list[int] = []

    def refused_once(*args: object) -> object:
        attempts.append(1)
        if len(attempts) == 2:
            raise ConnectionRefusedError
        return connect(*args)

    monkeypatch.setattr(backfill, "connect", refused_once)
    server.inbox.add(mail("m1"))
    server.fault("UID SEARCH", hang_up)
    assert fill(server.port, store, taker) == 1
    assert len(attempts) == 3
