import binascii

import pytest

from daemon.mail.mime import attachment
from daemon.mail.mime.attachment import MAX_LISTED, part_contents, safe_name
from daemon.mail.mime.parse import parse
from daemon.mail.mime.tree import split
from tests.unit.mail.mime.test_body import HEADER, HTML, PLAIN, multipart

NAMES = [
    ("report.pdf", "report.pdf"),
    ("../../etc/passwd", "passwd"),
    ("C:\\Users\\ann\\report.pdf", "report.pdf"),
    ("/etc/passwd", "passwd"),
    ("..", ""),
    (".htaccess", "htaccess"),
    ("\N{ZERO WIDTH SPACE}.htaccess", "htaccess"),
    ("report.pdf.", "report.pdf"),
    ("a\0b\r\nc.txt", "abc.txt"),
    ("invoice\N{RIGHT-TO-LEFT OVERRIDE}fdp.exe", "invoicefdp.exe"),
    ("CON", "_CON"),
    ("nul.txt", "_nul.txt"),
    ("concert.txt", "concert.txt"),
    ('a"b<c>d|e?f*g.txt', "a_b_c_d_e_f_g.txt"),
    ("Jo\N{COMBINING DIAERESIS}rg.txt", "Jörg.txt"),
    ("   ", ""),
    ("a" * 3000 + ".pdf", "a" * 196 + ".pdf"),
    ("a" * 3000, "a" * 200),
]


@pytest.mark.parametrize(("name", "safe"), NAMES)
def test_a_file_name_is_one_harmless_component(name: str, safe: str) -> None:
    assert safe_name(name) == safe


PNG = b"Content-Type: image/png\nContent-ID: <pic@a>\n\nx"
PDF = b'Content-Type: application/pdf; name="a.pdf"\nContent-Disposition: attachment\n\nxyz'
LISTS = [
    (PLAIN + b"text", []),
    (multipart(b"alternative", PLAIN + b"text", HTML + b"html"), []),
    (multipart(b"mixed", PLAIN + b"text", PDF), [("a.pdf", "application/pdf", 3, False)]),
    (PDF, [("a.pdf", "application/pdf", 3, False)]),
    (multipart(b"related", HTML + b"html", PNG), [("attachment-2.png", "image/png", 1, True)]),
    (
        multipart(b"alternative", PLAIN + b"text", multipart(b"mixed", HTML + b"html", PDF)),
        [("a.pdf", "application/pdf", 3, False)],
    ),
    (
        multipart(b"mixed", PLAIN + b"text", b"Content-Type: message/rfc822\n\nSubject: a/b\n\ninner"),
        [("b.eml", "message/rfc822", 19, False)],
    ),
    (
        multipart(b"mixed", PLAIN + b"text", b"Content-Type: text/calendar\n\nBEGIN:VCALENDAR"),
        [("attachment-2.ics", "text/calendar", 15, False)],
    ),
    (
        multipart(b"report", PLAIN + b"text", b"Content-Type: message/delivery-status\n\nReporting-MTA: dns; a"),
        [],
    ),
    (
        multipart(b"signed", PLAIN + b"text", b"Content-Type: application/pkcs7-signature; name=smime.p7s\n\nx"),
        [("smime.p7s", "application/pkcs7-signature", 1, False)],
    ),
    (
        b"Content-Type: text/plain\nContent-Disposition: attachment; filename*=utf-8''J%C3%B6rg.txt\n\nx",
        [("Jörg.txt", "text/plain", 1, False)],
    ),
]


@pytest.mark.parametrize(("content", "expected"), LISTS)
def test_files_are_listed(content: bytes, expected: list[tuple[str, str, int, bool]]) -> None:
    found = parse(HEADER + content).attachments
    assert [(file.filename, file.content_type, file.size, file.inline) for file in found] == expected


def test_the_content_of_every_listed_file_is_returned() -> None:
    uu = b"begin 644 abc.txt\n" + binascii.b2a_uu(b"abc") + b"`\nend\n"
    raw = HEADER + multipart(b"mixed", PLAIN + b"text\n" + uu, PDF, PLAIN + uu)
    message = parse(raw)
    assert [file.filename for file in message.attachments] == ["a.pdf", "abc.txt", "abc.txt"]
    contents = part_contents(raw, {file.part for file in message.attachments})
    assert [contents[file.part] for file in message.attachments] == [b"xyz", b"abc", b"abc"]
    assert [len(contents[file.part]) for file in message.attachments] == [f.size for f in message.attachments]
    assert [message.parts[file.part].index for file in message.attachments] == [f.part for f in message.attachments]
    assert message.text == "text\n"


@pytest.mark.parametrize("index", [-1, 1, 1000])
def test_a_part_that_is_not_there_has_no_word_bytes(index: int) -> None:
    assert part_contents(HEADER + b"\ntext", {index}) == {}


def test_no_more_files_than_the_limit_are_listed() -> None:
    assert len(parse(HEADER + multipart(b"mixed", *[PDF] * (MAX_LISTED + 5))).attachments) == MAX_LISTED


def test_many_parts_are_found_in_one_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = "".join(f"--b\r\nContent-Disposition: attachment; filename={n}.txt\r\n\r\n{n}\r\n" for n in range(9))
    raw = f"Content-Type: multipart/mixed; boundary=b\r\n\r\n{parts}--b--\r\n".encode()
    readings: list[bytes] = []
    monkeypatch.setattr(attachment, "split", lambda raw: readings.append(raw) or split(raw))
    assert attachment.part_contents(raw, {1, 3, 9, 77}) == {1: b"0", 3: b"2", 9: b"8"}
    assert len(readings) == 1
