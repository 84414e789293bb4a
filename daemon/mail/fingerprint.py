"""Recognise copies of an email that came by different routes: a hash of what no relay rewrites."""

import hashlib
import re

# Fields that the author wrote (RFC 5322 section 3.6); relays add and rewrite others.
AUTHORS = frozenset(
    b"message-id date from sender reply-to to cc subject in-reply-to references mime-version content-type".split()
)
HEAD_LIMIT = 256 * 1024
BLOCK = 64 * 1024
FIELD = re.compile(rb"^([!-9;-~]+)[ \t]*:((?:.*(?:\n|\Z))(?:[ \t].*(?:\n|\Z))*)", re.MULTILINE)
SPACE = re.compile(rb"\s+")


def content_key(raw: bytes) -> str:
    """Return a key (SHA-256, hex) that is equal for copies of one email that came by different routes.

    It covers the author's header fields and the body, with line ends and white space normalised; the Message-ID alone
    would not do, because anyone can choose it.
    """
    text = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    head_end = text.find(b"\n\n")
    head_end = len(text) if head_end < 0 else head_end
    fields = sorted(
        name.lower() + b":" + SPACE.sub(b" ", value).strip()
        for name, value in FIELD.findall(text[: min(head_end, HEAD_LIMIT)])
        if name.lower() in AUTHORS
    )
    digest = hashlib.sha256(b"\n".join(fields))
    digest.update(b"\n\n")
    # A view, because a copy of a large email doubles its memory.
    digest.update(memoryview(text)[head_end + 2 : _end(text, head_end + 2)])
    return digest.hexdigest()


def _end(text: bytes, start: int) -> int:
    """Return where the body ends without its trailing white space."""
    end = len(text)
    while end > start:
        tail = text[max(start, end - BLOCK) : end]
        kept = tail.rstrip()
        end -= len(tail) - len(kept)
        if kept:
            break
    return max(start, end)
