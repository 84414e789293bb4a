"""The listener against hostile clients: bounded memory, time, errors and connections, and normal clients are served."""

import contextlib
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from daemon.mail.envelope import Inbound
from daemon.store.models import InboundRow, Ticket
from daemon.store.store import Store
from daemon.tickets.disposition import PreparedEmail
from tests.support.emails import ANN, SUPPORT, mail
from tests.support.fakes import eventually
from tests.support.smtp_client import Client, Running

MEGABYTE = 1 << 20


@pytest.fixture
def running(sqlite_store: Store) -> Iterator[Running]:
    with Running(sqlite_store) as listening:
        yield listening


def count(store: Store) -> int:
    with store.read() as session:
        return session.execute(select(func.count(InboundRow.id))).scalar_one()


def resident() -> int:
    """Return the memory of this process, in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def deliver_normally(running: Running) -> None:
    """Deliver an email as a normal client does."""
    with running.client() as client:
        assert client.hello().deliver(mail()).startswith("250 2.0.0")


# RFC 5321 section 4.1.1.4: only CRLF . CRLF ends the content.
ODD_ENDS = [b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r.\r\n", b"\r\n.\r", b"\r\n\0.\r\n", b"\n\n.\r\n"]


@pytest.mark.parametrize("end", ODD_ENDS)
def test_no_second_email_is_smuggled(running: Running, sqlite_store: Store, end: bytes) -> None:
    smuggled = b"MAIL FROM:<ceo@example.com>\r\nRCPT TO:<support@example.com>\r\nDATA\r\nSubject: smuggled\r\n\r\nx"
    raw = mail() + b"first" + end + smuggled + b"\r\n"
    with running.client() as client:
        client.hello().begin()
        client.send(raw + b".\r\n")
        assert client.reply().startswith("250 2.0.0")
        assert client.say("NOOP") == "250 OK"
    assert count(sqlite_store) == 1


HTML = ("Content-Type: text/html",)


@pytest.mark.parametrize(
    ("raw", "thread"),
    [
        (mail(), "listening"),
        (mail(body="An ordinary line of text, as people write it.\r\n" * 150), "listening"),
        (mail(body="<p>Hello</p>\r\n" * 100, headers=HTML), "listening"),
        (mail(body="<ul><li>" * 1900, headers=HTML), "parser_0"),
        (mail(body="x" * 20_000), "parser_0"),
        (b"Cc: " + b"=?utf-8?q?a?= <a@b.example>," * 500 + mail(), "parser_0"),
        (b"From: a@b.example\r\n" * 800 + mail(), "parser_0"),
    ],
    ids=["short", "text", "html", "nested html", "long", "addresses", "headers"],
)
def test_a_small_but_expensive_email_is_not_analyzed_on_the_event_loop(
    running: Running, monkeypatch: pytest.MonkeyPatch, raw: bytes, thread: str
) -> None:
    threads: list[str] = []
    prepare = running.intake.prepare

    def recording(inbound: Inbound) -> PreparedEmail:
        threads.append(threading.current_thread().name)
        return prepare(inbound)

    monkeypatch.setattr(running.intake, "prepare", recording)
    with running.client() as client:
        assert client.hello().deliver(raw).startswith("250 2.0.0")
    assert threads == [thread]


def test_hops_are_counted_in_the_first_part_of_an_email(running: Running) -> None:
    filler = b"X-Long: y\r\n" * 20_000
    with running.client() as client:
        client.hello()
        assert client.deliver(b"Received: x\r\n" * 51 + filler + mail()).startswith("554 5.4.6")
        assert client.deliver(filler + b"Received: x\r\n" * 51 + mail()).startswith("250 2.0.0")


def test_an_endless_line_is_disconnected_in_bounded_memory(running: Running) -> None:
    before = peak = resident()
    with running.client() as client:
        client.hello().begin()
        with contextlib.suppress(ConnectionError):
            for _ in range(2000):
                client.send(b"x" * 65536)
                peak = max(peak, resident())
            pytest.fail("131 MB were taken")
    assert peak - before < 20 * running.how.message_bytes
    deliver_normally(running)


def test_an_endless_email_of_short_lines_is_disconnected(running: Running, sqlite_store: Store) -> None:
    with running.client() as client:
        client.hello().begin()
        with contextlib.suppress(ConnectionError):
            for _ in range(2000):
                client.send(b"short\r\n" * 10_000)
            pytest.fail("140 MB were taken")
    assert count(sqlite_store) == 0
    deliver_normally(running)


def test_an_email_larger_than_its_declared_size_and_the_limit_is_refused(running: Running, sqlite_store: Store) -> None:
    with running.client() as client:
        client.hello()
        client.say(f"MAIL FROM:<{ANN}> SIZE=100")
        client.say(f"RCPT TO:<{SUPPORT}>")
        client.say("DATA")
        client.send(mail(body="x" * running.how.message_bytes) + b".\r\n")
        assert client.reply() == "552 5.3.4 Message too large"
    assert count(sqlite_store) == 0


def test_an_endless_command_is_bounded_in_memory(sqlite_store: Store) -> None:
    with Running(sqlite_store, idle_seconds=1.0) as running, running.client() as client:
        before = resident()
        with contextlib.suppress(ConnectionError):
            for _ in range(100_000):
                client.send(b"x" * 65536)
            pytest.fail("6 GB were taken")
        assert resident() - before < 50 * MEGABYTE


def test_endless_noop_commands_end_the_session(running: Running) -> None:
    with running.client() as client:
        client.hello()
        replies = [client.say("NOOP") for _ in range(40)]
    assert replies[0] == "250 OK"
    assert any(reply.startswith("421") for reply in replies)
    assert replies[-1] == ""


def test_ten_errors_end_the_session(running: Running) -> None:
    with running.client() as client:
        client.hello()
        replies = [client.say(f"RCPT TO:<{number}@example.com>") for number in range(15)]
    assert replies[9] == "421 4.7.0 Too many errors, closing connection"
    assert replies[10:] == [""] * 5


def test_commands_after_too_many_errors_in_one_segment_are_ignored(running: Running, sqlite_store: Store) -> None:
    with running.client() as client:
        good = f"MAIL FROM:<{ANN}>\r\nRCPT TO:<{SUPPORT}>\r\nDATA\r\n".encode() + mail() + b".\r\n"
        client.send(b"EHLO x\r\n" + b"RCPT TO:<a@b.example>\r\n" * 10 + good)
        assert client.rest().endswith("421 4.7.0 Too many errors, closing connection\r\n")
    deliver_normally(running)
    assert count(sqlite_store) == 1


def test_guessing_addresses_ends_the_session(running: Running) -> None:
    with running.client() as client:
        client.hello().envelope(SUPPORT)
        replies = [client.say(f"RCPT TO:<guess{number}@example.com>") for number in range(10)]
    assert replies[-1].startswith("421")


@pytest.mark.parametrize(
    "garbage",
    [
        b"\0" * 1000,
        b"\xff\xfe\r\n" * 3,
        b"\r\n" * 3,
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01" + b"\r\n" * 3,
    ],
)
def test_input_that_is_not_smtp_gets_a_50x_and_other_clients_are_served(running: Running, garbage: bytes) -> None:
    with running.client() as client:
        client.send(garbage + b"\r\n")
        assert client.reply().startswith("50")
    deliver_normally(running)


def test_connections_above_the_limit_per_address_get_421(sqlite_store: Store) -> None:
    with Running(sqlite_store, connections_per_address=3) as running:
        held = [running.client() for _ in range(3)]
        with running.client() as refused:
            assert refused.greeting == "421 4.7.0 Too many connections, try again later"
            refused.send(b"EHLO x\r\n")
            assert refused.rest() == ""
        held.pop().close()
        eventually(lambda: running.listener.connections == 2)
        deliver_normally(running)
        for client in held:
            client.close()
        eventually(lambda: running.listener.connections == 0)
        assert not running.listener._per_address


def test_connections_above_the_total_limit_get_421(sqlite_store: Store) -> None:
    with Running(sqlite_store, connections=5) as running:
        held = [running.client() for _ in range(5)]
        for _ in range(50):
            with running.client() as refused:
                assert refused.greeting.startswith("421 4.7.0")
        for client in held:
            assert client.say("NOOP") == "250 OK"
            client.close()
        eventually(lambda: running.listener.connections == 0)
        deliver_normally(running)


def test_a_refused_client_that_stays_connected_is_not_counted(sqlite_store: Store) -> None:
    with Running(sqlite_store, connections=1) as running, running.client() as held:
        clients = [running.connect() for _ in range(10)]
        for client in clients:
            with contextlib.suppress(ConnectionError):
                client.send(b"x" * 100_000)
        assert running.listener.connections == 1
        assert held.say("NOOP") == "250 OK"


def test_an_idle_session_ends(sqlite_store: Store) -> None:
    with Running(sqlite_store, idle_seconds=0.3) as running, running.client() as client:
        assert client.rest() == "421 4.4.2 Idle timeout, closing connection\r\n"
        eventually(lambda: running.listener.connections == 0)


def test_a_busy_session_ends_at_its_time_limit(sqlite_store: Store) -> None:
    with Running(sqlite_store, session_seconds=0.5) as running, running.client() as client:
        client.hello()
        reply = "250"
        while reply.startswith("250"):
            reply = client.say("RSET")
            time.sleep(0.02)
        assert reply == "421 4.4.2 Session time limit exceeded, closing connection"


def test_data_below_the_minimum_rate_ends_the_session(sqlite_store: Store) -> None:
    with Running(sqlite_store, idle_seconds=0.4) as running, running.client() as client:
        client.hello().begin()
        began = time.monotonic()
        with contextlib.suppress(ConnectionError):
            while time.monotonic() - began < 30:
                client.send(b"x\r\n")
                time.sleep(0.05)
        assert client.rest().startswith("421 4.4.2 Data transfer too slow") or time.monotonic() - began < 30
        eventually(lambda: running.listener.connections == 0)
    assert count(sqlite_store) == 0


def test_slow_data_above_the_minimum_rate_is_accepted(sqlite_store: Store) -> None:
    with Running(sqlite_store, idle_seconds=0.5) as running, running.client() as client:
        client.hello().begin()
        for _ in range(10):
            client.send(b"X: " + b"x" * 1000 + b"\r\n")
            time.sleep(0.15)
        client.send(mail() + b".\r\n")
        assert client.reply().startswith("250 2.0.0")


def test_a_client_that_reads_no_replies_is_disconnected(sqlite_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daemon.smtp.session.GRACE_SECONDS", 0.3)
    with Running(sqlite_store, session_seconds=1.0, send_buffer=4096) as running:
        client = running.connect(receive_buffer=1024)
        client.send("EHLO x\r\n")
        client.sock.settimeout(0.2)
        flood = f"MAIL FROM:<{ANN}>\r\nRSET\r\n".encode() * 2000
        with contextlib.suppress(OSError):
            for _ in range(200):
                client.send(flood)
        eventually(lambda: running.listener.connections == 0)
        deliver_normally(running)


def test_a_normal_client_is_served_beside_many_slow_ones(sqlite_store: Store) -> None:
    with Running(sqlite_store, connections=500, connections_per_address=500) as running:
        slow = [running.client() for _ in range(300)]
        for client in slow:
            client.send("EHLO x\r\nMAIL FROM:<a@x.exam")
        for _ in range(5):
            deliver_normally(running)
        assert running.listener.connections >= 300
        for client in slow:
            client.close()
        eventually(lambda: running.listener.connections == 0)


def test_a_client_that_disconnects_during_data_leaves_no_session_and_no_email(sqlite_store: Store) -> None:
    with Running(sqlite_store, idle_seconds=0.3) as running:
        for goodbye in (Client.close, reset, half_close):
            client = running.client().hello().begin()
            client.send(b"half an email")
            goodbye(client)
        eventually(lambda: running.listener.connections == 0)
        time.sleep(0.6)  # a timer left behind would fire by now and raise in the loop
    assert count(sqlite_store) == 0


def reset(client: Client) -> None:
    client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    client.close()


def half_close(client: Client) -> None:
    client.sock.shutdown(socket.SHUT_WR)


@pytest.mark.parametrize("goodbye", [Client.close, reset, half_close])
def test_an_email_is_stored_once_if_the_client_disconnects_before_the_250(
    store: Store, goodbye: Callable[[Client], None]
) -> None:
    raw, gate = mail(), threading.Event()
    with Running(store) as running:
        store.submit(lambda _session: gate.wait(30))
        client = running.client().hello().begin()
        client.send(raw + b".\r\n")
        eventually(lambda: running.listener.emails_in_flight)
        goodbye(client)
        eventually(lambda: running.listener.connections == 0)
        gate.set()
        with running.client() as again:
            assert again.hello().deliver(raw).startswith("250 2.0.0 Stored as HD-")
    with store.read() as session:
        assert session.execute(select(func.count(Ticket.id))).scalar_one() == 1
        states = session.execute(select(InboundRow.disposition).order_by(InboundRow.id)).scalars().all()
    assert states == ["ticket", "duplicate"]
