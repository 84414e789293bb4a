"""Split text into words that compare equal regardless of script, case, accents and apostrophes."""

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from itertools import islice

from daemon.text import normalized

# Scripts without spaces between words (and Korean, whose spaces people set as they like): Thai, Lao, Burmese, Khmer,
# kana, Han and Hangul. Each of their characters, with the marks on it, counts as one word.
UNSPACED = (
    "\u0e01-\u0e30\u0e32\u0e33\u0e40-\u0e46\u0e81-\u0eb0\u0eb2\u0eb3\u0ebd-\u0ec6\u1000-\u102a\u1780-\u17b3"
    "\u3005-\u3007\u3041-\u3096\u309d-\u30fa\u30fc-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff"
    "\U00020000-\U0003ffff"
)
UNSPACED_MARKS = (
    "\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ecd\u102b-\u103e\u17b4-\u17d3\u3099\u309a"
)
# Vowel signs and points belong to the word, although Python does not count them as letters.
MARKS = "\u0300-\u036f\u0591-\u05bd\u05bf-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u0900-\u0963\u0970-\u0dff"
QUESTION = "?!\u061f"
LETTERS = rf"(?:[^\W_{UNSPACED}{UNSPACED_MARKS}{MARKS}]|[{MARKS}])++"
# Matches the characters that people type as an apostrophe; up to two letters after one belong to the word.
WORD = re.compile(
    rf"[{UNSPACED}][{UNSPACED_MARKS}]*"
    rf"|(?:{LETTERS}|[{QUESTION}])(?:['’`´](?:[^\W_]{{1,2}}(?![^\W_])|[{QUESTION}]))*"  # noqa: RUF001 - see above
)
PART = re.compile(rf"(?:[^\W_]|[{MARKS}{UNSPACED_MARKS}])+|[{QUESTION}]")
ANY_UNSPACED = re.compile(f"[{UNSPACED}]")
FIRST_UNSPACED = "\u0e01"
# Characters that make a word where there are no spaces between words.
CHARACTERS_PER_WORD = 2
MAX_FORM = 40
# Bounds the memory of the cache, whose keys are words of strangers.
MAX_WRITTEN = 200

# Letters that people write for each other, and that decomposition leaves different: Turkish dotless i, the forms of
# Arabic letters of Persian keyboards, the final letters of Hebrew.
SAME = str.maketrans(
    {
        "\u0131": "i",
        "\u0640": None,
        "\u0649": "\u064a",
        "\u06cc": "\u064a",
        "\u06a9": "\u0643",
        "\u0629": "\u0647",
        "\u05da": "\u05db",
        "\u05dd": "\u05de",
        "\u05df": "\u05e0",
        "\u05e3": "\u05e4",
        "\u05e5": "\u05e6",
        "\u0901": "\u0902",
        "\u061f": "?",
    }
)
# The Arabic article, also after a preposition or "and": the word that it belongs to is compared without it.
ARTICLE = re.compile("^[وف]?(?:[بك]?ال|لل)(?=.{3})")
THAI_TONES = re.compile("[\u0e48-\u0e4c]")
ARABIC, HEBREW = re.compile("[\u0620-\u064a]"), re.compile("[\u05d0-\u05ea]")

# Small words that Arabic and Hebrew write together with the next word, and how many of them may come together.
PREFIXES = ((ARABIC, frozenset("\u0648\u0641\u0628\u0644\u0643\u0633"), 2), (HEBREW, frozenset("והבלמשכ"), 3))
MIN_WITHOUT_PREFIX = 3


def fold(text: str) -> str:
    """Return text in lower case and without accents, and letters that stand for each other as one."""
    if text.isascii():
        return text.lower()
    decomposed = normalized("NFKD", text.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c)).translate(SAME)


@lru_cache(maxsize=50_000)
def form(word: str) -> str:
    """Return the comparable form of a word."""
    if word.isascii() and word.isalnum():
        return word[:MAX_FORM].lower()
    if unspaced(word):
        # Here marks make other letters, so that only the tones of Thai, which are often mistyped, are left out.
        return THAI_TONES.sub("", normalized("NFKC", word))
    first, *endings = map(fold, PART.findall(word))
    return ARTICLE.sub("", first[:MAX_FORM]) + "".join(endings)


def unspaced(word: str) -> bool:
    """Return whether a word is a character of a script without spaces between words."""
    return word >= FIRST_UNSPACED and ANY_UNSPACED.match(word) is not None


def length(counts: Mapping[str, int]) -> float:
    """Return the number of words of a text, an estimate where there are no spaces; `counts` has each distinct form."""
    # The first test is the quick one of `unspaced`, without a call for each word.
    characters = sum([n for word, n in counts.items() if word >= FIRST_UNSPACED and unspaced(word)])
    return sum(counts.values()) - characters + characters / CHARACTERS_PER_WORD


def without_prefixes(form: str) -> list[str]:
    """Return what is left of an Arabic or Hebrew word without the small words that are written together with it."""
    for script, prefixes, most in () if form.isascii() else PREFIXES:
        if script.match(form):
            sizes = range(1, min(most, len(form) - MIN_WITHOUT_PREFIX) + 1)
            return [form[size:] for size in sizes if prefixes.issuperset(form[:size])]
    return []


def split(text: str) -> list[str]:
    """Split text into words as written; "can't" is one word, "l'abonnement" two. Very long words are cut."""
    found: list[str] = []
    for chunk in text.replace(".", " ").replace(",", " ").split():
        # Nearly every chunk is one word; this test is cheaper than to search the whole text for words.
        if chunk.isalnum() and (chunk.isascii() or not ANY_UNSPACED.search(chunk)):
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
