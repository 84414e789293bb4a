"""Parse an email: any bytes in, one frozen Message out."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from daemon.mail.address import read_addresses
from daemon.mail.encoding.encoded_words import decode_words
from daemon.mail.message import Address, Message, Part
from daemon.mail.mime.attachment import list_files, list_inner_files
from daemon.mail.mime.body import read_texts, readable, text_parts, with_invitations
from daemon.mail.mime.dates import read_date
from daemon.mail.mime.headers import Block
from daemon.mail.mime.tnef import is_tnef
from daemon.mail.mime.tnef_body import tnef_text
from daemon.mail.mime.tree import Entity, split

_MAX_IDS: Final = 200
_TRACE: Final = frozenset({"received", "authentication-results"})
_ID: Final = re.compile(r"<([^<>]{1,998})>")
_SPACE: Final = re.compile(r"\s+")


def parse(raw: bytes) -> Message:
    """Return the parsed email; never raises: damage becomes `defects`, and time and memory are bounded."""
    root, structure = split(raw)
    return _message(root, tuple(root.walk()), structure)


def parse_attached(raw: bytes, index: int) -> Message | None:
    """Return the email that is attached as the part with this index, None if there is none or it cannot be read.

    Its parts and attachments keep the numbers that they have in the whole email.
    """
    entities = tuple(split(raw)[0].walk())
    holder = entities[index] if 0 <= index < len(entities) else None
    if holder is None or not holder.is_message or not holder.children:
        return None
    return _message(holder.children[0], entities, ())


def _message(root: Entity, everything: tuple[Entity, ...], structure: tuple[str, ...]) -> Message:
    """Return the email whose tree has this root; `everything` are the parts of the whole email."""
    entities = tuple(root.walk())
    texts, damage = read_texts(entities)
    body = [*_wrapped_by_list(root, texts), *text_parts(root, texts)]
    body = list({part.index: part for part in body}.values())
    inner = list_inner_files(everything, entities)
    parts = (*(_part(entity, texts) for entity in entities), *(part for part, _ in inner))
    block = root.block
    subject = decode_words(block.first("subject"))
    text = readable(body, texts)
    text = with_invitations(text if text.strip() else _wrapped_text(entities), subject, entities, texts)
    date = read_date(block.first("date"))
    defects = (*structure, *damage, *_header_defects(block, date), *_unreadable_content(entities, text))
    return Message(
        message_id=_message_id(block.first("message-id")),
        subject=subject,
        date=date,
        from_=_addresses(block, "from"),
        sender=_addresses(block, "sender"),
        reply_to=_addresses(block, "reply-to"),
        to=_addresses(block, "to"),
        cc=_addresses(block, "cc"),
        in_reply_to=_ids(block.every("in-reply-to")),
        references=_ids(block.every("references")),
        text=text,
        attachments=(*list_files(root, body), *(file for _, file in inner)),
        parts=parts,
        headers=parts[0].headers,
        defects=tuple(dict.fromkeys(defects)),
        trace=tuple(field for field in block.fields if field[0] in _TRACE),
        has_attached_text=any(part.embedded and not root.embedded for part in body),
    )


def _wrapped_by_list(root: Entity, texts: Mapping[int, str]) -> list[Entity]:
    """Return the text of an email that a list wrapped, for DMARC, into one of its own: same subject, same author.

    An email that a person forwards is not their text: a list has its posting address in From.
    """
    posts = root.block.first("list-post").lower()
    if not posts or not any(
        address.email and f"<mailto:{address.email.lower()}" in posts for address in _addresses(root.block, "from")
    ):
        return []
    authors = {address.email for name in ("reply-to", "cc") for address in _addresses(root.block, name)} - {None}
    for part in root.children:
        if part.is_message and part.children and part.disposition.value != "attachment":
            inner = part.children[0].block
            author = {address.email for address in _addresses(inner, "from")}
            same_subject = inner.first("subject") and inner.first("subject") in root.block.first("subject")
            if same_subject and author and author <= authors:
                return text_parts(part.children[0], texts)
    return []


def _wrapped_text(entities: Iterable[Entity]) -> str:
    """Return the text in a winmail.dat, for an email that has no other."""
    wrappers = (one for one in entities if not one.embedded and is_tnef(one.content_type, one.names))
    texts = (tnef_text(wrapper.decoded()[0]) for wrapper in wrappers)
    return next((text.strip("\n") + "\n" for text in texts if text.strip()), "")


def _part(entity: Entity, texts: Mapping[int, str]) -> Part:
    return Part(
        index=entity.index,
        depth=entity.depth,
        content_type=entity.content_type,
        headers=entity.block.decoded(),
        text=texts.get(entity.index, ""),
        embedded=entity.embedded,
    )


def _addresses(block: Block, name: str) -> tuple[Address, ...]:
    return tuple(address for value in block.every(name) for address in read_addresses(value))


def _message_id(value: str) -> str:
    """Return the first identifier in angle brackets, even if a program left them out."""
    found = _ids((value,))
    bare = _SPACE.sub("", value)
    return found[0] if found else f"<{bare.strip('<>')}>" if bare.strip("<>") else ""


def _ids(values: Iterable[str]) -> tuple[str, ...]:
    """Return the identifiers of a field; of too many, the last ones, which are the nearest ancestors."""
    found = [f"<{_SPACE.sub('', match[1])}>" for value in values for match in _ID.finditer(value)]
    return tuple(found[-_MAX_IDS:])


def _header_defects(block: Block, date: datetime | None) -> Iterable[str]:
    names = [name for name, _ in block.fields]
    for name in ("from", "date", "message-id"):
        if name not in names:
            yield f"no-{name}"
    for name in ("from", "to", "cc", "subject", "date", "message-id", "content-type", "reply-to", "sender"):
        if names.count(name) > 1:
            yield f"duplicate-{name}"
    if block.first("date") and date is None:
        yield "bad-date"


def _unreadable_content(entities: Iterable[Entity], text: str) -> Iterable[str]:
    """Yield defects for content that PGP encrypts; mime/tree.py names those of S/MIME."""
    for entity in entities:
        if entity.content_type == "multipart/encrypted":
            yield "encrypted"
    if "-----BEGIN PGP MESSAGE-----" in text:
        yield "encrypted"
