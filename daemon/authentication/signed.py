"""Read an email as its signatures cover it: header fields and body in canonical form (RFC 6376 section 3.4)."""

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from daemon.mail.mime.headers import read_block

MAX_BODY: Final = 64 * 1024 * 1024
_BARE_LF: Final = re.compile(rb"(?<!\r)\n")
_FIELD: Final = re.compile(rb"([!-9;-~]{1,200})[ \t]*:([^\r\n]*(?:\r\n[ \t]+[^\r\n \t][^\r\n]*)*)\r\n")
_SPACES: Final = re.compile(rb"[ \t]+")
_LINE_END_SPACES: Final = re.compile(rb"[ \t]+(?=\r\n|\Z)")
_SIGNATURE: Final = re.compile(rb"((?:^|;)[ \t\r\n]*b[ \t\r\n]*=)[^;]*")
CANONICALIZATIONS: Final = ("simple", "relaxed")


class MalformedError(Exception):
    """The header is not plain RFC 5322, so that programs may read it in different ways: no signature is believed."""


@dataclass(frozen=True, slots=True)
class Field:
    """A header field: its name as written and in lower case, and its value with all line ends inside it."""

    written: bytes
    value: bytes

    @property
    def name(self) -> str:
        """Return the name in lower case."""
        return self.written.decode("ascii").lower()

    @property
    def text(self) -> str:
        """Return the value as text, bytes as Latin-1."""
        return self.value.decode("latin-1")

    def canonical(self, form: str) -> bytes:
        """Return the field in a canonical form, without the final line end."""
        if form == "simple":
            return self.written + b":" + self.value
        value = _SPACES.sub(b" ", self.value.replace(b"\r\n", b"")).strip(b" ")
        return self.written.lower() + b":" + value

    def without_signature(self) -> "Field":
        """Return the field with its tag b= empty, as it is signed."""
        return Field(self.written, _SIGNATURE.sub(rb"\1", self.value, count=1))


@dataclass(frozen=True, slots=True)
class SignedEmail:
    """The header fields and the body of an email. Line ends are CRLF. Hashes of the body are kept."""

    fields: tuple[Field, ...]
    body: bytes
    _hashes: dict[str, bytes] = field(default_factory=dict, compare=False)

    def every(self, name: str) -> tuple[Field, ...]:
        """Return all fields of a name, from the top."""
        return tuple(one for one in self.fields if one.name == name)

    def selected(self, names: Iterable[str]) -> Iterator[Field]:
        """Yield the fields that a signature covers: of each name the last one first (section 5.4.2)."""
        left = {name: list(self.every(name)) for name in set(names)}
        for name in names:
            if left[name]:
                yield left[name].pop()

    def body_hash(self, form: str) -> bytes:
        """Return the SHA-256 of the body in a canonical form."""
        if form not in self._hashes:
            self._hashes[form] = hashlib.sha256(canonical_body(self.body, form)).digest()
        return self._hashes[form]


def split(raw: bytes) -> SignedEmail:
    """Return an email as signatures cover it; raises MalformedError.

    The email is refused unless the rest of triaged reads the same header fields in it.
    """
    lines = _BARE_LF.sub(b"\r\n", raw) if _BARE_LF.search(raw) else raw
    fields: list[Field] = []
    at = 0
    while match := _FIELD.match(lines, at):
        fields.append(Field(match[1], match[2]))
        at = match.end()
    if not lines.startswith(b"\r\n", at) and at < len(lines):
        raise MalformedError("the header is malformed")
    block = read_block(raw, 0, len(raw))
    if block.defects or [name for name, _ in block.fields] != [one.name for one in fields]:
        raise MalformedError("the header is malformed or too long")
    return SignedEmail(tuple(fields), lines[at + 2 :])


def canonical_body(body: bytes, form: str) -> bytes:
    """Return a body in a canonical form (sections 3.4.3 and 3.4.4)."""
    if form == "relaxed":
        body = _SPACES.sub(b" ", _LINE_END_SPACES.sub(b"", body))
    lines = len(body)
    while body.startswith(b"\r\n", lines - 2) and lines >= 2:  # noqa: PLR2004 - the length of CRLF
        lines -= 2
    body = body[:lines]
    if body or form == "simple":
        body += b"\r\n"
    return body
