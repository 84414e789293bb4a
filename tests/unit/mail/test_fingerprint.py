"""The key recognises copies of an email that came by different routes."""

import pytest

from daemon.mail.fingerprint import HEAD_LIMIT, content_key
from tests.support.emails import mail

RAW = mail(message_id="<one@customer.example>", in_reply_to="<a@b>", references="<a@b> <c@d>")
KEY = content_key(RAW)


def with_field(line: str) -> bytes:
    return line.encode() + b"\r\n" + RAW


@pytest.mark.parametrize(
    "copy",
    [
        with_field("Received: from a by b; Mon, 02 Mar 2026 12:00:00 +0000"),
        with_field("Received: from a\r\n\tby b\r\n\t(ESMTP)"),
        with_field("Delivered-To: support@example.com"),
        with_field("Return-Path: <ann@customer.example>"),
        with_field("X-Spam-Status: No"),
        with_field("Authentication-Results: mx.example.com; dmarc=pass"),
        with_field("DKIM-Signature: v=1; b=abc"),
        with_field("List-Id: <support.example.com>"),
        RAW.replace(b"\r\n", b"\n"),
        RAW.replace(b"\r\n", b"\r"),
        RAW + b"\r\n\r\n",
        RAW.rstrip(),
        RAW.replace(b"Subject: Payment failed", b"Subject: Payment\r\n\tfailed"),
        RAW.replace(b"Subject: ", b"SUBJECT:  "),
        RAW.replace(b"<a@b> <c@d>", b"<a@b>\r\n <c@d>"),
    ],
)
def test_changes_by_relays_do_not_change_the_key(copy: bytes) -> None:
    assert content_key(copy) == KEY


def test_the_order_of_fields_does_not_change_the_key() -> None:
    head, _, body = RAW.partition(b"\r\n\r\n")
    assert content_key(b"\r\n".join(reversed(head.split(b"\r\n"))) + b"\r\n\r\n" + body) == KEY


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"not credited", b"not Credited"),
        (b"ann@customer", b"bob@customer"),
        (b"<one@customer", b"<two@customer"),
        (b"Payment failed", b"Payment failed again"),
        (b"11:59:00", b"11:59:01"),
        (b"To: Support", b"To: Sales"),
        (b"<a@b>\r\n", b"<x@b>\r\n"),
        (b"Subject: ", b"X-Subject: "),
    ],
)
def test_another_body_author_or_message_id_gives_another_key(old: bytes, new: bytes) -> None:
    assert old in RAW
    assert content_key(RAW.replace(old, new, 1)) != KEY


def test_the_same_message_id_alone_does_not_give_the_same_key() -> None:
    one = mail(message_id="<guessed@customer.example>", body="the real one")
    other = mail(message_id="<guessed@customer.example>", body="sent first by somebody else")
    assert content_key(one) != content_key(other)


def test_text_moved_from_header_to_body_gives_another_key() -> None:
    assert content_key(b"Subject: a\n\nbody") != content_key(b"Subject: a\nbody\n\n")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\r\n",
        b"no header at all",
        b":\r\n" * 100_000,
        b"a" * 3_000_000,
        b"Subject:" + b" \r\n" * 100_000,
        b"Subject: a\r\n" * (HEAD_LIMIT // 8),
        b"X" * 500_000 + b": a\r\n\r\nbody",
        bytes(range(256)) * 1000,
    ],
)
def test_any_bytes_have_a_key(raw: bytes) -> None:
    assert len(content_key(raw)) == 64
