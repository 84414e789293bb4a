"""Name the language of a text for people, from the words that the lexicon found in it, else its script."""

import unicodedata
from collections import Counter
from collections.abc import Iterable
from itertools import islice

from workers.triage.lexicon import Lexicon, Matches

NAMES = {
    "ar": "Arabic",
    "cs": "Czech",
    "da": "Danish",
    "de": "German",
    "el": "Greek",
    "en": "English",
    "es": "Spanish",
    "fi": "Finnish",
    "fr": "French",
    "he": "Hebrew",
    "hi": "Hindi",
    "hi-Latn": "Hindi in Latin letters",
    "hu": "Hungarian",
    "id": "Indonesian",
    "it": "Italian",
    "ja": "Japanese",
    "ko": "Korean",
    "nb": "Norwegian",
    "nl": "Dutch",
    "pl": "Polish",
    "pt": "Portuguese",
    "ro": "Romanian",
    "ru": "Russian",
    "sv": "Swedish",
    "th": "Thai",
    "tr": "Turkish",
    "uk": "Ukrainian",
    "vi": "Vietnamese",
    "zh-Hans": "Chinese (simplified)",
    "zh-Hant": "Chinese (traditional)",
}
UNKNOWN = "unknown"
# The letters that are looked at to name a script.
SAMPLE = 200
# A text with fewer signs of a language, absolutely or among its words, may be in a language that has these words too.
MIN_SIGNS = 2
MIN_SHARE = 0.24


def name(text: str, code: str) -> str:
    """Return the name of a language; for "", "unknown" with the script of the text."""
    if code:
        return NAMES.get(code, code)
    script = script_of(text)
    return f"{UNKNOWN}, {script} script" if script else UNKNOWN


def shown(lexicon: Lexicon, matches: Matches, words: float) -> str:
    """Return the code of the language that a text with this number of words shows, "" if it shows none."""
    if not matches.languages or matches.signs[0] < max(MIN_SIGNS, MIN_SHARE * words):
        return ""
    return lexicon.languages[matches.languages[0]]


def script_of(text: str) -> str:
    """Return the name of the script of most letters, "" if there are no letters."""
    counts: dict[str, int] = {}
    for letter, count in Counter(letters(text)).items():
        script = letter_script(letter)
        counts[script] = counts.get(script, 0) + count
    return max(counts, key=counts.__getitem__, default="")


def letters(text: str) -> Iterable[str]:
    """Return the first letters of a text."""
    return islice(filter(str.isalpha, text[: 4 * SAMPLE]), SAMPLE)


def letter_script(letter: str) -> str:
    """Return the script of a letter: the first word of its Unicode name."""
    first = unicodedata.name(letter, UNKNOWN).split()[0]
    return "Han" if first == "CJK" else first.capitalize()
