import pytest

from daemon.mail.mime.body import unflow
from daemon.mail.mime.parse import parse

HEADER = b"From: Ann <ann@customer.example>\nSubject: x\n"
PLAIN, HTML = b"Content-Type: text/plain\n\n", b"Content-Type: text/html\n\n"


def multipart(kind: bytes, *parts: bytes) -> bytes:
    """Return a multipart that can be a part of another one; its boundary is its kind."""
    inner = b"".join(b"--" + kind + b"\n" + part + b"\n" for part in parts)
    return b"Content-Type: multipart/" + kind + b'; boundary="' + kind + b'"\n\n' + inner + b"--" + kind + b"--\n"


BODIES = [
    (PLAIN + b"plain", "plain\n"),
    (HTML + b"<p>html</p>", "html\n"),
    (b"Content-Type: text/plain\n\n", ""),
    (b"\nno type", "no type\n"),
    (b"Content-Type: text/enriched\n\n<bold>a<<b</bold><param>x</param>", "a<b\n"),
    (b"Content-Type: application/pdf\n\nplain", ""),
    (multipart(b"alternative", PLAIN + b"plain", HTML + b"html"), "plain\n"),
    (multipart(b"alternative", HTML + b"html", PLAIN + b"plain"), "plain\n"),
    (multipart(b"alternative", PLAIN + b" \n", HTML + b"html"), "html\n"),
    (multipart(b"alternative", PLAIN + b"plain", multipart(b"related", HTML + b"html")), "plain\n"),
    (multipart(b"mixed", PLAIN + b"one", b"Content-Type: image/png\n\nx", PLAIN + b"two"), "one\n\ntwo\n"),
    (multipart(b"mixed", PLAIN + b"one", b"Content-Type: text/plain; name=a.txt\n\nfile"), "one\n"),
    (multipart(b"mixed", b"Content-Type: text/plain; name=a.txt\n\nonly"), "only\n"),
    (multipart(b"mixed", b"Content-Disposition: attachment; filename=a.txt\n\nonly"), ""),
    (multipart(b"mixed", PLAIN + b"one", b"Content-Disposition: inline; filename=a.txt\n\ntwo"), "one\n\ntwo\n"),
    (
        multipart(b"mixed", PLAIN + b"one " * 30, b"Content-Disposition: inline; filename=a.txt\n\ntwo"),
        "one " * 30 + "\n",
    ),
    (
        multipart(b"mixed", PLAIN + b"one " * 30, b"Content-Disposition: inline; filename=ATT1.txt\n\ntwo"),
        "one " * 30 + "\n\ntwo\n",
    ),
    (multipart(b"mixed", PLAIN + b"one", b"Content-Disposition: attachment\n\nfile"), "one\n"),
    (
        multipart(b"mixed", multipart(b"alternative", PLAIN + b"one", HTML + b"two"), PLAIN + b"footer"),
        "one\n\nfooter\n",
    ),
    (multipart(b"signed", PLAIN + b"one", b"Content-Type: application/pgp-signature\n\nx"), "one\n"),
    (multipart(b"mixed", PLAIN + b"one", b"Content-Type: message/rfc822\n\nSubject: y\n\ninner"), "one\n"),
    # The text of a forward without text of its own is that of the nested email; not so for a report.
    (multipart(b"mixed", PLAIN, b"Content-Type: message/rfc822\n\nSubject: y\n\ninner"), "inner\n"),
    (multipart(b"report", PLAIN, b"Content-Type: message/rfc822\n\nSubject: y\n\ninner"), ""),
    (b"Content-Type: multipart/mixed; boundary=b\n\nno parts at all", "no parts at all\n"),
    (
        b"Content-Type: text/plain; format=flowed\n\none \ntwo\n> three \n> four\n-- \nAnn",
        "one two\n> three four\n-- \nAnn\n",
    ),
    (b"Content-Type: text/html\n\n<meta charset=koi8-r><p>\xd0\xd2\xc9\xd7\xc5\xd4", "привет\n"),
    (b"Content-Type: text/html; charset=utf-8\n\n<meta charset=koi8-r>" + "ö".encode(), "ö\n"),
    (b"Content-Transfer-Encoding: base64\n\nSGVsbG8=", "Hello\n"),
    (b"Content-Transfer-Encoding: quoted-printable\n\na=3Db=\nc", "a=bc\n"),
    (b"\none\r\ntwo\rthree\r\r\nfour", "one\ntwo\nthree\nfour\n"),
]


@pytest.mark.parametrize(("content", "text"), BODIES)
def test_the_readable_text_is_found(content: bytes, text: str) -> None:
    assert parse(HEADER + content).text == text


FLOWED = [
    ("a \nb\n", "a b\n"),
    ("a\nb", "a\nb"),
    ("> a \n> b\nc", "> a b\nc"),
    (">> a \n> b", ">> a \n> b"),
    (" >stuffed\n From x", ">stuffed\nFrom x"),
    ("-- \nAnn", "-- \nAnn"),
    ("a \n", "a "),
    ("", ""),
]


@pytest.mark.parametrize(("text", "expected"), FLOWED)
def test_flowed_lines_are_joined(text: str, expected: str) -> None:
    assert unflow(text) == expected


def test_flowed_text_without_spaces_between_words_is_joined_without_them() -> None:
    assert unflow("漢 \n字", delete_space=True) == "漢字"
