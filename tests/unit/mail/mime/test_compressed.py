"""Compressed S/MIME (RFC 3274) is read within limits."""

import base64
import zlib

import pytest

from daemon.mail.mime import tree
from daemon.mail.mime.cms import Cms, read_cms
from daemon.mail.mime.parse import parse

COMPRESSED = "2a864886f70d0109100109"
ZLIB = "2a864886f70d0109100308"
DATA = "2a864886f70d010701"


def _der(tag: int, content: bytes) -> bytes:
    length = len(content).to_bytes(4, "big")
    return bytes((tag, 0x84)) + length + content


def _compressed(content: bytes) -> bytes:
    data = _der(0x30, _der(0x06, bytes.fromhex(DATA)) + _der(0xA0, _der(0x04, zlib.compress(content))))
    algorithm = _der(0x30, _der(0x06, bytes.fromhex(ZLIB)))
    body = _der(0x30, _der(0x02, b"\0") + algorithm + data)
    return _der(0x30, _der(0x06, bytes.fromhex(COMPRESSED)) + _der(0xA0, body))


def test_no_more_than_the_limit_is_decompressed() -> None:
    found = read_cms(_compressed(b"a" * 5_000_000), 1000)
    assert found is not None
    assert found.content == b"a" * 1000


def test_damaged_compression_has_no_content() -> None:
    found = read_cms(_compressed(b"text").replace(zlib.compress(b"text"), b"x" * len(zlib.compress(b"text"))))
    assert found is not None
    assert found.content == b""


def test_compression_within_compression_ends() -> None:
    content = b"Content-Type: text/plain\r\n\r\nThe bill is wrong.\r\n"
    for _ in range(60):
        head = b"Content-Type: application/pkcs7-mime; name=smime.p7z\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        content = head + base64.encodebytes(_compressed(content))
    assert "too-deep" in parse(b"From: ann@customer.example\r\n" + content).defects


def test_many_compressed_files_share_one_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    read = []

    def recorded(data: bytes, most: int) -> Cms | None:
        found = read_cms(data, most)
        read.append(len(found.content) if found else 0)
        return found

    monkeypatch.setattr(tree, "read_cms", recorded)
    part = (
        b"--b\r\nContent-Type: application/pkcs7-mime; name=a.bin.p7z\r\n\r\n" + _compressed(bytes(3_000_000)) + b"\r\n"
    )
    parse(b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + part * 20 + b"--b--\r\n")
    assert sum(read) <= 40 << 20
