"""Cut text into words that compare equal whatever their case, accents or apostrophes."""

import re
import unicodedata
from functools import lru_cache
from itertools import islice

# The characters that people type as an apostrophe; after one, up to two letters belong to the word before it.
WORD = re.compile(r"(?:[^\W_]+|[?!])(?:['’`´](?:[^\W_]{1,2}(?![^\W_])|[?!]))*")  # noqa: RUF001 - see above
PART = re.compile(r"[^\W_]+|[?!]")
LONGEST = 40
# What is remembered of strangers' words stays small.
LONGEST_WRITTEN = 200


def fold(text: str) -> str:
    """Return text without case and accents."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c))


@lru_cache(maxsize=50_000)
def form(word: str) -> str:
    """Return the comparable form of a word as it was written."""
    first, *endings = map(fold, PART.findall(word))
    return first[:LONGEST] + "".join(endings)


def split(text: str) -> list[str]:
    """Cut text into words as they were written; "can't" is one word, "l'abonnement" two. Endless ones are cut."""
    found: list[str] = []
    for chunk in text.replace(".", " ").replace(",", " ").split():
        # Nearly every chunk is a word as it stands: telling so is cheaper than to search the whole text for words.
        if chunk.isalnum():
            found.append(chunk[:LONGEST_WRITTEN])
        else:
            found += [word[:LONGEST_WRITTEN] for word in WORD.findall(chunk)]
    return found


def forms(text: str) -> list[str]:
    """Return the comparable forms of the words of a text."""
    return list(map(form, split(text)))


def excerpt(text: str, first: int, last: int) -> str:
    """Return a text from one word to another, both counted from 0 and included, with what stands between them."""
    found = list(islice(WORD.finditer(text), first, last + 1))
    return text[found[0].start() : found[-1].end()]
