import struct

import pytest

from daemon.mail.mime.attachment import part_contents
from daemon.mail.mime.parse import parse
from daemon.mail.mime.tnef import tnef_files


def attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("<BII", 2, kind, len(value)) + value + b"\0\0"


def wrapper(*attributes: bytes) -> bytes:
    return b"\x78\x9f\x3e\x22\0\0" + b"".join(attributes)


START = attribute(0x00069002, b"")
LONG_NAME = "Angebot für Jörg.pdf".encode("utf-16-le") + b"\0\0"
PROPERTIES = b"\x01\0\0\0\x1f\x00\x07\x37\x01\0\0\0" + struct.pack("<I", len(LONG_NAME)) + LONG_NAME
TWO = wrapper(
    attribute(0x00018010, b"not in a file\0"),
    START,
    attribute(0x00018010, b"ANGEBO~1.PDF\0"),
    attribute(0x0006800F, b"one"),
    attribute(0x00069005, PROPERTIES),
    START,
    attribute(0x0006800F, b"two"),
    attribute(0x00018010, b"two.txt\0"),
)


def test_the_files_of_a_wrapper_are_listed_under_their_long_names() -> None:
    assert tnef_files(TWO) == [("Angebot für Jörg.pdf", b"one"), ("two.txt", b"two")]


@pytest.mark.parametrize("data", [b"", b"no wrapper", wrapper(), TWO[:12], wrapper(START[:-3])])
def test_a_broken_wrapper_is_read_as_far_as_possible(data: bytes) -> None:
    assert [found for found in tnef_files(data) if found.data] == []


def test_a_length_beyond_the_end_is_cut() -> None:
    assert tnef_files(wrapper(START, struct.pack("<BII", 2, 0x0006800F, 1 << 31) + b"abc")) == [("", b"abc")]


def test_wrapped_files_and_the_wrapper_are_attachments() -> None:
    raw = b"Subject: x\nContent-Type: application/ms-tnef; name=winmail.dat\n\n" + TWO
    message = parse(raw)
    assert [file.filename for file in message.attachments] == ["winmail.dat", "Angebot für Jörg.pdf", "two.txt"]
    assert [part_contents(raw, {file.part})[file.part] for file in message.attachments[1:]] == [b"one", b"two"]
