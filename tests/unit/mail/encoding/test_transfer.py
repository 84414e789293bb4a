import base64
import binascii
import os

import pytest

from daemon.mail.encoding.transfer import (
    base64_text,
    decode_base64,
    decode_transfer,
    decoded_size,
    uu_blocks,
    without_uuencode,
)
from tests.support.work import no_hang

BASE64 = [
    (b"YWJj", b"abc", True),
    (b"YWI=", b"ab", True),
    (b" Y W\r\nI = \r\n", b"ab", True),
    (b"YWI", b"ab", True),
    (b"YWJjZ", b"abc", False),
    (b"YW*Jj!", b"abc", False),
    (b"YWI=YWI=", b"abab", False),
    (b"YWI=\nYWJj", b"ababc", False),
    (b"", b"", True),
    (b"=====", b"", True),
]


@pytest.mark.parametrize(("data", "decoded", "is_sound"), BASE64)
def test_broken_base64_is_decoded_as_far_as_possible(data: bytes, decoded: bytes, is_sound: bool) -> None:
    assert decode_base64(data) == (decoded, is_sound)


TEXTS = [
    (b"SGVsbG8=\r\n\r\n-- \r\nsent to the group of printers\r\n", b"Hello\n-- \r\nsent to the group of printers\r\n"),
    (b"the printer is broken!\n", b"the printer is broken!\n"),
    ("принтер опять сломан!".encode(), "принтер опять сломан!".encode()),
    (b"SGVs*bG8=", b"Hello"),
    (b"SGVs!!\nbG8=", b"Hello"),
    (b"", b""),
]


@pytest.mark.parametrize(("data", "decoded"), TEXTS)
def test_plain_words_after_base64_are_kept(data: bytes, decoded: bytes) -> None:
    assert base64_text(data) == decoded


@pytest.mark.parametrize("piece", [b"abcd", b"ab cd", b"ab=\n", b"abcd \n\n", b"a, "])
def test_the_search_for_plain_words_after_base64_is_linear(piece: bytes) -> None:
    with no_hang():
        base64_text(b"!" + piece * 500_000)


@pytest.mark.parametrize("size", [1, 1000, 300_000, 786_432, 786_433])
def test_long_base64_is_decoded_in_chunks(size: int) -> None:
    content = os.urandom(size)
    encoded = base64.encodebytes(content)
    assert decode_base64(encoded) == (content, True)
    assert decoded_size(encoded, 0, len(encoded), "base64") == size


@pytest.mark.parametrize(
    ("encoding", "data", "decoded"),
    [
        ("quoted-printable", b"a=3Db=\r\nc=20\r\n", b"a=bc \r\n"),
        ("quoted-printable", b"a=zz=4", b"a=zz=4"),
        ("7bit", b"a=3D", b"a=3D"),
        ("", b"a=3D", b"a=3D"),
        ("x-uuencode", b"begin 644 a.txt\n#86)C\n`\nend\n", b"abc"),
        ("x-uuencode", b"#86)C\n", b"abc"),
    ],
)
def test_the_other_encodings_are_decoded(encoding: str, data: bytes, decoded: bytes) -> None:
    assert decode_transfer(data, encoding)[0] == decoded


def uuencoded(name: str, content: bytes) -> bytes:
    lines = (binascii.b2a_uu(content[at : at + 45]) for at in range(0, len(content), 45))
    return b"begin 644 " + name.encode() + b"\n" + b"".join(lines) + b"`\nend\n"


def test_uuencoded_files_are_found_and_removed_from_the_text() -> None:
    one, two = os.urandom(1000), b"abc"
    data = b"before\n" + uuencoded("one.bin", one) + b"between\n" + uuencoded("two.txt", two) + b"after\n"
    blocks = list(uu_blocks(data))
    assert [(block.name, block.decode(data)) for block in blocks] == [("one.bin", one), ("two.txt", two)]
    assert without_uuencode(data).split() == [b"before", b"between", b"after"]


def test_a_sentence_that_starts_with_begin_is_not_a_file() -> None:
    assert list(uu_blocks(b"\nbegin 644 people\nwalked home\n")) == []


def test_the_size_of_quoted_printable_is_counted_across_chunks() -> None:
    data = b"=41b c=\r\n" * 100_000
    assert decoded_size(data, 0, len(data), "quoted-printable") == len(decode_transfer(data, "quoted-printable")[0])
