"""Cut text into words that compare equal whatever their case, accents or apostrophes, and remember where they stood."""

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

WORD = re.compile(r"[^\W_]+|[?!]")
APOSTROPHES = "'’`´ʼ"  # noqa: RUF001 - the characters people type instead of an apostrophe
LONGEST = 40
SHORT_ENDING = 2


class Word(NamedTuple):
    """One word: its comparable form, and where it stands in the text it came from."""

    form: str
    start: int
    end: int


@lru_cache(maxsize=50_000)
def fold(text: str) -> str:
    """Return text without case and accents."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def split(text: str) -> list[Word]:
    """Cut text into words; "can't" is one word, "l'abonnement" two."""
    words: list[Word] = []
    before = -1
    for match in WORD.finditer(text):
        start, end = match.span()
        form = fold(match[0])
        if start == before + 1 and end - start <= SHORT_ENDING and words and text[before] in APOSTROPHES:
            last = words.pop()
            words.append(Word(last.form + form, last.start, end))
        else:
            words.append(Word(form[:LONGEST], start, end))
        before = end
    return words


def forms(text: str) -> list[str]:
    """Return only the comparable forms."""
    return [word.form for word in split(text)]
