"""Mark the words of a text that decided about it. Pure."""

import re
from collections.abc import Sequence
from typing import Final

WORDS: Final = re.compile(r'"([^"]{2,80})"')
FROM_WORDS: Final = ("most important words: ", "the rule ")
MOST_WORDS: Final = 40
# A text of more characters or lines is folded after fewer, so that something is worth unfolding.
LONG_TEXT, HEAD_TEXT = 6000, 4000
LONG_LINES, HEAD_LINES = 80, 50

# Parts of a text, each with whether it is a word that decided.
Pieces = tuple[tuple[str, bool], ...]


def deciding_words(reasons: Sequence[str]) -> list[str]:
    """Return the words that the reasons of a decision name: those of the model, and what a rule matched."""
    found: list[str] = []
    for reason in reasons:
        if reason.startswith(FROM_WORDS):
            words = WORDS.findall(reason)
            # The first name in the reason of a rule is its own.
            found += words[1:] if reason.startswith("the rule ") else words
    return list(dict.fromkeys(found))[:MOST_WORDS]


def marked(text: str, words: Sequence[str]) -> list[tuple[str, bool]]:
    """Return a text in pieces, each with whether it is one of the words; upper and lower case are the same."""
    if not words:
        return [(text, False)]
    # A word of the model has single spaces where the text may have line ends.
    forms = (r"\s+".join(map(re.escape, word.split())) for word in sorted(words, key=len, reverse=True))
    pattern = re.compile(rf"(?<!\w)({'|'.join(forms)})(?!\w)", re.IGNORECASE)
    pieces = pattern.split(text)
    return [(piece, number % 2 == 1) for number, piece in enumerate(pieces) if piece]


def folded(pieces: Pieces) -> tuple[Pieces, Pieces]:
    """Return the beginning of a text and its rest, which is empty for all but a long one: a log, a pasted file."""
    text = "".join(piece for piece, _ in pieces)
    if len(text) <= LONG_TEXT and text.count("\n") <= LONG_LINES:
        return pieces, ()
    begins = sum(len(line) + 1 for line in text.split("\n", HEAD_LINES)[:HEAD_LINES])
    place = min(begins, HEAD_TEXT)
    # After a whole line, unless the line itself is long.
    line_end = text.rfind("\n", place // 2, place) + 1
    return _split_at(pieces, line_end or place)


def _split_at(pieces: Pieces, place: int) -> tuple[Pieces, Pieces]:
    head, rest, at = [], [], 0
    for text, is_word in pieces:
        here = min(max(place - at, 0), len(text))
        head.append((text[:here], is_word))
        rest.append((text[here:], is_word))
        at += len(text)
    return tuple(one for one in head if one[0]), tuple(one for one in rest if one[0])
