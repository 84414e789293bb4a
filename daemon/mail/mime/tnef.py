"""List the files inside a winmail.dat, Outlook's TNEF wrapper ([MS-OXTNEF] section 2.1); bounded, never raises."""

import struct
from collections.abc import Collection, Iterator
from typing import Final, NamedTuple

from daemon.mail.encoding.charset import decode

_TYPES: Final = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})
_SIGNATURE: Final = b"\x78\x9f\x3e\x22"
_ATTRIBUTE: Final = struct.Struct("<BII")
_NEW_FILE, _TITLE, _DATA, _PROPERTIES = 0x00069002, 0x00018010, 0x0006800F, 0x00069005
_MAX_ATTRIBUTES: Final = 5000
# The long file name, property 3707, as bytes or as UTF-16; the number of values comes before the length.
_LONG_NAMES: Final = (
    (b"\x1e\x00\x07\x37\x01\x00\x00\x00", "cp1252"),
    (b"\x1f\x00\x07\x37\x01\x00\x00\x00", "utf-16-le"),
)


class TnefFile(NamedTuple):
    """One file in the wrapper."""

    name: str
    data: bytes


def is_tnef(content_type: str, names: Collection[str]) -> bool:
    """Return whether a part is the wrapper, also where its type says only that it is a file."""
    if content_type != "application/octet-stream":
        return content_type in _TYPES
    return any(name.lower() == "winmail.dat" for name in names)


def tnef_files(data: bytes) -> list[TnefFile]:
    """Return the files in the wrapper, as far as it is readable."""
    found: list[TnefFile] = []
    name, content, is_open = "", b"", False
    for kind, value in attributes(data):
        if kind == _NEW_FILE:
            found += [TnefFile(name, content)] if is_open else []
            name, content, is_open = "", b"", True
        elif kind == _TITLE:
            name = name or _text(value, "cp1252")
        elif kind == _DATA:
            content = value
        elif kind == _PROPERTIES:
            name = _long_name(value) or name
    return [*found, TnefFile(name, content)] if is_open else found


def attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the number and value of each attribute."""
    at = len(_SIGNATURE) + 2
    if not data.startswith(_SIGNATURE):
        return
    for _ in range(_MAX_ATTRIBUTES):
        if at + _ATTRIBUTE.size > len(data):
            return
        _, kind, length = _ATTRIBUTE.unpack_from(data, at)
        at += _ATTRIBUTE.size
        yield kind, data[at : at + length]
        at += length + 2


def _long_name(properties: bytes) -> str:
    for mark, charset in _LONG_NAMES:
        at = properties.find(mark)
        if at >= 0:
            start = at + len(mark) + 4
            length = int.from_bytes(properties[start - 4 : start], "little")
            return _text(properties[start : start + min(length, 1024)], charset)
    return ""


def _text(value: bytes, charset: str) -> str:
    return decode(value, charset).strip()
