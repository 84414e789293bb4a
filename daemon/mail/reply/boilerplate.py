"""Find the blocks at the top and end of an email that other senders' emails may have too, and leave out the known ones.

Gateways, scanners and lawyers put the same text around the emails of many senders. Blocks are compared by a hash of
their letters, so that a date, a number or an address in them makes no difference.
"""

import hashlib
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from daemon.mail.mailbox import registrable_domain
from daemon.mail.reply.letter import closing_end, greeting_start
from daemon.text import domain_of

MAX_EXCERPT: Final = 200
# People write or paste the same short sentence independently of one another: in 21,000 real and made emails of others,
# five repeated sentences have 25 letters or more, and none has 60.
MIN_LETTERS: Final = 60
# A letter of these scripts says about as much as three of ours.
_DENSE: Final = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_DENSE_LETTERS: Final = 3
_MAX_LETTERS: Final = 4000
# Beside a block there are at least twelve letters of the customer.
_ENOUGH: Final = re.compile(r"(?:[^\W\d_][\W\d_]*){12}")
_LEARNED_DEPTH: Final = 2
_LEFT_OUT_DEPTH: Final = 4
_GAP: Final = re.compile(r"\n[^\S\n]*\n\s*")
_ADDRESS: Final = re.compile(r"(?:https?://|www\.)[!-~]{1,2000}|[\w.+%-]{1,64}@[\w.-]{1,253}", re.ASCII | re.IGNORECASE)
_NO_LETTERS: Final = re.compile(r"[\W\d_]+")


@dataclass(frozen=True, slots=True)
class Block:
    """A block of text: the hash of its letters in hexadecimal, and how it begins, on one line.

    `is_outside` tells whether it stands above the greeting or below the closing.
    """

    digest: str
    excerpt: str
    is_outside: bool = False


@dataclass(frozen=True, slots=True)
class Trimmed:
    """A text without its known blocks, the digests of these, and the blocks that remain and may be learned."""

    text: str
    left_out: tuple[str, ...]
    blocks: tuple[Block, ...]


def trim(text: str, known: Collection[str]) -> Trimmed:
    """Leave the blocks out of which the digest is known; the whole text stays if too little would be left."""
    kept, left_out = _without(text, known) if known else (text, [])
    if left_out and not _ENOUGH.search(kept):
        kept, left_out = text, []
    return Trimmed(kept, tuple(left_out), tuple(_candidates(kept, known)))


def domain_digest(address: str) -> str:
    """Return a short hash of the domain that the sender registered, "" for an address without a domain."""
    domain = registrable_domain(domain_of(address).lower()) if "@" in address else ""
    return hashlib.sha256(domain.encode()).hexdigest()[:12] if domain else ""


def _without(text: str, known: Collection[str]) -> tuple[str, list[str]]:
    """Drop known paragraphs near the top and the end, and known lines at the very top and end; return their digests."""
    parts = _paragraphs(text)
    outer = _outer(len(parts), _LEFT_OUT_DEPTH)
    found = {at: digest for at in sorted(outer) for digest in _digested(parts[at]) if digest in known}
    kept = [part for at, part in enumerate(parts) if at not in found]
    left_out = list(found.values())
    for at, cut in ((0, _first_line), (-1, _last_line)):
        line, rest = cut(kept[at]) if kept else ("", "")
        digests = [digest for digest in _digested(line) if digest in known]
        if rest and digests:
            kept[at] = rest
            left_out += digests
    return ("\n\n".join(kept), left_out) if left_out else (text, [])


def _candidates(text: str, known: Collection[str]) -> Iterator[Block]:
    """Yield the blocks that may be learned: outermost paragraphs, and the outermost lines of those with several."""
    start, end = greeting_start(text), closing_end(text)
    parts = _paragraphs(text)
    found: dict[str, str] = {}
    # A paragraph that is the whole text leaves nothing beside it.
    for at in sorted(_outer(len(parts), _LEARNED_DEPTH)) if len(parts) > 1 else ():
        found |= _digested(parts[at])
    for line, rest in (_first_line(parts[0]), _last_line(parts[-1])) if parts else ():
        found |= _digested(line) if rest else {}
    for digest, block in found.items():
        if digest not in known and _ENOUGH.search(text.replace(block, "", 1)):
            is_outside = block in text[:start] or block in text[end:]
            yield Block(digest, " ".join(block.split())[:MAX_EXCERPT], is_outside)


def _first_line(part: str) -> tuple[str, str]:
    """Return the first line of a paragraph and the rest, which is "" for a paragraph of one line."""
    line, _, rest = part.partition("\n")
    return line, rest


def _last_line(part: str) -> tuple[str, str]:
    rest, _, line = part.rpartition("\n")
    return line, rest


def _paragraphs(text: str) -> list[str]:
    return [part for part in _GAP.split(text.strip()) if part]


def _outer(number: int, depth: int) -> set[int]:
    return {at for at in range(number) if at < depth or at >= number - depth}


def _digested(block: str) -> dict[str, str]:
    """Return the block by its digest, {} for one that is too short or too long to be compared."""
    if len(block) > 2 * _MAX_LETTERS:
        return {}
    letters = _letters(block)
    if len(letters) + (_DENSE_LETTERS - 1) * len(_DENSE.findall(letters)) < MIN_LETTERS:
        return {}
    return {hashlib.sha256(letters.encode()).hexdigest()[:32]: block}


def _letters(text: str) -> str:
    """Return the letters of a text in lower case, without addresses, links and digits."""
    return _NO_LETTERS.sub("", _ADDRESS.sub("", text).lower())
