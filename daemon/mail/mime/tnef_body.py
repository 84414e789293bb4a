"""Read the text inside a winmail.dat, for an email without other text ([MS-OXTNEF], [MS-OXRTFCP]); bounded."""

import struct
from collections.abc import Iterator, Mapping
from typing import Final

from daemon.mail.encoding.charset import decode
from daemon.mail.mime.tnef import attributes
from daemon.mail.text.html import html_to_text
from daemon.mail.text.rtf import rtf_text

_BODY, _MESSAGE_PROPERTIES, _CODE_PAGE = 0x0002800C, 0x00069003, 0x00069007
_PLAIN, _RTF, _HTML, _HTML_CODE_PAGE = 0x1000, 0x1009, 0x1013, 0x3FDE
_MAX_PROPERTIES: Final = 2000
_MAX_TEXT: Final = 1 << 20
_NAMED: Final = 0x8000
_MULTIPLE: Final = 0x1000
_STRING, _UNICODE, _OBJECT, _BINARY = 0x1E, 0x1F, 0x0D, 0x102
_VARIABLE: Final = frozenset({_STRING, _UNICODE, _OBJECT, _BINARY})
_SIZES: Final = {0x02: 4, 0x03: 4, 0x04: 4, 0x05: 8, 0x06: 8, 0x07: 8, 0x0A: 4, 0x0B: 4, 0x14: 8, 0x40: 8, 0x48: 16}
_HEADER: Final = struct.Struct("<HH")
_RTF_HEADER: Final = struct.Struct("<IIII")
_COMPRESSED, _UNCOMPRESSED = 0x75465A4C, 0x414C454D
_WINDOW: Final = 4096
# The text with which the window of the compression begins ([MS-OXRTFCP] section 2.1.2.1).
_DICTIONARY: Final = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript "
    b"\\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par "
    b"\\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"
)


def tnef_text(data: bytes) -> str:
    """Return the text of the email in the wrapper: its plain text, else that of its HTML or RTF, else ""."""
    found = {kind: value for kind, value in attributes(data) if kind in {_BODY, _MESSAGE_PROPERTIES, _CODE_PAGE}}
    page = _number(found.get(_CODE_PAGE, b""))
    fields = dict(_properties(found.get(_MESSAGE_PROPERTIES, b"")))
    texts = (_plain(fields, page), _decoded(found.get(_BODY, b""), page), _html(fields), _rtf(fields))
    return next((text for text in texts if text.strip()), "")


def _plain(fields: Mapping[int, tuple[int, bytes]], page: int) -> str:
    kind, value = fields.get(_PLAIN, (0, b""))
    return _lines(decode(value[:_MAX_TEXT], "utf-16-le")) if kind == _UNICODE else _decoded(value, page)


def _html(fields: Mapping[int, tuple[int, bytes]]) -> str:
    _, page = fields.get(_HTML_CODE_PAGE, (0, b""))
    return html_to_text(_decoded(fields.get(_HTML, (0, b""))[1], _number(page)))


def _rtf(fields: Mapping[int, tuple[int, bytes]]) -> str:
    return rtf_text(decompress_rtf(fields.get(_RTF, (0, b""))[1]).decode("latin-1"))


def _decoded(value: bytes, page: int) -> str:
    return _lines(decode(value[:_MAX_TEXT], {0: "", 65001: "utf-8"}.get(page, f"cp{page}")))


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _number(value: bytes) -> int:
    return int.from_bytes(value[:4], "little")


def _properties(data: bytes) -> Iterator[tuple[int, tuple[int, bytes]]]:
    """Yield the identifier, type and value of each property; stop at the first that cannot be read."""
    at = 4
    for _ in range(min(_number(data), _MAX_PROPERTIES)):
        if at + _HEADER.size > len(data):
            return
        kind, identifier = _HEADER.unpack_from(data, at)
        at += _HEADER.size
        if identifier >= _NAMED:
            at = _after_name(data, at)
        base = kind & ~_MULTIPLE
        count = 1
        if base in _VARIABLE or kind & _MULTIPLE:
            count, at = _number(data[at : at + 4]), at + 4
        value = b""
        for _ in range(min(count, _MAX_PROPERTIES)):
            value, at = _value(data, at, base)
        if at > len(data) or not (base in _VARIABLE or base in _SIZES):
            return
        yield identifier, (base, value)


def _value(data: bytes, at: int, kind: int) -> tuple[bytes, int]:
    if kind not in _VARIABLE:
        size = _SIZES.get(kind, 0)
        return data[at : at + size], at + size
    length = _number(data[at : at + 4])
    return data[at + 4 : at + 4 + length], at + 4 + length + -length % 4


def _after_name(data: bytes, at: int) -> int:
    """Return the offset after the name of a named property: a GUID, and a number or a text."""
    is_number = _number(data[at + 16 : at + 20]) == 0
    length = _number(data[at + 20 : at + 24])
    return at + 24 if is_number else at + 24 + length + -length % 4


def decompress_rtf(data: bytes) -> bytes:
    """Return the RTF of a compressed property ([MS-OXRTFCP] section 2.2), as far as it is readable; at most 1 MB."""
    if len(data) < _RTF_HEADER.size:
        return b""
    _, size, kind, _ = _RTF_HEADER.unpack_from(data)
    size = min(size, _MAX_TEXT)
    if kind == _UNCOMPRESSED:
        return data[_RTF_HEADER.size : _RTF_HEADER.size + size]
    return _inflated(data, size) if kind == _COMPRESSED else b""


def _inflated(data: bytes, size: int) -> bytes:
    """Undo the compression: a bit for each token tells a byte from a reference into the window of 4,096 bytes."""
    out = bytearray(_DICTIONARY)
    start, at = len(out), _RTF_HEADER.size
    while at < len(data) and len(out) < start + size:
        flags, at = data[at], at + 1
        for bit in range(8):
            if at + (flags >> bit & 1) >= len(data):
                return bytes(out[start : start + size])
            if not flags >> bit & 1:
                out.append(data[at])
                at += 1
                continue
            reference = int.from_bytes(data[at : at + 2], "big")
            at += 2
            back = (len(out) - (reference >> 4)) % _WINDOW
            if back == 0:
                return bytes(out[start : start + size])
            for _ in range((reference & 15) + 2):
                out.append(out[-back] if back <= len(out) else 0)
    return bytes(out[start : start + size])
