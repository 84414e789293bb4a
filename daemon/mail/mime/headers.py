"""Read a header block within limits: fields in order, unfolded, as text; and structured values with parameters."""

import re
from codecs import BOM_UTF8
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final
from urllib.parse import unquote_to_bytes

from daemon.mail.encoding.charset import decode
from daemon.mail.encoding.encoded_words import decode_words, without_controls

MAX_BLOCK: Final = 256 * 1024
MAX_FIELDS: Final = 1000
MAX_PARAMS: Final = 200
_MAX_BLANK_FOLDS: Final = 50

_FIELD: Final = re.compile(
    rb"(?!--)([!-9;-~]{1,200})[ \t]*:([^\r\n]*(?:(?:\r?\n[ \t]+(?=[^\s])|\r(?!\n))[^\r\n]*)*)(?:\r?\n|\Z)"
)
_BLANK: Final = re.compile(rb"[ \t]*(?:\r?\n|\Z)")
_ENVELOPE_LINE: Final = re.compile(rb">?From ")
# A blank line ends the header; so does a delimiter, where a part lacks the blank line.
_NO_STRAY: Final = re.compile(rb"--|[ \t]*\r?\n")
_KNOWN: Final = re.compile(
    rb"(?:from|to|cc|subject|date|sender|reply-to|in-reply-to|references|message-id|mime-version|content-[a-z-]{1,60}"
    rb"|return-path|received|delivered-to|list-[a-z-]{1,60}|authentication-results|user-agent|x-[!-9;-~]{1,60})[ \t]*:",
    re.IGNORECASE,
)
_CONTINUES: Final = re.compile(rb"(?:[ \t]+\S[^\r\n]*\r?\n)+|(?=%b)" % _KNOWN.pattern, re.IGNORECASE)
_CHARSET: Final = re.compile(rb'charset\s*=\s*"?([^\s";]{1,40})', re.IGNORECASE)
_FOLD: Final = re.compile(r"[\r\n]+[ \t]*")
_SEPARATORS: Final = re.compile(r"[;\s]*")
_PARAM: Final = re.compile(r'([^\s=;"]{1,100})\s*=\s*("[^"\\]*(?:\\.[^"\\]*)*"|[^;]*)', re.DOTALL)
_SEGMENT: Final = re.compile(r"([^*]+)\*(?:(\d{1,4})(\*)?)?")
_NO_PARAMS: Final[Mapping[str, str]] = MappingProxyType({})
_ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Block:
    """A header block: `fields` are (lower-case name, unfolded text with its encoded words).

    `end` is the offset of the body, `length` the number of bytes of the fields that were read.
    """

    fields: tuple[tuple[str, str], ...]
    end: int
    length: int
    defects: tuple[str, ...]

    def first(self, name: str) -> str:
        """Return the first value of a field that is not empty, or ""."""
        return next((value for key, value in self.fields if key == name and value), "")

    def every(self, name: str) -> tuple[str, ...]:
        """Return all values of a field in order."""
        return tuple(value for key, value in self.fields if key == name)

    def decoded(self) -> Mapping[str, tuple[str, ...]]:
        """Return all fields by name, with encoded words decoded."""
        found: dict[str, list[str]] = {}
        for name, value in self.fields:
            found.setdefault(name, []).append(decode_words(value))
        return MappingProxyType({name: tuple(values) for name, values in found.items()})


@dataclass(frozen=True, slots=True)
class Structured:
    """A value with parameters (RFC 2045 section 5.1), in lower case except the values of the parameters."""

    value: str
    params: Mapping[str, str]


def read_block(buffer: bytes, start: int, end: int, limit: int = MAX_BLOCK) -> Block:
    """Read the header fields of `buffer[start:end]` (RFC 5322 section 2.2), tolerating errors of real email.

    Fields beyond `limit` bytes are skipped.
    """
    reader = _Reader(buffer, start, min(end, start + limit))
    reader.read()
    at = reader.at
    if at < end and not reader.is_ended:
        reader.defects.append("long-header")
        at = _body_after(buffer, at, end)
    return Block(_as_text(reader.raw), at, reader.at - start, tuple(dict.fromkeys(reader.defects)))


class _Reader:
    """Reads fields from offset `at` until the header ends or a limit is reached."""

    def __init__(self, buffer: bytes, start: int, stop: int) -> None:
        self.at = start + len(BOM_UTF8) if buffer.startswith(BOM_UTF8, start, stop) else start
        self.raw: list[tuple[bytes, bytes]] = []
        self.defects: list[str] = []
        self.is_ended = False
        self._blank_folds = 0
        self._buffer, self._start, self._stop = buffer, start, stop

    def read(self) -> None:
        """Read to the end of the header."""
        while self.at < self._stop and len(self.raw) < MAX_FIELDS and not self.is_ended:
            self.is_ended = not (self._field() or self._blank_fold() or self._stray_line())
        if self.is_ended:
            blank = _BLANK.match(self._buffer, self.at, self._stop)
            self.at = blank.end() if blank else self.at
            self.defects += [] if blank else ["no-blank-line"]

    def _field(self) -> bool:
        match = _FIELD.match(self._buffer, self.at, self._stop)
        if match:
            self.raw.append((match[1], match[2]))
            self.at = match.end()
        return match is not None

    def _blank_fold(self) -> bool:
        """Skip a line of white space: it is a fold if the header continues after it (RFC 5322 section 4.2)."""
        blank = _BLANK.match(self._buffer, self.at, self._stop)
        if not blank or self._buffer[self.at] not in b" \t":
            return False
        self._blank_folds += 1
        more = (
            _CONTINUES.match(self._buffer, blank.end(), self._stop) if self._blank_folds <= _MAX_BLANK_FOLDS else None
        )
        if more:
            self._continue(more[0])
            self.at = more.end()
        return more is not None

    def _stray_line(self) -> bool:
        """Skip a line from an mbox or a broken gateway among the fields, if a well-known field follows it."""
        end = self._buffer.find(b"\n", self.at, self._stop) + 1 or self._stop
        if not _ENVELOPE_LINE.match(self._buffer, self.at, end):
            is_within = self.raw or self._start == 0
            if (
                not is_within
                or _NO_STRAY.match(self._buffer, self.at)
                or not _KNOWN.match(self._buffer, end, self._stop)
            ):
                return False
            self.defects.append("bad-header-line")
            self._continue(self._buffer[self.at : end])
        self.at = end
        return True

    def _continue(self, line: bytes) -> None:
        self.raw[-1:] = [(name, value + b" " + line.strip()) for name, value in self.raw[-1:]]


def _body_after(buffer: bytes, at: int, end: int) -> int:
    """Return the offset after the blank line that follows the skipped rest of the header."""
    ends = [buffer.find(blank, max(at - 2, 0), end) for blank in (b"\n\n", b"\n\r\n")]
    found = min((position for position in ends if position >= 0), default=end)
    return min(found + (2 if buffer[found : found + 2] == b"\n\n" else 3), end)


def _as_text(raw: list[tuple[bytes, bytes]]) -> tuple[tuple[str, str], ...]:
    charset = ""
    if not all(value.isascii() for _, value in raw):
        charset = next((_declared(value) for name, value in raw if name.lower() == b"content-type"), "")
    return tuple((name.decode("ascii").lower(), _unfold(value, charset)) for name, value in raw)


def _declared(value: bytes) -> str:
    match = _CHARSET.search(value)
    return match[1].decode("ascii", "ignore") if match else ""


def _unfold(value: bytes, charset: str) -> str:
    # Try UTF-8 (RFC 6532) and bare ISO-2022-JP before the charset of the body.
    try:
        text = decode(value) if b"\x1b" in value else value.decode("utf-8").replace("\0", "")
    except UnicodeDecodeError:
        text = decode(value, charset)
    return (_FOLD.sub(" ", text) if "\n" in text or "\r" in text else text).strip()


def read_structured(text: str) -> Structured:
    """Read a value such as Content-Type with its decoded parameters (RFC 2045, RFC 2231), tolerating errors."""
    if ";" not in text:
        return Structured(_without_comment(text).lower(), _NO_PARAMS)
    value, _, _ = text.partition(";")
    plain: dict[str, str] = {}
    segments: dict[str, dict[int, tuple[str, bool]]] = {}
    for name, content in _params(text, len(value)):
        segment = _SEGMENT.fullmatch(name)
        if segment:
            encoded = bool(segment[3]) or segment[2] is None
            segments.setdefault(segment[1], {}).setdefault(int(segment[2] or 0), (content, encoded))
        else:
            plain.setdefault(name, decode_words(content))
    plain.update({name: _assemble(parts) for name, parts in segments.items()})
    return Structured(_without_comment(value).lower(), MappingProxyType(plain))


def _params(text: str, at: int) -> Iterator[tuple[str, str]]:
    """Yield names in lower case and values without quotes; other text is skipped."""
    for _ in range(MAX_PARAMS):
        separators = _SEPARATORS.match(text, at)
        at = separators.end() if separators else at
        match = _PARAM.match(text, at)
        if match:
            yield match[1].lower(), _unquote(match[2])
        at = text.find(";", match.end() if match else at)
        if at < 0:
            return


def _unquote(text: str) -> str:
    text = text.strip()
    if not text.startswith('"'):
        return _without_comment(text)
    return _ESCAPE.sub(r"\1", text[1:-1] if text.endswith('"') and len(text) > 1 else text[1:])


def _without_comment(text: str) -> str:
    """Remove a comment (RFC 5322 section 3.2.2) from the end."""
    text = text.strip()
    return text.rpartition("(")[0].strip() if text.endswith(")") and not text.startswith("(") else text


def _assemble(parts: Mapping[int, tuple[str, bool]]) -> str:
    """Join the continuations of a parameter and decode the result (RFC 2231 section 4.1)."""
    ordered = [parts[number] for number in sorted(parts)]
    charset, first = "", ordered[0][0]
    if ordered[0][1] and first.count("'") >= 2:  # noqa: PLR2004 - charset'language'text
        charset, _, rest = first.split("'", 2)
        ordered[0] = (rest, True)
    data = b"".join(unquote_to_bytes(text) if encoded else text.encode("utf-8", "replace") for text, encoded in ordered)
    text = decode(data, charset)
    # Some programs put encoded words into continuations, although RFC 2231 replaces them.
    return without_controls(decode_words(text))
