"""Sentences that are translated when they are shown: the English text, with its values. Pure."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Final, Protocol

from daemon.text import harmless_line

MAX_VALUE: Final = 500
# First strong isolate and its end (UAX #9): what stands between them does not reorder what stands around them.
FSI: Final = "\u2068"
PDI: Final = "\u2069"
RIGHT_TO_LEFT: Final = re.compile(r"[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]")
PLACEHOLDER: Final = re.compile(r"%\((\w+)\)s")
# A doubled sign is one sign in a sentence; in a value it is what somebody wrote.
FILLED: Final = re.compile(rf"{PLACEHOLDER.pattern}|%%")


@dataclass(frozen=True, slots=True)
class Phrase:
    """A sentence in English with the values of its placeholders, such as "%(count)s more lines".

    A value may be a phrase itself.

    `plural` is the form for other numbers than one, `count` the number. `context` tells words with the same spelling
    apart, such as "Open" as a status.
    """

    text: str
    values: "tuple[tuple[str, str | Phrase], ...]" = ()
    plural: str = ""
    count: int = 0
    context: str = ""

    def __str__(self) -> str:
        """Return the phrase in English."""
        return ENGLISH.say(self)


class Translator(Protocol):
    """Says phrases in one language; `language` is its code."""

    @property
    def language(self) -> str:
        """Return the code of the language."""

    @property
    def right_to_left(self) -> bool:
        """Say whether the language is written from right to left."""

    def say(self, phrase: Phrase) -> str:
        """Return a phrase in this language, as one line that is safe to show."""

    def day(self, day: date) -> str:
        """Return a day with the name of its month."""


def phrase(text: str, /, **values: object) -> Phrase:
    """Return a phrase."""
    return Phrase(text, _as_text(values))


def plural(singular: str, plural: str, number: int, /, **values: object) -> Phrase:
    """Return a phrase whose form depends on a number."""
    return Phrase(singular, _as_text(values), plural, number)


def term(context: str, text: str) -> Phrase:
    """Return a single word, such as the name of a status."""
    return Phrase(text, context=context)


def literal(text: str) -> Phrase:
    """Return text that is not translated."""
    return Phrase("%(text)s", (("text", text),))


def fill(text: str, phrase: Phrase, translator: Translator) -> str:
    """Return the translated text of a phrase with its values."""
    rtl = translator.right_to_left
    values = {
        name: translator.say(value) if isinstance(value, Phrase) else isolated(_safe(value), right_to_left=rtl)
        for name, value in phrase.values
    }
    return FILLED.sub(lambda found: values.get(found[1], "") if found[1] else "%", text)


def isolated(value: str, *, right_to_left: bool) -> str:
    """Return a value so that it does not reorder the sentence around it, where the directions of both may differ."""
    if value and right_to_left != bool(RIGHT_TO_LEFT.search(value)):
        return f"{FSI}{value}{PDI}"
    return value


def _as_text(values: dict[str, object]) -> tuple[tuple[str, str | Phrase], ...]:
    return tuple((name, value if isinstance(value, Phrase) else str(value)) for name, value in values.items())


def _safe(value: str) -> str:
    return harmless_line(value, MAX_VALUE)


@dataclass(frozen=True, slots=True)
class _English:
    """English needs no catalogue."""

    language: str = "en"
    right_to_left: bool = False

    def say(self, phrase: Phrase) -> str:
        """Return a phrase in English."""
        text = phrase.plural if phrase.plural and phrase.count != 1 else phrase.text
        return fill(text, phrase, self)

    def day(self, day: date) -> str:
        """Return a day with the name of its month."""
        return f"{day:%d %B %Y}".lstrip("0")


ENGLISH: Final[Translator] = _English()
