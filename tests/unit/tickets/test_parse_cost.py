"""The estimate of what an email costs to analyze: high for what is made to be slow, low for what people write."""

from base64 import encodebytes

import pytest

from daemon.tickets.parse_cost import (
    CHEAP_BYTES,
    INLINE_PARSE_BYTES,
    INLINE_PARSE_MICROSECONDS,
    is_cheap,
    parse_microseconds,
)
from tests.support.emails import mail

# Repeated to 15 kB, each of these took at least 5 ms.
EXPENSIVE = [
    b"<ul><li>",
    b"<dl><dt>",
    b"<a><b></a>",
    b"<p>x</p>",
    b"<table><tr><td>",
    b"=3Cdiv=3E",
    b"--b\r\nContent-Type: text/html\r\n\r\n<p>x\r\n",
    b"--b\r\n\r\nx\r\n",
    b"Final-Recipient: rfc822; a@b.de\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n",
    b"From: a@b.example\r\n",
    b"=?utf-8?q?a?= <a@b.de>,",
    b"a:b@c.de;",
    b'"\\"',
    b"a@b,",
    b"(",
]


@pytest.mark.parametrize("piece", EXPENSIVE)
def test_what_repeats_an_expensive_piece_is_expensive(piece: bytes) -> None:
    assert parse_microseconds(piece * (15_000 // len(piece))) > INLINE_PARSE_MICROSECONDS


@pytest.mark.parametrize("word", [b"base64", b"Base64", b"BASE64"])
def test_what_base64_hides_is_expensive(word: bytes) -> None:
    raw = b"Content-Transfer-Encoding: " + word + b"\r\n\r\n" + encodebytes(b"<ul><li>" * 1250)
    assert parse_microseconds(raw) > INLINE_PARSE_MICROSECONDS


@pytest.mark.parametrize(
    "body",
    ["", "Hello, my payment failed twice. Please help!\r\n" * 150, "> quoted, as usual\r\n" * 150],
)
def test_what_people_writeis_cheap(body: str) -> None:
    assert is_cheap(mail(body=body))


def test_any_emailis_cheap_below_one_size_and_expensive_above_another() -> None:
    assert is_cheap(b"<" * CHEAP_BYTES)
    assert not is_cheap(b"<" * (CHEAP_BYTES + 1))
    assert is_cheap(b"x" * INLINE_PARSE_BYTES)
    assert not is_cheap(b"x" * (INLINE_PARSE_BYTES + 1))
