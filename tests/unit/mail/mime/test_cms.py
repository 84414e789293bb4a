import pytest

from daemon.mail.message import Message
from daemon.mail.mime.cms import Cms, CmsKind, read_cms
from daemon.mail.mime.parse import parse

SIGNED, ENCRYPTED = bytes.fromhex("06092a864886f70d010702"), bytes.fromhex("06092a864886f70d010703")
DATA = bytes.fromhex("06092a864886f70d010701")
INNER = b"Content-Type: text/plain\r\nSubject: forged\r\nFrom: eve@evil.example\r\n\r\nhello"
END = b"\0\0"


def der(tag: int, value: bytes) -> bytes:
    size = len(value).to_bytes(4, "big")
    return bytes((tag, 0x84)) + size + value


def ber(tag: int, value: bytes) -> bytes:
    return bytes((tag, 0x80)) + value + END


def signed(octets: bytes) -> bytes:
    content = der(0x30, DATA + der(0xA0, octets))
    return der(0x30, SIGNED + der(0xA0, der(0x30, b"\x02\x01\x01" + der(0x31, b"") + content + der(0x31, b""))))


def ber_signed(octets: bytes) -> bytes:
    content = ber(0x30, DATA + ber(0xA0, octets))
    return ber(0x30, SIGNED + ber(0xA0, ber(0x30, b"\x02\x01\x01" + ber(0x31, ber(0x30, DATA)) + content)))


CONTENTS = [
    (signed(der(0x04, INNER)), INNER),
    (signed(der(0x24, der(0x04, INNER[:9]) + der(0x04, INNER[9:]))), INNER),
    (ber_signed(der(0x04, INNER)), INNER),
    (ber_signed(ber(0x24, der(0x04, INNER[:9]) + der(0x04, INNER[9:]))), INNER),
    (signed(b""), b""),
    (signed(der(0x02, b"1")), b""),
    (signed(der(0x04, INNER))[:-20], INNER[:-14]),
]


@pytest.mark.parametrize(("data", "content"), CONTENTS)
def test_the_signed_content_is_found(data: bytes, content: bytes) -> None:
    assert read_cms(data) == Cms(CmsKind.SIGNED, content)


def test_what_is_encrypted_or_no_cms_is_told_apart() -> None:
    assert read_cms(der(0x30, ENCRYPTED + der(0xA0, b"x"))) == Cms(CmsKind.ENCRYPTED)
    assert read_cms(der(0x30, DATA)) == Cms(CmsKind.OTHER)
    assert [read_cms(data) for data in (b"", b"0", b"\x30\x80", b"\x30\x02\x04\x00", b"\x1f" * 9)] == [None] * 5


def test_any_cut_and_any_changed_byte_is_survived() -> None:
    for whole in (data for data, _ in CONTENTS):
        for at in range(len(whole)):
            read_cms(whole[:at])
            read_cms(whole[:at] + bytes((whole[at] ^ 0xFF,)) + whole[at + 1 :])


def email_with(content: bytes) -> Message:
    head = b"From: ann@customer.example\r\nSubject: real\r\nContent-Type: application/pkcs7-mime\r\n\r\n"
    return parse(head + signed(der(0x04, content)))


def test_headers_inside_a_signature_change_nothing_outside() -> None:
    message = email_with(INNER)
    assert (message.text, message.subject, message.from_[0].email) == ("hello\n", "real", "ann@customer.example")
    assert "unchecked-signature" in message.defects


def test_signatures_within_signatures_are_bounded() -> None:
    content = INNER
    for _ in range(80):
        content = b"Content-Type: application/pkcs7-mime\r\n\r\n" + signed(der(0x04, content))
    message = email_with(content)
    assert message.text == ""
    assert "too-deep" in message.defects
