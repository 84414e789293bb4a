"""Recognise the same mail by another way: a key over what no relay rewrites."""

import hashlib
import re

# Relays add and rewrite trace headers; these are the author's own (RFC 5322 section 3.6).
AUTHORS = frozenset(
    b"message-id date from sender reply-to to cc subject in-reply-to references mime-version content-type".split()
)
HEAD_LIMIT = 256 * 1024
FIELD = re.compile(rb"^([!-9;-~]+)[ \t]*:((?:.*(?:\n|\Z))(?:[ \t].*(?:\n|\Z))*)", re.MULTILINE)
SPACE = re.compile(rb"\s+")


def content_key(raw: bytes) -> str:
    """Return a key (SHA-256, hex) that is equal for copies of one mail that came by different ways.

    It covers the author's header fields and the body with line ends and white space folded, and so never rests on the
    Message-ID alone, which anyone can choose.
    """
    text = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    head, _, body = text.partition(b"\n\n")
    fields = sorted(
        name.lower() + b":" + SPACE.sub(b" ", value).strip()
        for name, value in FIELD.findall(head[:HEAD_LIMIT])
        if name.lower() in AUTHORS
    )
    digest = hashlib.sha256(b"\n".join(fields))
    digest.update(b"\n\n")
    digest.update(body.rstrip())
    return digest.hexdigest()
