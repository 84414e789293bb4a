"""Decide which parts of an answer go along as files, which as images in the text, and which belong to the quote."""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Final

from daemon.mail.message import Attachment, Message
from daemon.mail.mime.attachment import part_contents
from daemon.mail.reply.answer_leaks import MAX_SCANNED, line_leaks, token_leaks
from daemon.mail.reply.our_marks import OurMarks, Ours
from daemon.mail.text.html import strip_tags

INLINE_TYPES: Final = frozenset({"image/png", "image/jpeg", "image/gif"})
_CID: Final = re.compile(r"cid:([^\s\"'<>]{1,300})", re.IGNORECASE)
# Parts that describe the email or its signature and say nothing to a customer.
_NOT_SENT: Final = frozenset(
    ("application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature",
     "application/pgp-keys", "application/ms-tnef", "application/vnd.ms-tnef", "text/rfc822-headers"),
)  # fmt: skip
_READABLE: Final = re.compile(r"text/|message/|application/(?:json|xml|xhtml|rtf|ics|x-sh|javascript)")


def by_content_id(message: Message) -> Mapping[str, Attachment]:
    """Return the files that HTML can show, by their Content-ID in lower case."""
    return {file.content_id.lower(): file for file in message.attachments if file.content_id}


def shown_ids(html: str) -> frozenset[str]:
    """Return the Content-IDs that HTML refers to, in lower case."""
    return frozenset(match[1].lower() for match in _CID.finditer(html))


def files_of(message: Message, shown: Collection[int], in_quote: Collection[str]) -> list[Attachment]:
    """Return the files of the agent, without the images shown in the text and those that only the quote shows."""
    return [
        file
        for file in message.attachments
        if file.part not in shown
        and file.content_type not in _NOT_SENT
        and not (file.content_id and file.content_id.lower() in in_quote)
        and not _is_body(message, file)
    ]


def _is_body(message: Message, file: Attachment) -> bool:
    """Return whether a file is a part of the readable text that a program gave a name to."""
    part = next((part for part in message.parts if part.index == file.part), None)
    return part is not None and part.content_type in {"text/html", "text/plain"} and file.filename == ""


def part_leaks(message: Message, raw: bytes, sent: Collection[int], ours: Ours, marks: OurMarks) -> Iterator[str]:
    """Yield what of ours is in the parts that go along: their names, and the content of those that are text."""
    files = [file for file in message.attachments if file.part in sent]
    names = [f"{file.filename}\n{file.content_id}" for file in files]
    yield from token_leaks("the name of a file", names, marks)
    readable = [file for file in files if _READABLE.match(file.content_type) or _looks_like_mail(file)]
    contents = part_contents(raw, [file.part for file in readable]) if readable else {}
    for file in readable:
        text = contents.get(file.part, b"")[:MAX_SCANNED].decode("utf-8", "replace")
        inside = [text, *_nested_texts(message, file)]
        yield from token_leaks(f"the file {file.filename}", inside, marks)
        for one in inside:
            yield from line_leaks(f"the file {file.filename}", strip_tags(one) if "<" in one else one, ours)


def _looks_like_mail(file: Attachment) -> bool:
    return file.filename.lower().endswith((".eml", ".txt", ".htm", ".html", ".csv", ".ics", ".mht", ".md", ".log"))


def _nested_texts(message: Message, file: Attachment) -> list[str]:
    """Return the decoded texts and headers of the parts inside an attached email."""
    if not file.content_type.startswith("message/"):
        return []
    outer = next((part for part in message.parts if part.index == file.part), None)
    found: list[str] = []
    for part in message.parts[file.part + 1 :]:
        if outer is None or part.depth <= outer.depth:
            break
        found += [part.text, " ".join(value for values in part.headers.values() for value in values)]
    return [text for text in found if text]
