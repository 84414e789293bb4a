from collections.abc import Callable
from functools import partial

import pytest

from daemon.mail.mime.parse import parse
from tests.support.work import lines_run, no_hang

HEADER = (
    b"From: Ann <ann@customer.example>\nTo: support@shop.example\n"
    b"Date: Mon, 02 Mar 2026 11:59:00 +0000\nMessage-ID: <1@a>\n"
)


def test_the_fields_of_an_email_are_read() -> None:
    message = parse(
        HEADER.replace(b"<1@a>", b"<1@a.example>")
        + "Subject: Größe\nCc: b@b.example, C <c@c.example>\nReply-To: r@r.example\nSender: s@s.example\n"
        "In-Reply-To: <p@p.example> (Ann's mail)\nReferences: <o@o.example>\n <p@ p.example>\n"
        "Received: one\nReceived: two\n\ntext".encode()
    )
    assert message.subject == "Größe"
    assert message.message_id == "<1@a.example>"
    assert [address.email for address in message.from_] == ["ann@customer.example"]
    assert [address.email for address in message.cc] == ["b@b.example", "c@c.example"]
    assert [address.email for address in (*message.reply_to, *message.sender)] == ["r@r.example", "s@s.example"]
    assert message.in_reply_to == ("<p@p.example>",)
    assert message.references == ("<o@o.example>", "<p@p.example>")
    assert message.headers["received"] == ("one", "two")
    assert message.header("Subject") == "Größe"
    assert message.header("x-none") == ""
    assert message.defects == ()


IDS = [
    ("<1@a>", "<1@a>"),
    ("1@a", "<1@a>"),
    ("<1 @a>", "<1@a>"),
    ("<1@a> <2@b>", "<1@a>"),
    ("", ""),
    ("<>", ""),
    ("<1@a", "<1@a>"),
]


@pytest.mark.parametrize(("value", "expected"), IDS)
def test_a_message_id_has_its_brackets(value: str, expected: str) -> None:
    assert parse(f"Message-ID: {value}\n\n".encode()).message_id == expected


DEFECTS = [
    (b"", {"no-from", "no-date", "no-message-id"}),
    (HEADER + b"From: eve@evil.example\n\n", {"duplicate-from"}),
    (HEADER + b"Subject: a\nSubject: b\n\n", {"duplicate-subject"}),
    (HEADER.replace(b"Mon, 02 Mar 2026", b"some day") + b"\n", {"bad-date"}),
    (HEADER + b"Content-Transfer-Encoding: base64\n\n*!*", {"bad-base64"}),
    (HEADER + b"Content-Type: text/plain; charset=rot13\n\nx", {"unknown-charset"}),
    (HEADER + b"Content-Type: multipart/encrypted; boundary=b\n\n--b\n\nx\n--b--", {"encrypted"}),
    (HEADER + b"Content-Type: application/pkcs7-mime; smime-type=enveloped-data\n\nx", {"encrypted"}),
    (HEADER + b"Content-Type: application/pkcs7-mime; smime-type=signed-data\n\nx", {"opaque-signature"}),
    (HEADER + b"\n-----BEGIN PGP MESSAGE-----\nx", {"encrypted"}),
    (HEADER + b"\n" + b"x" * (2 << 20), {"long-text"}),
]


@pytest.mark.parametrize(("raw", "defects"), DEFECTS)
def test_damage_is_named(raw: bytes, defects: set[str]) -> None:
    assert set(parse(raw).defects) == defects


def test_two_from_fields_are_both_kept() -> None:
    message = parse(HEADER + b"From: eve@evil.example\n\n")
    assert [address.email for address in message.from_] == ["ann@customer.example", "eve@evil.example"]


def test_reports_and_nested_emails_are_parts_with_text() -> None:
    raw = (
        b"Content-Type: multipart/report; boundary=b\n\n--b\n\nnotice\n"
        b"--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; a\n\nAction: failed\n"
        b"--b\nContent-Type: message/rfc822\n\nSubject: ours\n\nour text\n"
        b"--b\nContent-Type: text/rfc822-headers\n\nMessage-ID: <1@ours>\n--b--\n"
    )
    parts = parse(raw).parts
    assert [(part.content_type, part.embedded) for part in parts] == [
        ("multipart/report", False),
        ("text/plain", False),
        ("message/delivery-status", False),
        ("message/rfc822", False),
        ("text/plain", True),
        ("text/rfc822-headers", False),
    ]
    assert parts[2].text == "Reporting-MTA: dns; a\n\nAction: failed"
    assert parts[4].headers["subject"] == ("ours",)
    assert parts[5].text == "Message-ID: <1@ours>"


def field(name: bytes, unit: bytes, size: int) -> bytes:
    return HEADER + name + b": " + unit * (size // len(unit)) + b"\n\ntext"


def body(content_type: bytes, unit: bytes, size: int) -> bytes:
    return HEADER + b"Content-Type: " + content_type + b"\n\n" + unit * (size // len(unit))


# Input on which a naive parser takes quadratic time or worse; each is built for a size in bytes.
HOSTILE: dict[str, Callable[[int], bytes]] = {
    **{
        f"{name!r} of {unit!r}": lambda size, name=name, unit=unit: field(name, unit, size)
        for name, units in {
            b"Subject": (b"a\n \n\t", b"=?utf-8?q?", b"=?a?b?YQ?= ", b"=?", b"?=", b" ", b"\t\n "),
            b"Cc": (b"(", b"<", b'"', b'\\"', b",", b"a@b.c,", b"a:", b"@", b" ", b'"\\', b"a <a@b "),
            b"Content-Type": (b";", b"; ", b"; a=b", b';a="\\"', b"a", b" ", b"(", b"; a*0=b"),
            b"References": (b"<", b"<a@b>", b" "),
            b"Date": (b"1 ", b" "),
        }.items()
        for unit in units
    },
    **{
        f"{kind!r} of {unit!r}": lambda size, kind=kind, unit=unit: body(kind, unit, size)
        for kind, units in {
            b"text/html": (
                b"<!--",
                b"<div>",
                b"<",
                b"<b>",
                b"<a>x",
                b"<p><font color=red>x",
                b"<table><tr><td>",
                b"<br>",
            ),
            b"text/plain": (b">", b"> ", b"_", b" ", b"begin 644 a\n", b"On x wrote:\n", b"From: a\n", b"-- \n"),
            b"text/plain; format=flowed": (b"a \n", b">"),
            b"text/enriched": (b"<param>", b"<"),
            b"multipart/mixed; boundary=b": (
                b"--b\n\nx\n",
                b"\n--b",
                b"--bx\n",
                b"--b\nContent-Type: multipart/mixed; boundary=b\n\n",
            ),
            b"message/rfc822": (b"Content-Type: message/rfc822\n\n", b"A: b\n"),
        }.items()
        for unit in units
    },
    "base64 of pads": lambda size: HEADER + b"Content-Transfer-Encoding: base64\n\n" + b"A=" * (size // 2),
}


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE)
def test_the_work_grows_with_the_size_and_no_faster(make: Callable[[int], bytes]) -> None:
    small, large = (lines_run(partial(parse, make(size))) for size in (20_000, 40_000))
    assert large < 2.2 * small + 100


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_megabyte_is_parsed(make: Callable[[int], bytes]) -> None:
    with no_hang():
        parse(make(1_000_000))
