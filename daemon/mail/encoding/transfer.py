"""Undo content transfer encodings in bounded memory: base64, quoted-printable, uuencode; never raises."""

import binascii
import re
from collections.abc import Iterator
from io import BytesIO
from typing import Final, NamedTuple

_ALPHABET: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_NOT_BASE64: Final = bytes(set(range(256)) - set(_ALPHABET))
_NOT_BASE64_OR_PAD: Final = bytes(set(_NOT_BASE64) - {ord("=")})
_FOREIGN: Final = _ALPHABET + b"= \t\r\n"
_UUENCODE: Final = frozenset(("x-uuencode", "uuencode", "x-uue", "uue"))
# Whole lines of base64. Text after the last of them, if it has words, was not encoded.
_BASE64_LINES: Final = re.compile(rb"(?:[A-Za-z0-9+/=]++[ \t]*+(?:\r?\n|\Z)\s*+)*+")
_WORDS: Final = re.compile(rb"(?<![A-Za-z\x80-\xff])(?:[A-Za-z\x80-\xff]{2,40}[,.!?]? ){2}")
_PADDED_BREAK: Final = re.compile(rb"=[ \t]{1,80}(\r?\n)")
_CHUNK: Final = 1 << 18
_MAX_PADS: Final = 1000
_MAX_FILES: Final = 100
# A line of 45 bytes, the usual length, starts with M; a smaller file is one line and the end line.
_UU_BEGIN: Final = re.compile(
    rb"(?:\n|\A)(begin[ \t]+[0-7]{3,4}[ \t]+(\S[^\r\n]{0,255}?)[ \t]*\r?\n)"
    rb"(?=M[ -`]{55,61}\r?\n|[!-L][ -`]{0,60}\r?\n`?\r?\n?end)"
)


def decode_transfer(data: bytes, encoding: str) -> tuple[bytes, bool]:
    """Decode a content transfer encoding (RFC 2045 section 6); return the bytes and whether it was valid."""
    if encoding == "base64":
        return decode_base64(data)
    if encoding == "quoted-printable":
        return _quoted_printable(data), True
    if encoding in _UUENCODE:
        block = next(uu_blocks(data), UuBlock("", 0, len(data)))
        return block.decode(data), True
    return data, True


def _quoted_printable(data: bytes) -> bytes:
    """Decode quoted-printable; white space that a relay added after a soft line break is no text (RFC 2045, 6.7)."""
    return binascii.a2b_qp(_PADDED_BREAK.sub(rb"=\1", data) if b"= " in data or b"=\t" in data else data)


def decode_base64(data: bytes) -> tuple[bytes, bool]:
    """Decode base64 and return whether it was valid.

    Other bytes are skipped, missing padding is added, and concatenated streams are all read.
    """
    out, carry, is_sound, is_ended = BytesIO(), b"", True, False
    for start in range(0, len(data), _CHUNK):
        chunk = data[start : start + _CHUNK]
        is_sound = is_sound and not chunk.translate(None, _FOREIGN)
        compact = chunk.translate(None, _NOT_BASE64_OR_PAD)
        if compact.count(b"=") > _MAX_PADS:
            compact, is_sound = compact.replace(b"=", b""), False
        *streams, carry = (carry + compact).split(b"=")
        for stream in filter(None, streams):
            is_sound = is_sound and not is_ended
            is_ended = True
            out.write(_unpadded(stream))
        whole = len(carry) - len(carry) % 4
        out.write(binascii.a2b_base64(carry[:whole]))
        is_sound = is_sound and not (is_ended and whole)
        carry = carry[whole:]
    out.write(_unpadded(carry))
    return out.getvalue(), is_sound and len(carry) % 4 != 1


def _unpadded(stream: bytes) -> bytes:
    if len(stream) % 4 == 1:
        stream = stream[:-1]
    return binascii.a2b_base64(stream + b"=" * (-len(stream) % 4))


def base64_text(data: bytes) -> bytes:
    """Decode base64 and keep plain words after it, which mailing lists and gateways append.

    Text that starts with words was declared as base64, but not encoded.
    """
    at = _BASE64_LINES.match(data).end()  # type: ignore[union-attr]  # it always matches, if only the empty string
    if not _WORDS.search(data, at):
        return decode_base64(data)[0]
    return b"\n".join(filter(None, (decode_base64(data[:at])[0], data[at:])))


class UuBlock(NamedTuple):
    """A uuencoded file in a text: its name and offsets."""

    name: str
    start: int
    end: int

    def decode(self, data: bytes) -> bytes:
        """Decode the file; a bad line is skipped."""
        out = BytesIO()
        for line in self._lines(data):
            # Some encoders omit trailing blanks, others add a check character.
            expected = 1 + ((line[0] - 32 & 63) + 2) // 3 * 4
            try:
                out.write(binascii.a2b_uu(line[:expected]))
            except binascii.Error:
                continue
        return out.getvalue()

    def _lines(self, data: bytes) -> Iterator[bytes]:
        at = self.start
        while at < self.end:
            stop = data.find(b"\n", at, self.end)
            stop = self.end if stop < 0 else stop
            line = data[at:stop].rstrip(b"\r")
            if line and not line.startswith((b"begin ", b"end")):
                yield line
            at = stop + 1


def uu_blocks(data: bytes) -> Iterator[UuBlock]:
    """Yield the uuencoded files in a text; one without an end line extends to the end of the text."""
    at = 0
    for _ in range(_MAX_FILES):
        begin = _UU_BEGIN.search(data, at)
        if begin is None:
            return
        end = data.find(b"\nend", begin.end() - 1)
        at = len(data) if end < 0 else end + 4
        yield UuBlock(begin[2].decode("utf-8", "replace"), begin.start(1), at)


def without_uuencode(data: bytes) -> bytes:
    """Remove the uuencoded files from a text."""
    kept, at = [], 0
    for block in uu_blocks(data):
        kept.append(data[at : block.start])
        at = block.end
    return b"".join([*kept, data[at:]])


def decoded_size(buffer: bytes, start: int, end: int, encoding: str) -> int:
    """Return the number of decoded bytes of a region; a long region is decoded in chunks to save memory."""
    if encoding in _UUENCODE or end - start <= _CHUNK:
        return len(decode_transfer(buffer[start:end], encoding)[0])
    if encoding == "base64":
        return sum(len(chunk.translate(None, _NOT_BASE64)) for chunk in _chunks(buffer, start, end)) * 3 // 4
    if encoding == "quoted-printable":
        return sum(len(_quoted_printable(chunk)) for chunk in _chunks(buffer, start, end))
    return end - start


def _chunks(buffer: bytes, start: int, end: int) -> Iterator[bytes]:
    """Yield a region in chunks that end at a line end if possible, so that no escape is split."""
    while start < end:
        stop = min(start + _CHUNK, end)
        if stop < end:
            stop = buffer.rfind(b"\n", start, stop) + 1 or stop
        yield buffer[start:stop]
        start = stop
