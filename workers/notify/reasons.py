"""Say the reasons of a decision in another language: they are stored in English, in a few known forms. Pure."""

import re
from collections.abc import Iterator
from typing import Final

from workers.notify.phrases import PLACEHOLDER, Phrase, literal, phrase

FORMS: Final = (
    phrase("%(category)s with %(percent)s confidence"),
    phrase("most important words: %(words)s"),
    phrase("next most likely: %(categories)s"),
    phrase('the rule "%(rule)s" matched %(words)s'),
    phrase('the rule "%(rule)s" raised the priority to %(priority)s because of %(words)s'),
    phrase('the rule "%(rule)s" was too slow and was skipped'),
    phrase("two topics, %(first)s or %(second)s (%(confidence)s confidence, %(needed)s needed: %(source)s)"),
    phrase("low confidence (%(confidence)s confidence, %(needed)s needed: %(source)s)"),
    phrase("too short (%(confidence)s confidence, %(needed)s needed: %(source)s)"),
    phrase("%(confidence)s confidence, %(needed)s needed: %(source)s"),
    phrase("unknown language"),
    phrase("unlike anything seen before: the model knows only %(share)s of the words"),
    phrase('%(category)s is only suggested (mode "suggest")'),
    phrase('%(category)s is not yet certified for %(share)s accuracy (mode "auto")'),
    phrase("only %(count)s examples of %(category)s so far, %(needed)s are needed to route"),
    phrase("corrected by %(actor)s; it was %(before)s"),
    phrase("corrected by %(actor)s"),
    phrase("confirmed by %(actor)s"),
    phrase("assigned by %(actor)s; it was with %(team)s"),
    phrase("a person decides"),
    phrase("fixed threshold"),
    phrase("certified for %(share)s accuracy"),
)
_MAX: Final = 500


def _pattern(form: Phrase) -> re.Pattern[str]:
    pieces = PLACEHOLDER.split(form.text)
    named = (f"(?P<{piece}>.+?)" if number % 2 else re.escape(piece) for number, piece in enumerate(pieces))
    return re.compile("".join(named))


_KNOWN: Final = tuple((form, _pattern(form)) for form in FORMS)


def reason(text: str) -> Phrase:
    """Return a stored reason as a phrase; one of no known form stays as it is."""
    return next(_readings(text[:_MAX]), literal(text))


def _readings(text: str) -> Iterator[Phrase]:
    for form, pattern in _KNOWN:
        if found := pattern.fullmatch(text):
            values = found.groupdict().items()
            yield Phrase(form.text, tuple((name, reason(text) if name == "source" else text) for name, text in values))
