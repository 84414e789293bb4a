"""List the parts that people see as files, under names that are safe to show and to store."""

import mimetypes
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from typing import Final, NamedTuple

from daemon.mail.encoding.encoded_words import decode_words
from daemon.mail.encoding.transfer import uu_blocks
from daemon.mail.message import Attachment, Part
from daemon.mail.mime.tnef import is_tnef, tnef_files
from daemon.mail.mime.tree import Entity, split
from daemon.text import normalized

MAX_LISTED: Final = 200
_MAX_NAME: Final = 200
# The colon is kept: old Macintosh and Netscape names have it, and it separates paths only on Windows.
_ENDS: Final = " .\xa0\u3000"
_UNSAFE: Final = re.compile(r'[<>"|?*]')
_INVISIBLE: Final = frozenset({"Cf", "Cc", "Cs", "Co", "Cn", "Zl", "Zp"})
_RESERVED: Final = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?=\.|\Z)", re.IGNORECASE)
# Only the table of the standard library, so that files in /etc do not change how email is read.
_TYPES: Final = mimetypes.MimeTypes()
_EXTENSIONS: Final = {"text/calendar": ".ics", "image/jpg": ".jpg", "image/webp": ".webp", "text/x-vcard": ".vcf"}


class InnerFile(NamedTuple):
    """A file inside a part: uuencoded in its text, or wrapped in TNEF."""

    holder: Entity
    name: str
    data: bytes


def safe_name(name: str) -> str:
    """Return a file name as one harmless path component, or "" if nothing of it is left."""
    base = re.split(r"[/\\]", name[:4096])[-1]
    shown = "".join(c for c in normalized("NFC", base) if unicodedata.category(c) not in _INVISIBLE)
    shown = _UNSAFE.sub("_", shown).strip(_ENDS)
    return _shortened(f"_{shown}" if _RESERVED.match(shown) else shown)


def _shortened(name: str) -> str:
    """Cut a long name in the middle, to keep its extension."""
    if len(name) <= _MAX_NAME:
        return name
    stem, dot, extension = name.rpartition(".")
    tail = dot + extension if stem and len(extension) < 20 else ""  # noqa: PLR2004 - no extension is that long
    return name[: _MAX_NAME - len(tail)].rstrip(_ENDS) + tail


def declared_name(entity: Entity) -> str:
    """Return the declared name of a part, unchanged."""
    return entity.disposition.params.get("filename") or entity.type.params.get("name") or ""


def list_files(root: Entity, body: Iterable[Entity]) -> list[Attachment]:
    """Return the files: every leaf that has a name or is neither text nor report; a nested email is one file."""
    shown = {part.index for part in body if not declared_name(part)}
    return [_attachment(entity) for entity, _ in zip(_files(root, shown), range(MAX_LISTED), strict=False)]


def _files(entity: Entity, shown: set[int]) -> Iterator[Entity]:
    if entity.is_wrapper:
        for child in entity.children:
            yield from _files(child, shown)
    elif entity.index not in shown and not entity.is_report and not _is_other_text(entity):
        yield entity


def _is_other_text(entity: Entity) -> bool:
    """Return whether a part is text that was not chosen, such as HTML beside plain text, or has no content."""
    if declared_name(entity) or entity.disposition.value == "attachment":
        return False
    return entity.content_type in {"text/plain", "text/html"} or entity.start == entity.end


def _attachment(entity: Entity) -> Attachment:
    content_id = decode_words(entity.block.first("content-id")).strip("<>")
    return Attachment(
        filename=_file_name(entity),
        content_type=entity.content_type,
        size=entity.size(),
        part=entity.index,
        content_id=content_id,
        inline=bool(content_id) and entity.disposition.value != "attachment",
    )


def _file_name(entity: Entity) -> str:
    """Return a safe name; a part without a name is named after its subject or type."""
    name = safe_name(declared_name(entity))
    if name:
        return name
    if entity.is_message and entity.children:
        subject = decode_words(entity.children[0].block.first("subject"))
        return safe_name(f"{safe_name(subject) or f'message-{entity.index}'}.eml")
    kind = entity.content_type
    extension = _EXTENSIONS.get(kind) or _TYPES.guess_extension(kind) or ""
    return f"attachment-{entity.index}{extension}"


def inner_files(entities: Iterable[Entity]) -> Iterator[InnerFile]:
    """Yield the files inside the parts, in the order of their indexes, which follow that of the last part."""
    for entity in entities:
        if entity.content_type == "text/plain" and entity.may_hold_uuencode:
            data = entity.decoded()[0]
            for block in uu_blocks(data):
                yield InnerFile(entity, safe_name(block.name), block.decode(data))
        elif is_tnef(entity.content_type, entity.names):
            for wrapped in tnef_files(entity.decoded()[0]):
                yield InnerFile(entity, safe_name(wrapped.name), wrapped.data)


def list_inner_files(
    entities: tuple[Entity, ...], within: Collection[Entity] | None = None
) -> list[tuple[Part, Attachment]]:
    """Return a Part and an Attachment for each file inside a part; with `within`, only inside those parts."""
    numbered = zip(range(len(entities), len(entities) + MAX_LISTED), inner_files(entities), strict=False)
    wanted = None if within is None else {entity.index for entity in within}
    return [_inner(index, found) for index, found in numbered if wanted is None or found.holder.index in wanted]


def _inner(index: int, found: InnerFile) -> tuple[Part, Attachment]:
    content_type = _TYPES.guess_type(found.name)[0] or "application/octet-stream"
    name = found.name or f"attachment-{index}"
    part = Part(index, found.holder.depth + 1, content_type, {}, embedded=found.holder.embedded)
    return part, Attachment(name, content_type, len(found.data), index)


def part_contents(raw: bytes, indexes: Collection[int]) -> dict[int, bytes]:
    """Return the decoded bytes of the parts with these indexes; an index without a part is left out."""
    entities = tuple(split(raw)[0].walk())
    found = {index: entities[index].decoded()[0] for index in indexes if 0 <= index < len(entities)}
    if len(found) < len(indexes):
        inner = enumerate(inner_files(entities), len(entities))
        found |= {number: file.data for number, file in inner if number in indexes}
    return found
