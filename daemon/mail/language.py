"""Find the language of an email: what its header declares, else what its most common words show."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Final

from daemon.mail.message import Message

MAX_TEXT: Final = 3_000
MAX_WORDS: Final = 300
# Weighted number of common words that a text needs, at least and as a share of its words, and how many more of them
# than in the next likely language.
ENOUGH: Final = 1.0
SHARE: Final = 0.12
MARGIN: Final = 1.3
_TAG: Final = re.compile(r"([A-Za-z]{2,3})(?:[-_]([A-Za-z0-9]{2,8}))?")
_WORD: Final = re.compile(r"[^\W\d_]+")
# Written without spaces between words: their common words are searched inside a text.
_UNSPACED: Final = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff]")


@dataclass(frozen=True, slots=True)
class CommonWords:
    """The most common words of some languages.

    `weights` says for each word in which languages it is common, and how much it counts: less, the more they are.
    `inside` are words of languages that are written without spaces.
    """

    weights: Mapping[str, tuple[tuple[str, float], ...]]
    inside: tuple[tuple[str, str], ...] = ()


def common_words(lists: Mapping[str, str]) -> CommonWords:
    """Return the common words of languages; `lists` has them for each language, separated by spaces."""
    known: dict[str, list[str]] = {}
    for language, words in lists.items():
        for word in dict.fromkeys(words.casefold().split()):
            known.setdefault(word, []).append(language)
    spaced = {word: languages for word, languages in known.items() if not _UNSPACED.match(word)}
    return CommonWords(
        {word: tuple((language, 1 / len(languages)) for language in languages) for word, languages in spaced.items()},
        tuple((word, language) for word, languages in known.items() if word not in spaced for language in languages),
    )


def declared(message: Message) -> str:
    """Return the first language of Content-Language (RFC 3282), such as "de" or "pt-BR", "" if there is none."""
    for value in message.headers.get("content-language", ())[:1]:
        found = _TAG.match(value.strip())
        if found:
            return f"{found[1].lower()}-{found[2]}" if found[2] else found[1].lower()
    return ""


def detect(text: str, common: CommonWords) -> str:
    """Return the language of a text, "" if it is too short or none is clearly the likeliest."""
    own = "\n".join(line for line in text[:MAX_TEXT].split("\n") if not line.startswith(">")).casefold()
    scores: Counter[str] = Counter()
    words = [found[0] for found in islice(_WORD.finditer(own), MAX_WORDS)]
    for word, times in Counter(words).items():
        for language, weight in common.weights.get(word, ()):
            scores[language] += times * weight  # type: ignore[assignment] # a Counter of float
    if _UNSPACED.search(own):
        for word, language in common.inside:
            scores[language] += own.count(word)
    (best, score), (_, second) = [*scores.most_common(2), ("", 0), ("", 0)][:2]
    return best if score >= max(ENOUGH, SHARE * len(words)) and score >= MARGIN * second else ""
