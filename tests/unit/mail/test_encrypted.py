"""An email of a member whose words are encrypted is recognised; one that only quotes or attaches such is not."""

import base64

import pytest

from daemon.mail.encrypted import is_encrypted
from daemon.mail.mime.parse import parse
from tests.support.emails import mail

ANA = "Ana Silva <ana@example.com>"
PGP = "-----BEGIN PGP MESSAGE-----\r\n\r\nhQIMA0aWZm\r\n=abcd\r\n-----END PGP MESSAGE-----\r\n"
ENVELOPED = base64.b64encode(bytes.fromhex("3080 06092a864886f70d010703") + b"x" * 90).decode()
PGP_MIME = (
    "--b\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n"
    f"--b\r\nContent-Type: application/octet-stream; name=encrypted.asc\r\n\r\n{PGP}--b--"
)
SMIME = 'application/pkcs7-mime; smime-type=enveloped-data; name="smime.p7m"'
TO_PGP_MIME = 'multipart/encrypted; protocol="application/pgp-encrypted"; boundary=b'


def _mail(kind: str, body: str, *headers: str) -> bytes:
    return mail(ANA, body=body, headers=("MIME-Version: 1.0", f"Content-Type: {kind}", *headers))


@pytest.mark.parametrize(
    "raw",
    [
        _mail(TO_PGP_MIME, PGP_MIME),
        _mail(
            "multipart/mixed; boundary=a",
            f"--a\r\nContent-Type: {TO_PGP_MIME}\r\n\r\n{PGP_MIME}\r\n--a\r\n\r\nFooter\r\n--a--",
        ),
        _mail("text/plain", PGP),
        _mail("text/plain", f"\r\n{PGP}\r\n-- \r\nAna"),
        _mail(SMIME, ENVELOPED, "Content-Transfer-Encoding: base64"),
    ],
)
def test_an_email_without_readable_words_is_encrypted(raw: bytes) -> None:
    message = parse(raw)
    assert is_encrypted(message, message.text)


@pytest.mark.parametrize(
    ("raw", "own"),
    [
        (_mail("text/plain", "We refunded it."), "We refunded it."),
        # A customer's own words, quoted below the answer.
        (_mail("text/plain", f"Please write without PGP.\r\n\r\n> {PGP}"), "Please write without PGP."),
        (
            _mail(
                "multipart/mixed; boundary=a",
                f"--a\r\n\r\nAs you sent it.\r\n--a\r\nContent-Type: message/rfc822\r\n\r\n"
                f"Subject: x\r\nContent-Type: {TO_PGP_MIME}\r\n\r\n{PGP_MIME}\r\n--a--",
            ),
            "As you sent it.",
        ),
        (
            _mail(
                "multipart/mixed; boundary=a",
                f"--a\r\n\r\nOur form.\r\n--a\r\nContent-Type: {SMIME}\r\n"
                f"Content-Transfer-Encoding: base64\r\n\r\n{ENVELOPED}\r\n--a--",
            ),
            "Our form.",
        ),
        (_mail("text/plain", ""), ""),
    ],
)
def test_an_email_with_words_of_its_own_is_not(raw: bytes, own: str) -> None:
    assert not is_encrypted(parse(raw), own)
