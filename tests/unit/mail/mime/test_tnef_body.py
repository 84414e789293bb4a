"""The text inside a winmail.dat is read, whatever its form, and within limits."""

import struct

import pytest

from daemon.mail.mime.tnef_body import decompress_rtf, tnef_text
from daemon.mail.text.rtf import rtf_text

# The examples of [MS-OXRTFCP] section 4.
HELLO = "2d0000002b0000004c5a4675f1c5c7a703000a00726370673132354232 0af320 68656c090020627705b06c647d0a800fa0"
REPEATED = "1a0000001c0000004c5a4675e2d44b51410004205758595a0d6e7d010eb0"


def _attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("<BII", 1, kind, len(value)) + value + b"\0\0"


def _wrapped(*attributes: bytes) -> bytes:
    return b"\x78\x9f\x3e\x22\x01\x00" + b"".join(attributes)


def _text_property(kind: int, identifier: int, value: bytes) -> bytes:
    return struct.pack("<HHII", kind, identifier, 1, len(value)) + value + b"\0" * (-len(value) % 4)


def _properties(*values: bytes) -> bytes:
    return _attribute(0x00069003, struct.pack("<I", len(values)) + b"".join(values))


def test_compressed_rtf_is_read() -> None:
    assert decompress_rtf(bytes.fromhex(HELLO)) == b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"
    assert decompress_rtf(bytes.fromhex(REPEATED)) == b"{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}"


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        (_text_property(0x1E, 0x1000, b"plain\0"), "plain"),
        (_text_property(0x1F, 0x1000, "größer\0".encode("utf-16-le")), "größer"),
        (_text_property(0x102, 0x1013, b"<p>markup</p>"), "markup"),
        (_text_property(0x102, 0x1009, bytes.fromhex(HELLO)), "hello world"),
        (struct.pack("<HHI", 0x0B, 0x0E1F, 1) + _text_property(0x1E, 0x1000, b"after a flag\0"), "after a flag"),
    ],
)
def test_each_form_of_the_text_is_read(properties: bytes, expected: str) -> None:
    number = 2 if properties.startswith(b"\x0b") else 1
    data = _wrapped(_attribute(0x00069003, struct.pack("<I", number) + properties))
    assert tnef_text(data).strip() == expected


def test_named_properties_are_skipped() -> None:
    named = struct.pack("<HH", 0x03, 0x8001) + b"g" * 16 + struct.pack("<III", 0, 0x8503, 7)
    by_text = struct.pack("<HH", 0x1E, 0x8002) + b"g" * 16 + struct.pack("<II", 1, 6) + b"a\0b\0\0\0\0\0"
    by_text += struct.pack("<II", 1, 4) + b"abc\0"
    assert tnef_text(_wrapped(_properties(named, by_text, _text_property(0x1E, 0x1000, b"plain\0")))) == "plain"


@pytest.mark.parametrize("cut", range(0, 90, 3))
def test_a_cut_wrapper_does_not_raise(cut: int) -> None:
    data = _wrapped(
        _properties(_text_property(0x102, 0x1009, bytes.fromhex(HELLO)), _text_property(0x1E, 0x1000, b"a"))
    )
    assert isinstance(tnef_text(data[:cut]), str)


def test_what_is_decompressed_is_bounded() -> None:
    bomb = struct.pack("<IIII", 0, 0xFFFFFFFF, 0x75465A4C, 0) + b"\xff" + b"\x00\x0f" * 8
    assert len(decompress_rtf(bomb * 3)) <= 1 << 20


RTF = [
    (r"{\rtf1 a\par b}", "a\nb"),
    (r"{\rtf1\ansicpg1251 \'cf\'f0}", "Пр"),
    (r"{\rtf1\uc1 \u8364?5}", "€5"),
    (r"{\rtf1\uc2 \u8364\'3f\'3f5}", "€5"),
    (r"{\rtf1 \u-10179?\u-8704?}", "\U0001f600"),
    (r"{\rtf1{\fonttbl{\f0 Arial;}}{\*\generator x;}a}", "a"),
    (r"{\rtf1\fromhtml1{\*\htmltag <p>}\htmlrtf \b x\htmlrtf0 a}", "a"),
    (r"{\rtf1 \{a\}\~b\\}", "{a}\xa0b\\"),
    ("plain", ""),
    (r"{\rtf1 " + "{" * 5000 + "a", "a"),
]


@pytest.mark.parametrize(("rtf", "expected"), RTF)
def test_the_text_of_rtf_is_read(rtf: str, expected: str) -> None:
    assert rtf_text(rtf).strip("\n") == expected
