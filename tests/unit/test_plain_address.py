"""The address of an IPv4 client is written as IPv4, whatever socket accepted it."""

import asyncio

import pytest

from daemon.text import plain_address
from daemon.web.peer import PEER, Peer, is_trusted_peer


@pytest.mark.parametrize(
    ("host", "plain"),
    [
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("::ffff:c000:201", "192.0.2.1"),
        ("192.0.2.1", "192.0.2.1"),
        ("::1", "::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1%eth0"),
        ("::ffff:", "::ffff:"),
        ("", ""),
    ],
)
def test_only_a_mapped_address_is_written_anew(host: str, plain: str) -> None:
    assert plain_address(host) == plain


def test_a_proxy_is_trusted_on_a_socket_for_both_families() -> None:
    seen = {}

    async def app(scope: object, _receive: object, _send: object) -> None:
        seen["scope"] = scope

    asyncio.run(Peer(app)({"type": "http", "client": ("::ffff:192.0.2.1", 4711)}, None, None))  # type: ignore[arg-type]
    assert seen["scope"]["client"] == ("192.0.2.1", 4711)  # type: ignore[index]
    assert seen["scope"][PEER] == "192.0.2.1"  # type: ignore[index]
    assert is_trusted_peer(seen["scope"], ["192.0.2.0/24"])
