"""Find the content inside an S/MIME signature or compression (RFC 5652, RFC 3274; BER, DER, PEM); bounded.

Never raises. The signature is not checked. Whoever signed, the content is read like that of an unsigned email.
"""

import binascii
import zlib
from collections.abc import Iterator
from enum import StrEnum
from typing import Final, NamedTuple

_MAX_DEPTH: Final = 16
_MAX_CHUNKS: Final = 100_000
_OID, _OCTETS, _SEQUENCE, _CONTENT = 0x06, 0x04, 0x30, 0xA0
_SEQUENCE_IN_BASE64: Final = b"MI"
_CONSTRUCTED: Final = 0x20
_LONG_TAG: Final = 0x1F
_INDEFINITE: Final = 0x80
_MAX_LENGTH_BYTES: Final = 4
_MAX_INFLATED: Final = 20 << 20


class CmsKind(StrEnum):
    """The kind of a CMS object."""

    SIGNED = "signed"
    COMPRESSED = "compressed"
    ENCRYPTED = "encrypted"
    OTHER = "other"


_KINDS: Final = {
    bytes.fromhex("2a864886f70d010702"): CmsKind.SIGNED,
    bytes.fromhex("2a864886f70d010703"): CmsKind.ENCRYPTED,
    bytes.fromhex("2a864886f70d0109100109"): CmsKind.COMPRESSED,
    bytes.fromhex("2a864886f70d0109100117"): CmsKind.ENCRYPTED,  # AuthEnvelopedData
}
"""The content types of RFC 5652 section 4 ff., RFC 3274 and RFC 5083, as encoded object identifiers."""


class Cms(NamedTuple):
    """A CMS object; `content` is what was signed or compressed, b"" if there is none (certificates only, damage)."""

    kind: CmsKind
    content: bytes = b""


class _Element(NamedTuple):
    """One element: its tag, the offsets of its value, and where the next one begins. `closed` marks a known length."""

    tag: int
    start: int
    end: int
    closed: bool


def read_cms(data: bytes, most: int = _MAX_INFLATED) -> Cms | None:
    """Return a CMS object, or None for data that is not one; at most `most` bytes are decompressed."""
    data = _without_armour(data)
    outer = _element(data, 0, len(data))
    kind = _element(data, outer.start, outer.end) if outer and outer.tag == _SEQUENCE else None
    if outer is None or kind is None or kind.tag != _OID:
        return None
    found = _KINDS.get(data[kind.start : kind.end], CmsKind.OTHER)
    if found is CmsKind.COMPRESSED:
        return Cms(found, _inflated(_content(data, kind.end, outer.end), most))
    return Cms(found, _content(data, kind.end, outer.end) if found is CmsKind.SIGNED else b"")


def _without_armour(data: bytes) -> bytes:
    """Return the bytes inside the lines of PEM, or of base64 that the header does not declare; other data unchanged."""
    head = data[:200].lstrip()
    if not head.startswith((b"-----BEGIN ", _SEQUENCE_IN_BASE64)):
        return data
    lines = (line for line in data.split(b"\n") if not line.startswith(b"-----"))
    try:
        return binascii.a2b_base64(b"".join(lines))
    except binascii.Error:
        return data


def _inflated(data: bytes, most: int) -> bytes:
    try:
        return zlib.decompressobj().decompress(data, min(most, _MAX_INFLATED)) if most > 0 else b""
    except zlib.error:
        return b""


def _content(data: bytes, at: int, end: int) -> bytes:
    """Return the eContent: [0] SEQUENCE { version, algorithms, SEQUENCE { type, [0] OCTET STRING } ... }."""
    wrapper = _element(data, at, end)
    signed = _element(data, wrapper.start, wrapper.end) if wrapper and wrapper.tag == _CONTENT else None
    if signed is None or signed.tag != _SEQUENCE:
        return b""
    third = _nth(data, signed, 2)
    inner = _nth(data, third, 1) if third and third.tag == _SEQUENCE else None
    string = _element(data, inner.start, inner.end) if inner and inner.tag == _CONTENT else None
    return b"".join(_chunks(data, string)) if string and string.tag & ~_CONSTRUCTED == _OCTETS else b""


def _nth(data: bytes, parent: _Element, number: int) -> _Element | None:
    """Return a child of a constructed element."""
    at = parent.start
    for _ in range(number):
        child = _element(data, at, parent.end)
        if child is None:
            return None
        at = _next(data, child)
    return _element(data, at, parent.end)


def _chunks(data: bytes, string: _Element) -> Iterator[bytes]:
    """Yield the pieces of a byte string, which BER may split (X.690 section 8.7)."""
    if not string.tag & _CONSTRUCTED:
        yield data[string.start : string.end]
        return
    at = string.start
    for _ in range(_MAX_CHUNKS):
        chunk = _element(data, at, string.end)
        # Two zero bytes end an element of indefinite length; a string within a string is not written by anyone.
        if chunk is None or chunk.tag != _OCTETS:
            return
        yield data[chunk.start : chunk.end]
        at = chunk.end


def _element(data: bytes, at: int, end: int) -> _Element | None:
    """Read the head of an element; one of indefinite length or cut short ends with its parent."""
    if at + 2 > end or data[at] & _LONG_TAG == _LONG_TAG:
        return None
    tag, first = data[at], data[at + 1]
    start = at + 2
    if first == _INDEFINITE:
        return _Element(tag, start, end, closed=False) if tag & _CONSTRUCTED else None
    length = first
    if first > _INDEFINITE:
        size = first - _INDEFINITE
        if size > _MAX_LENGTH_BYTES:
            return None
        length = int.from_bytes(data[start : start + size], "big")
        start += size
    return _Element(tag, start, min(start + length, end), closed=True) if start <= end else None


def _next(data: bytes, element: _Element, depth: int = 0) -> int:
    """Return the offset after an element; that of indefinite length is walked to its two zero bytes."""
    if element.closed or depth >= _MAX_DEPTH:
        return element.end
    at = element.start
    for _ in range(_MAX_CHUNKS):
        child = _element(data, at, element.end)
        if child is None or data[at : at + 2] == b"\0\0":
            return at + 2
        at = _next(data, child, depth + 1)
    return element.end
