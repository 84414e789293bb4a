"""One email to one recipient, from parts that may be hostile."""

import email
from dataclasses import replace
from datetime import UTC, date, datetime
from email import policy
from email.message import EmailMessage
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.mail.mime.parse import parse
from daemon.mail.screening.loop import own_evidence
from daemon.mail.token import Purpose, Token, digest, sign
from tests.support.work import lines_run, no_hang
from workers.notify.compose import ComposeError, OutgoingMail, as_bytes, compose
from workers.notify.mime import File, attached_name

KEY = b"0" * 32
LOOP = sign(Token(Purpose.TEAM, 7, digest("payments@example.com", KEY), date(2026, 12, 31)), KEY)
MAIL = OutgoingMail(
    kind="notification",
    sender_name="Example Support",
    sender_address="support@example.com",
    recipient="payments@example.com",
    reply_to="support+abc@example.com",
    subject="[HD-7K3Q-M9XY] Payment failed",
    text="Grüße\n.\nend\n",
    html="<p>Grüße</p>\n",
    message_id="<abc.123@example.com>",
    in_reply_to="",
    references=(),
    loop_token=LOOP,
    files=(),
    date=datetime(2026, 11, 2, 9, 14, tzinfo=UTC),
    boundary_seed="0123456789abcdef",
)
FIELDS = {
    *("from", "to", "reply-to", "subject", "date", "message-id", "in-reply-to", "references", "auto-submitted"),
    *("x-auto-response-suppress", "x-ms-reactions", "x-triaged-loop", "mime-version", "content-type"),
}
NASTY = (
    "a\r\nBcc: eve@evil.example",
    "a\nBcc: eve@evil.example\n\nbody",
    "a\rBcc: eve@evil.example",
    "a\u2028Bcc: eve@evil.example",
    "a\u2029b\x85c\x0bd\x0ce\x1cf\x1dg\x1eh",
    "a\x00b",
    "=?utf-8?q?a=0d=0aBcc:_eve=40evil.example?=",
    "=?utf-8?b?YQ0KQmNjOiBldmVAZXZpbC5leGFtcGxl?= x",
    '"; Bcc: eve@evil.example',
    "\\",
    "\ud800lone",
    "\u202egnp.exe",
    "ü" * 5000,
    "x" * 5000,
    "{{7*7}} ${7*7} <script>",
)


def read(letter: OutgoingMail) -> EmailMessage:
    raw = as_bytes(letter)
    assert b"\r\n".join(raw.split(b"\r\n")) == raw
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert b"\r" not in raw.replace(b"\r\n", b"")
    return email.message_from_bytes(raw, policy=policy.default)


def fields(letter: OutgoingMail) -> list[str]:
    """Return the names in the header block, read without any library."""
    head = as_bytes(letter).partition(b"\r\n\r\n")[0].decode()
    return [line.partition(":")[0].lower() for line in head.split("\r\n") if not line.startswith(" ")]


def test_an_email_has_sender_recipient_and_subject() -> None:
    mail = read(MAIL)
    assert (mail["From"], mail["To"]) == ("Example Support <support@example.com>", "payments@example.com")
    assert mail["Reply-To"] == "Example Support <support+abc@example.com>"
    assert mail["Subject"] == "[HD-7K3Q-M9XY] Payment failed"
    assert mail["Date"].datetime == MAIL.date
    assert mail["Message-ID"] == "<abc.123@example.com>"


def test_an_email_has_text_and_html() -> None:
    mail = read(MAIL)
    assert mail.get_content_type() == "multipart/alternative"
    text, html = mail.iter_parts()
    assert text.get_content().splitlines() == ["Grüße", ".", "end"]
    assert html.get_content().splitlines() == ["<p>Grüße</p>"]


@pytest.mark.parametrize(
    ("kind", "word"),
    [("acknowledgement", "auto-replied"), ("notification", "auto-generated"), ("follow-up", "auto-generated")],
)
def test_an_email_is_marked_as_automatic(kind: str, word: str) -> None:
    mail = read(replace(MAIL, kind=kind))
    assert (mail["Auto-Submitted"], mail["X-Auto-Response-Suppress"]) == (word, "All")
    assert mail["x-ms-reactions"] == "disallow"
    assert not [name for name in mail if name.lower().startswith("list-") or name.lower() == "precedence"]


def test_our_email_is_recognised_if_it_returns_with_another_message_id() -> None:
    raw = as_bytes(MAIL).replace(b"<abc.123@example.com>", b"<changed@relay.example>")
    assert own_evidence(parse(raw), (KEY,), date(2026, 11, 3)) == "X-Triaged-Loop carries our signature"


def test_an_email_without_a_reply_address_has_no_reply_to() -> None:
    assert "reply-to" not in fields(replace(MAIL, reply_to=None))


@pytest.mark.parametrize("text", NASTY)
@pytest.mark.parametrize("field", ["subject", "sender_name", "loop_token"])
def test_hostile_text_never_makes_a_second_header(field: str, text: str) -> None:
    letter = replace(MAIL, **{field: text})  # type: ignore[arg-type]
    names = fields(letter)
    assert set(names) <= FIELDS
    assert len(names) == len(set(names))
    mail = read(letter)
    assert [address.addr_spec for address in mail["From"].addresses] == ["support@example.com"]
    assert [address.addr_spec for address in mail["To"].addresses] == ["payments@example.com"]
    assert max(map(len, as_bytes(letter).partition(b"\r\n\r\n")[0].split(b"\r\n"))) <= 998


@settings(max_examples=60, deadline=None)
@given(subject=st.text(max_size=400), name=st.text(max_size=200))
def test_any_text_makes_one_field_that_reads_back(subject: str, name: str) -> None:
    letter = replace(MAIL, subject=subject, sender_name=name)
    names = fields(letter)
    assert (set(names) <= FIELDS, len(names)) == (True, len(set(names)))
    assert parse(as_bytes(letter)).from_[0].email == "support@example.com"


@pytest.mark.parametrize(
    "subject",
    [
        "Payment failed",
        "Zahlung fehlgeschlagen: Grüße an alle, die seit heute Morgen auf ihr Geld warten müssen und nichts hören",
        "支払いに失敗しました。ご確認ください。よろしくお願いいたします。支払いに失敗しました。ご確認ください。",
        "=?utf-8?q?literally?=",
        "word " * 30 + "end",
        "x" * 190,
    ],
)
def test_a_subject_reads_back(subject: str) -> None:
    assert parse(as_bytes(replace(MAIL, subject=subject))).subject == subject


def test_a_subject_is_bounded() -> None:
    assert len(parse(as_bytes(replace(MAIL, subject="ü" * 100_000))).subject) == 200


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ann",
        "a@b.example, c@d.example",
        "Ann <a@b.example>",
        "a@b.example\r\nBcc: c@d.example",
        "a@b.example)<c@d.example>",
        "=?utf-8?q?a?=@b.example",
        "a" * 300 + "@b.example",
    ],
)
@pytest.mark.parametrize("field", ["recipient", "sender_address", "reply_to"])
def test_text_that_is_not_exactly_one_address_is_refused(field: str, address: str) -> None:
    if field == "reply_to" and not address:
        return
    with pytest.raises(ComposeError):
        compose(replace(MAIL, **{field: address}))  # type: ignore[arg-type]


@pytest.mark.parametrize("address", ['"a b"@x.example', "a..b@docomo.example", "a@[192.0.2.1]", "o'neil+x@b.example"])
def test_unusual_addresses_are_unchanged(address: str) -> None:
    assert f"\r\nTo: {address}\r\n".encode() in as_bytes(replace(MAIL, recipient=address))


def test_an_international_address_stays_readable() -> None:
    assert "\r\nTo: jürgen@customer.example\r\n".encode() in as_bytes(
        replace(MAIL, recipient="jürgen@customer.example")
    )


@pytest.mark.parametrize("message_id", ["", "abc", "<a b@c>", "<a@b>\r\nBcc: c@d", "<ü@b>", "<a@b><c@d>"])
def test_an_invalid_message_id_of_ours_is_refused(message_id: str) -> None:
    with pytest.raises(ComposeError):
        compose(replace(MAIL, message_id=message_id))


@pytest.mark.parametrize("parent", ["<a b@c>", "<a@b>\r\nBcc: c@d", "<ü@b>", "junk", "<" + "x" * 300 + "@b>"])
def test_an_invalid_message_id_of_the_customer_is_left_out(parent: str) -> None:
    mail = read(replace(MAIL, in_reply_to=parent, references=(parent, "<good@b>")))
    assert (mail["In-Reply-To"], mail["References"]) == (None, "<good@b>")


def test_a_long_message_id_stays_whole() -> None:
    long = "<" + "x" * 200 + "@customer.example>"
    raw = as_bytes(replace(MAIL, in_reply_to=long, references=("<root@b>",)))
    assert f"In-Reply-To: {long}\r\nReferences: <root@b>\r\n {long}\r\n".encode() in raw


def test_of_many_references_the_first_and_the_latest_are_kept() -> None:
    mail = read(replace(MAIL, references=tuple(f"<{n}@b>" for n in range(5000))))
    kept = mail["References"].split()
    assert (len(kept), kept[0], kept[-1]) == (20, "<0@b>", "<4999@b>")


@pytest.mark.parametrize(
    ("declared", "sent"),
    [
        ("image/png", "image/png"),
        ("IMAGE/JPEG", "image/jpeg"),
        ("application/pdf", "application/pdf"),
        ("text/plain", "text/plain"),
        ("text/html", "application/octet-stream"),
        ("image/svg+xml", "application/octet-stream"),
        ("application/x-msdownload", "application/octet-stream"),
        ("message/rfc822", "application/octet-stream"),
        ("multipart/mixed; boundary=x", "application/octet-stream"),
        ("image/png\r\nBcc: c@d", "application/octet-stream"),
        ("", "application/octet-stream"),
    ],
)
def test_files_are_attached_with_a_safe_type(declared: str, sent: str) -> None:
    content = b"\x00\xff\r\n.\r\n--x"
    mail = read(replace(MAIL, files=(File("a.bin", declared, content),)))
    (part,) = mail.iter_attachments()
    assert (part.get_content_type(), part.get_content_disposition()) == (sent, "attachment")
    assert part.get_payload(decode=True) == content


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("invoice.pdf", "invoice.pdf"),
        ("Grüße aus Köln.pdf", "Grüße aus Köln.pdf"),
        ("../../etc/passwd", "passwd"),
        ("run.exe", "run.exe.txt"),
        ("page.HTML", "page.HTML.txt"),
        ("logo.svg", "logo.svg.txt"),
        ("invoice.pdf.js", "invoice.pdf.js.txt"),
        ("photo\u202egnp.exe", "photognp.exe.txt"),
        ("a\r\nBcc: c@d.pdf", "aBcc_ c@d.pdf"),
        ("macro.xlsm", "macro.xlsm"),
    ],
)
def test_files_are_attached_with_a_harmless_name(name: str, sent: str) -> None:
    mail = read(replace(MAIL, files=(File(name, "application/pdf", b"x"),)))
    (part,) = mail.iter_attachments()
    assert part.get_filename() == sent
    assert attached_name(name) == sent


def test_a_file_without_a_usable_name_gets_one() -> None:
    mail = read(replace(MAIL, files=(File("..", "", b"1"), File("\x00", "", b"2"))))
    assert all(part.get_filename() for part in mail.iter_attachments())


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("plain\n.\n..dots\nFrom here\ntrailing  \n", "7bit"),
        ("a long line " * 80 + "\n", "7bit"),
        ("a very long line " * 80 + "\n", "quoted-printable"),
        ("mostly plain, with one ü and = and trailing  \n.\n", "quoted-printable"),
        ("支払いに失敗しました\n", "base64"),
        ("", "7bit"),
        ("one\r\ntwo\rthree\n", "7bit"),
        ("with\0NUL and a lone \ud800 surrogate\n", "7bit"),
    ],
)
def test_text_is_unchanged_in_a_suitable_encoding(text: str, encoding: str) -> None:
    letter = replace(MAIL, text=text)
    part = next(iter(read(letter).iter_parts()))
    assert part["Content-Transfer-Encoding"] == encoding
    expected = text.replace("\0", "").replace("\ud800", "?").replace("\r\n", "\n").replace("\r", "\n")
    assert part.get_content().replace("\r\n", "\n").rstrip("\n") == expected.rstrip("\n")
    assert max(map(len, as_bytes(letter).split(b"\r\n"))) <= 998


def test_only_ascii_goes_over_the_wire_to_an_ascii_address() -> None:
    letter = replace(MAIL, subject="Grüße", sender_name="Büro", files=(File("ü.pdf", "", b"\xff"),))
    assert as_bytes(letter).isascii()


def test_the_work_grows_with_the_size_and_no_faster() -> None:
    def email(size: int) -> OutgoingMail:
        return replace(MAIL, text="ü" * size, subject="=?" * size, references=("<a@b>",) * size)

    small, large = (lines_run(partial(as_bytes, email(size))) for size in (10_000, 20_000))
    assert large < 2.2 * small + 100
    with no_hang():
        as_bytes(email(200_000))


@pytest.mark.parametrize("text", ["", "one line", "two\nlines\n", "long " * 300, "ünï\n\ncödé\r\nend", "日本語\n" * 50])
@pytest.mark.parametrize("files", [(), (File("a.bin", "application/pdf", b"\r\n.\r\n\0" * 99),)])
def test_the_bytes_equal_those_of_the_library(text: str, files: tuple[File, ...]) -> None:
    written = replace(MAIL, text=text, html=f"<p>{text}</p>", files=files)
    assert as_bytes(written) == compose(written).as_bytes()
