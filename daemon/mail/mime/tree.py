"""Split an email into its MIME tree (RFC 2045, 2046) within limits: offsets into the raw bytes, no copies."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from daemon.mail.encoding.transfer import decode_transfer, decoded_size
from daemon.mail.mime.cms import CmsKind, read_cms
from daemon.mail.mime.headers import MAX_BLOCK, Block, Structured, read_block, read_structured

MAX_DEPTH: Final = 50
MAX_PARTS: Final = 500
_MAX_HEADERS: Final = 2 * MAX_BLOCK
_MAX_DELIMITERS: Final = 2 * MAX_PARTS
# Each level of nesting is searched once. Normal email has three or four levels, an attack as many as possible.
_MAX_SCAN: Final = 12
_SCAN_FLOOR: Final = 1 << 20
# A nested email that is encoded, against RFC 2046 section 5.2.1, must be decoded to be read.
_MAX_UNWRAPPED: Final = 4 << 20
# All S/MIME parts of an email together; a signature around the whole email must be decoded to be read.
_MAX_SIGNED: Final = 40 << 20

_MESSAGE_TYPES: Final = frozenset({"message/rfc822", "message/global", "message/news"})
_REPORT_TYPES: Final = frozenset(
    ("message/delivery-status", "message/global-delivery-status", "message/disposition-notification",
     "message/feedback-report", "message/tracking-status"),
)  # fmt: skip
_SMIME_TYPES: Final = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
# The types under which gateways and old programs send smime.p7m.
_OTHER_SMIME_TYPES: Final = frozenset(
    ("application/octet-stream", "application/pkcs7-signature", "application/x-pkcs7-signature", "application/x-pkcs7")
)
_SMIME_NAMES: Final = frozenset({"smime.p7m", "smime.p7z"})
# A signed file has the extension of the file, too: contract.pdf.p7m.
_SMIME_NAME: Final = re.compile(r"[^.]{1,60}\.p7[mz]", re.IGNORECASE)
_TYPE: Final = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]{1,80}/[!#$%&'*+.^_`|~0-9a-z-]{1,80}")
# Web scripts write "text/html charset=utf-8", and the two halves in the wrong order.
_NO_SEMICOLON: Final = re.compile(r"([\w.+-]{1,80}/[\w.+-]{1,80})\s+(?=[\w-]{1,40}\s*=)")
# application/pgp is a text, as old programs signed it.
_STATUS_TYPES: Final = (
    *("message/delivery_status", "message/delivery-report", "message/x-delivery-status", "text/delivery-status"),
    *("application/delivery-status", "application/x-delivery-status"),
)
_SWAPPED: Final = {
    "plain/text": "text/plain",
    "html/text": "text/html",
    "application/pgp": "text/plain",
    "message/rfc822-headers": "text/rfc822-headers",
    "application/xhtml+xml": "text/html",
    **dict.fromkeys(_STATUS_TYPES, "message/delivery-status"),
}
_ENCODING: Final = re.compile(r"[a-z0-9-]+")
_DELIMITER_END: Final = re.compile(rb"(--)?[ \t]*(?=\r?\n|\Z)")
_LIKELY_DELIMITER: Final = re.compile(rb"\n--(\S[^\r\n]{0,199}?)[ \t]{0,9}\r?\n(?=Content-[A-Za-z-]{1,40}[ \t]{0,9}:)")
_LINE_END: Final = re.compile(rb"\r?\n")
_BINARY: Final = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]|\A\s*%PDF|\A\s*<\?xml")


@dataclass(slots=True)
class Entity:
    """A node of the tree: its header, and the offsets of its encoded body in `buffer`."""

    index: int
    depth: int
    embedded: bool
    block: Block
    type: Structured
    encoding: str
    buffer: bytes
    start: int
    end: int
    children: list["Entity"] = field(default_factory=list)
    disposition: Structured = field(default_factory=lambda: Structured("", {}))

    @property
    def content_type(self) -> str:
        """Return the media type, or the default if none was declared correctly."""
        return self.type.value

    @property
    def is_message(self) -> bool:
        """Return whether this is a nested email, also one that only its name shows: gateways send it as a mere file."""
        return self.content_type in _MESSAGE_TYPES or self.is_named_message

    @property
    def is_named_message(self) -> bool:
        """Return whether only the name shows that this is a nested email."""
        return self.content_type == "application/octet-stream" and any(
            name.lower().endswith(".eml") for name in self.names
        )

    @property
    def is_wrapper(self) -> bool:
        """Return whether this part only holds others: a multipart with parts, or an S/MIME signature around content."""
        return bool(self.children) and not self.is_message

    @property
    def is_smime(self) -> bool:
        """Return whether this is an S/MIME part, also under the type that old gateways write (RFC 8551 section 3.9)."""
        if self.content_type not in _OTHER_SMIME_TYPES:
            return self.content_type in _SMIME_TYPES
        return "smime-type" in self.type.params or any(map(_SMIME_NAME.fullmatch, self.names))

    @property
    def is_named_smime(self) -> bool:
        """Return whether this has a name that mail programs give to a signed or encrypted email."""
        return any(name.lower() in _SMIME_NAMES for name in self.names)

    @property
    def names(self) -> tuple[str, ...]:
        """Return the file names that the header of this part declares."""
        found = (self.disposition.params.get("filename", ""), self.type.params.get("name", ""))
        return tuple(filter(None, found))

    @property
    def is_report(self) -> bool:
        """Return whether this is a machine-readable report, which is read as text and not listed as a file."""
        return self.content_type in _REPORT_TYPES

    @property
    def may_hold_uuencode(self) -> bool:
        """Return whether the text may contain uuencoded files; a cheap check."""
        return self.buffer.find(b"\nbegin ", max(self.start - 1, 0), self.end) >= 0

    def body(self, limit: int | None = None) -> bytes:
        """Return the encoded body, at most `limit` bytes of it."""
        return self.buffer[self.start : self.end if limit is None else min(self.end, self.start + limit)]

    def decoded(self, limit: int | None = None) -> tuple[bytes, bool]:
        """Return the decoded body, from at most `limit` encoded bytes, and whether its encoding was valid."""
        return decode_transfer(self.body(limit), self.encoding)

    def size(self) -> int:
        """Return the number of decoded bytes."""
        return decoded_size(self.buffer, self.start, self.end, self.encoding)

    def walk(self) -> Iterator["Entity"]:
        """Yield this node and all below it, in order."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(slots=True)
class _Limits:
    """The remaining budget for one email, and the defects found so far."""

    scan: int
    header: int = _MAX_HEADERS
    unwrap: int = _MAX_UNWRAPPED
    signed: int = _MAX_SIGNED
    parts: int = 0
    defects: list[str] = field(default_factory=list)


def split(raw: bytes) -> tuple[Entity, tuple[str, ...]]:
    """Return the root of the MIME tree and the defects of the structure; never raises."""
    buffer = with_line_feeds(raw)
    limits = _Limits(_MAX_SCAN * len(buffer) + _SCAN_FLOOR)
    root = _read(buffer, 0, len(buffer), 0, limits, embedded=False, default="text/plain")
    return root, tuple(dict.fromkeys(limits.defects))


def with_line_feeds(raw: bytes) -> bytes:
    """Return the email with line feeds in place of bare CRs, if it has only those (old Macintosh)."""
    return raw if b"\n" in raw or b"\r" not in raw else raw.replace(b"\r", b"\n")


def _read(buffer: bytes, start: int, end: int, depth: int, limits: _Limits, *, embedded: bool, default: str) -> Entity:
    """Read one entity and all its descendants."""
    block = read_block(buffer, start, end, min(MAX_BLOCK, limits.header))
    limits.header -= block.length
    limits.defects.extend(block.defects)
    entity = Entity(
        index=limits.parts,
        depth=depth,
        embedded=embedded,
        block=block,
        type=_media_type(block, default, limits),
        encoding=_transfer_encoding(block),
        buffer=buffer,
        start=block.end,
        end=end,
        disposition=read_structured(block.first("content-disposition")),
    )
    limits.parts += 1
    nests = entity.content_type.startswith("multipart/") or entity.is_message
    if not nests and not entity.is_smime:
        return entity
    if depth >= MAX_DEPTH or limits.parts >= MAX_PARTS or limits.scan <= 0:
        limits.defects.append("too-deep" if limits.parts < MAX_PARTS else "too-many-parts")
        return entity
    if entity.is_message:
        _read_message(entity, limits)
    elif entity.is_smime:
        _read_smime(entity, limits)
    else:
        _read_parts(entity, limits)
    return entity


def _media_type(block: Block, default: str, limits: _Limits) -> Structured:
    """Return the first valid Content-Type, else plain text (RFC 2045 section 5.2)."""
    values = [_with_semicolon(value.strip()) for value in block.every("content-type")[:4]]
    declared = [read_structured(value) for value in values]
    good = next((found for found in declared if _TYPE.fullmatch(found.value)), None)
    if good is None:
        if any(found.value for found in declared):
            limits.defects.append("bad-content-type")
        # Old mail programs wrote "text" and "Text; charset=…".
        return Structured(default, declared[0].params if declared else {})
    return Structured(_SWAPPED[good.value], good.params) if good.value in _SWAPPED else good


def _with_semicolon(value: str) -> str:
    found = _NO_SEMICOLON.match(value)
    return f"{found[1]}; {value[found.end() :]}" if found else value


def _transfer_encoding(block: Block) -> str:
    match = _ENCODING.search(block.first("content-transfer-encoding").lower())
    return {"base-64": "base64", "quotedprintable": "quoted-printable"}.get(match[0], match[0]) if match else ""


def _read_message(entity: Entity, limits: _Limits) -> None:
    buffer, start, end = entity.buffer, entity.start, entity.end
    if entity.encoding in {"base64", "quoted-printable"} and end - start <= limits.unwrap:
        limits.unwrap -= end - start
        buffer = with_line_feeds(entity.decoded()[0])
        start, end = 0, len(buffer)
    if entity.is_named_message and not read_block(buffer, start, end, 1 << 14).first("from"):
        return
    if start < end:
        child = _read(buffer, start, end, entity.depth + 1, limits, embedded=True, default="text/plain")
        entity.children.append(child)


def _read_smime(entity: Entity, limits: _Limits) -> None:
    """Read the content inside a signature or compression like the email itself; name what cannot be read."""
    if entity.end - entity.start > limits.signed:
        limits.defects.append("opaque-signature")
        return
    limits.signed -= entity.end - entity.start
    data = entity.decoded()[0]
    cms = read_cms(data, limits.signed)
    if cms is None and (content := _entity_within(with_line_feeds(data))):
        # Exchange sends a whole multipart/signed as smime.p7m.
        limits.defects.append("unchecked-signature")
        _read_within(entity, content, limits)
    elif cms is None:
        signed = entity.type.params.get("smime-type", "").lower() == "signed-data"
        limits.defects.append("opaque-signature" if signed else "encrypted")
    elif cms.kind is CmsKind.ENCRYPTED:
        limits.defects.append("encrypted")
    else:
        if cms.kind is CmsKind.COMPRESSED:
            limits.signed -= len(cms.content)
        if content := _signed_entity(entity, with_line_feeds(cms.content)):
            limits.defects += ["unchecked-signature"] if cms.kind is CmsKind.SIGNED else []
            _read_within(entity, content, limits)


def _read_within(entity: Entity, content: bytes, limits: _Limits) -> None:
    child = _read(content, 0, len(content), entity.depth + 1, limits, embedded=entity.embedded, default="text/plain")
    entity.children.append(child)


def _entity_within(content: bytes) -> bytes:
    """Return content that begins with the header of a MIME entity, also below blank lines, else b""."""
    entity = content.lstrip(b"\n\r")
    block = read_block(entity, 0, len(entity), 1 << 14)
    return entity if block.first("content-type") or block.first("content-transfer-encoding") else b""


def _signed_entity(entity: Entity, content: bytes) -> bytes:
    """Return signed content as a MIME entity, b"" if it is a signed file such as contract.pdf.p7m.

    Some gateways sign the bare text of an email, without a header.
    """
    if found := _entity_within(content):
        return found
    is_email = entity.is_named_smime or not entity.names
    is_text = bool(content.strip()) and not _BINARY.search(content, 0, 4096)
    return b"\n" + content if is_email and is_text else b""


def _read_parts(entity: Entity, limits: _Limits) -> None:
    boundary = _boundary(entity, limits)
    regions = _regions(entity, boundary, limits) if boundary else []
    if not regions:
        limits.defects.append("lost-boundary")
    default = "message/rfc822" if entity.content_type == "multipart/digest" else "text/plain"
    for start, end in regions:
        if limits.parts >= MAX_PARTS:
            limits.defects.append("too-many-parts")
            return
        child = _read(entity.buffer, start, end, entity.depth + 1, limits, embedded=entity.embedded, default=default)
        entity.children.append(child)


def _boundary(entity: Entity, limits: _Limits) -> bytes:
    """Return the boundary, or a likely one from the body if the header has none."""
    declared = entity.type.params.get("boundary", "").rstrip()
    if declared and entity.buffer.find(b"--" + declared.encode("utf-8"), entity.start, entity.end) >= 0:
        return declared.encode("utf-8")
    limits.defects.append("bad-boundary")
    limits.scan -= entity.end - entity.start
    likely = _LIKELY_DELIMITER.search(entity.buffer, max(entity.start - 1, 0), min(entity.end, entity.start + 65536))
    return likely[1] if likely else b""


def _regions(entity: Entity, boundary: bytes, limits: _Limits) -> list[tuple[int, int]]:
    """Return the offsets of the parts. Nothing is lost if the end is missing or parts follow it."""
    buffer, needle = entity.buffer, b"\n--" + boundary
    limits.scan -= entity.end - entity.start
    regions: list[tuple[int, int]] = []
    opened: int | None = None
    # The line feed before the first delimiter belongs to the blank line that ends the header.
    at = max(entity.start - 1, 0)
    for _ in range(_MAX_DELIMITERS):
        found = buffer.find(needle, at, entity.end)
        if found < 0:
            break
        at = found + len(needle)
        closing = _DELIMITER_END.match(buffer, at, entity.end)
        if closing is None:
            continue
        if opened is not None:
            regions.append((opened, _before_line_end(buffer, opened, found)))
        at = closing.end()
        opened = None if closing[1] else _after_line_end(buffer, at, entity.end)
    if opened is not None:
        limits.defects.append("no-end-boundary")
        regions.append((opened, entity.end))
    return regions


def _before_line_end(buffer: bytes, start: int, end: int) -> int:
    """Return the end of a part: the line end before a delimiter belongs to the delimiter (RFC 2046 section 5.1.1)."""
    return max(start, end - 1 if buffer.startswith(b"\r", end - 1) else end)


def _after_line_end(buffer: bytes, at: int, end: int) -> int:
    match = _LINE_END.match(buffer, at, end)
    return match.end() if match else at
