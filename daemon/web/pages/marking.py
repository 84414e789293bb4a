"""Mark the words of a text that decided about it. Pure."""

import re
from collections.abc import Sequence
from typing import Final

WORDS: Final = re.compile(r'"([^"]{2,80})"')
FROM_WORDS: Final = ("most important words: ", "the rule ")
MOST_WORDS: Final = 40


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
