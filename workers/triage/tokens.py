"""Split text into words that compare equal regardless of case, accents and apostrophes."""

import re
import unicodedata
from functools import lru_cache
from itertools import islice

# Matches the characters that people type as an apostrophe; up to two letters after one belong to the word.
WORD = re.compile(r"(?:[^\W_]+|[?!])(?:['’`´](?:[^\W_]{1,2}(?![^\W_])|[?!]))*")  # noqa: RUF001 - see above
PART = re.compile(r"[^\W_]+|[?!]")
MAX_FORM = 40
# Bounds the memory of the cache, whose keys are words of strangers.
MAX_WRITTEN = 200


def fold(text: str) -> str:
    """Return text in lower case and without accents."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c))


@lru_cache(maxsize=50_000)
def form(word: str) -> str:
    """Return the comparable form of a word."""
    first, *endings = map(fold, PART.findall(word))
    return first[:MAX_FORM] + "".join(endings)


def split(text: str) -> list[str]:
    """Split text into words as written; "can't" is one word, "l'abonnement" two. Very long words are cut."""
    found: list[str] = []
    for chunk in text.replace(".", " ").replace(",", " ").split():
        # Nearly every chunk is one word; this test is cheaper than to search the whole text for words.
        if chunk.isalnum():
            found.append(chunk[:MAX_WRITTEN])
        else:
            found += [word[:MAX_WRITTEN] for word in WORD.findall(chunk)]
    return found


def forms(text: str) -> list[str]:
    """Return the comparable forms of the words of a text."""
    return list(map(form, split(text)))


def excerpt(text: str, first: int, last: int) -> str:
    """Return a text from the first to the last word, both counted from 0 and included."""
    found = list(islice(WORD.finditer(text), first, last + 1))
    return text[found[0].start() : found[-1].end()]
