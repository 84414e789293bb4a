"""Two daemons that poll one mailbox: one reads it, the other goes on when that one is dead."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from sqlalchemy.exc import OperationalError

from daemon.imap.lease import MailboxLease
from daemon.store import leases
from daemon.store.store import Store
from tests.conftest import _emptied
from tests.support.fakes import eventually
from tests.support.imap import Taker, account, mail, polling, set_cursor
from tests.support.imap_server import ImapServer
from tests.support.paths import ROOT
from tests.support.servers import PostgresServer

HOLDER = """
import sys, time
from daemon.imap.lease import MailboxLease
from daemon.store.store import Store
from daemon.system import logs

logs.configure("error", "json")
lease = MailboxLease(Store(sys.argv[1]), "work", print, beat_seconds=0.1, dead_after_seconds=2)
lease.start()
while not lease.take():
    time.sleep(0.05)
print("held", flush=True)
time.sleep(600)
"""


@pytest.fixture
def url(postgres_server: PostgresServer, _postgres_template: str) -> str:
    """Return the URL of a PostgreSQL with the schema: only such a store is shared by daemons."""
    return _emptied(postgres_server, _postgres_template)


@pytest.fixture
def stores(url: str) -> Iterator[tuple[Store, Store]]:
    with closing(Store(url)) as one, closing(Store(url)) as other:
        yield one, other


@contextmanager
def holding(url: str) -> Iterator[subprocess.Popen[str]]:
    """Let another process hold the lease until it is killed."""
    command = [sys.executable, "-c", HOLDER, url]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "held\n"
            yield process
        finally:
            process.kill()


def lease(store: Store, lost: list[str]) -> MailboxLease:
    return MailboxLease(store, "work", lambda: lost.append("lost"), beat_seconds=0.1, dead_after_seconds=2)


def taken(mine: MailboxLease) -> bool:
    """Say whether a lease is taken; a process that was stopped within a transaction locks its row for 30 s."""
    try:
        return mine.take()
    except OperationalError:
        return False


def test_of_two_daemons_one_reads_the_mailbox_and_the_other_waits(
    server: ImapServer, stores: tuple[Store, Store]
) -> None:
    one, other = Taker(stores[0]), Taker(stores[1])
    set_cursor(stores[0], 1, 0)
    with polling(account(server.port), one, shared=True) as first:
        eventually(lambda: first.state().connected)
        with polling(account(server.port), other, shared=True) as second:
            eventually(lambda: second.state().error == "another process reads this mailbox")
            for number in range(5):
                server.inbox.add(mail(f"m{number}"))
            eventually(lambda: len(one.taken) == 5)
            assert not second.state().connected
            assert other.taken == []
            assert len(server.commands("LOGIN")) == 1
            first.stop()
            server.inbox.add(mail("after"))
            eventually(lambda: other.subjects == ["after"])


def test_a_killed_reader_is_followed_by_the_other_daemon(
    server: ImapServer, url: str, stores: tuple[Store, Store]
) -> None:
    taker = Taker(stores[0])
    set_cursor(stores[0], 1, 0)
    server.inbox.add(mail("m1"))
    with holding(url) as process, polling(account(server.port), taker, shared=True) as poller:
        eventually(lambda: poller.state().error == "another process reads this mailbox")
        assert not server.received
        process.send_signal(signal.SIGKILL)
        eventually(lambda: taker.subjects == ["m1"])


def test_a_reader_that_stood_still_stops_reading(stores: tuple[Store, Store]) -> None:
    lost: list[str] = []
    mine = lease(stores[0], lost)
    mine.start()
    assert mine.take()
    # As another daemon does with a holder that stood still.
    eventually(lambda: stores[1].write(lambda db: leases.take(db, "work", "another", leases.holder(db, "work"))))
    eventually(lambda: lost == ["lost"])
    assert not mine.held
    assert not mine.take()
    mine.stop()


def test_a_stopped_process_loses_its_lease_and_gets_no_second_one(url: str, stores: tuple[Store, Store]) -> None:
    mine = lease(stores[0], [])
    with holding(url) as process:
        os.kill(process.pid, signal.SIGSTOP)
        eventually(lambda: taken(mine), 120)
        os.kill(process.pid, signal.SIGCONT)
        assert process.stdout is not None
        # Its callback prints an empty line.
        assert process.stdout.readline() == "\n"
    assert mine.take()


def test_a_released_lease_is_free_at_once(stores: tuple[Store, Store]) -> None:
    mine, other = lease(stores[0], []), lease(stores[1], [])
    assert mine.take()
    assert not other.take()
    mine.release()
    assert other.take()
    assert not mine.take()
