"""Name the language of a text for people, from the words that the lexicon found in it, else its script."""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import islice

from workers.triage import tokens
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
# Frequent words, without their marks, of languages that have no lexicon, and that the language with this code has not:
# Slovak, Croatian and Serbian beside Czech, Catalan beside Spanish, Malay beside Indonesian, Bulgarian and Serbian
# beside Russian.
NEIGHBOURS = {
    "cs": "ako aj bih bolo chcem dakujem dobio gde gdje htela htio hvala ili jer kad kada kako kao ked kedy koji ktora"
    " ktory mogu moj molim moram mozem mozete nego nemozem neviem nie nije nisam nisu postovani potrebujem preco som"
    " zasto",
    "es": "aixo amb aquest aquesta compte dels diners els ens gracies heu ho molt perque plau puc quan vegades voldria"
    " vull",
    "id": "ahad akaun awak bayaran butang emel encik kerana laluan mahu nak puan sila skrin telefon",
    "ru": "али бих ви във кад када како като към ме ми моля молим няма није нисам още си сте съм със това този тази"
    " хвала ще што",
}
NEIGHBOUR_WORDS = {code: frozenset(words.split()) for code, words in NEIGHBOURS.items()}
# A text with so many of these words may be in such a language. With fewer words of the lexicon it shows no language.
MIN_OTHER_WORDS = 2
MIN_ENTRIES = 2


def name(text: str, code: str) -> str:
    """Return the name of a language; for "", "unknown" with the script of the text."""
    if code:
        return NAMES.get(code, code)
    script = script_of(text)
    return f"{UNKNOWN}, {script} script" if script else UNKNOWN


def shown(lexicon: Lexicon, matches: Matches, counts: Mapping[str, int]) -> str:
    """Return the code of the language that a text with these folded words shows, "" if it shows none."""
    if not matches.languages or matches.signs[0] < max(MIN_SIGNS, MIN_SHARE * tokens.length(counts)):
        return ""
    code = lexicon.languages[matches.languages[0]]
    places = {at for _, at, _ in matches.entries}
    return "" if len(places) < MIN_ENTRIES and may_be_neighbour(code, counts) else code


def may_be_neighbour(code: str, words: Iterable[str]) -> bool:
    """Return whether words are of a language that is like the one with this code, and has no lexicon."""
    others = NEIGHBOUR_WORDS.get(code, frozenset())
    return sum(word in others for word in words) >= MIN_OTHER_WORDS


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
