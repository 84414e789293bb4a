"""A socket for IPv4 and IPv6 together, as systemd opens port 25: each IPv4 client is one of its own."""

import smtplib
import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from sqlalchemy import select

from daemon.store.models import InboundRow
from daemon.store.store import Store
from tests.support.smtp_client import Running

AT_A_TIME = 2
EMAIL = b"From: ann@customer.example\r\nTo: support@example.com\r\nSubject: Refund\r\n\r\nPlease.\r\n"


@pytest.fixture
def port(sqlite_store: Store) -> Iterator[int]:
    """Return the port of a listener for both families, with two clients from an address at a time."""
    if not socket.has_dualstack_ipv6():
        pytest.skip("this machine has no IPv6")
    with (
        Running(sqlite_store, connections_per_address=AT_A_TIME) as running,
        socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True) as both,
    ):
        both.setblocking(False)
        running.call(running.listener.listen(both))
        yield both.getsockname()[1]


def _greeting(stack: ExitStack, port: int, host: str) -> int:
    client = stack.enter_context(socket.create_connection(("127.0.0.1", port), 30, source_address=(host, 0)))
    return int(client.recv(3))


def test_clients_of_other_addresses_are_not_counted_together(port: int) -> None:
    with ExitStack() as stack:
        greetings = [_greeting(stack, port, host) for host in ("127.0.0.2",) * (AT_A_TIME + 1)]
        assert greetings == [220] * AT_A_TIME + [421]
        assert _greeting(stack, port, "127.0.0.3") == 220


def test_the_address_of_a_client_is_stored_as_ipv4(port: int, sqlite_store: Store) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=30) as client:
        client.sendmail("ann@customer.example", ["support@example.com"], EMAIL)
    with sqlite_store.read() as session:
        assert session.execute(select(InboundRow.peer)).scalars().all() == ["127.0.0.1"]
