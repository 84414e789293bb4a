"""Say the reasons of a decision in another language: they are stored in English, in a few known forms. Pure."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from workers.notify.phrases import PLACEHOLDER, Phrase, literal, phrase

FORMS: Final = (
    phrase("%(category)s with %(percent)s confidence"),
    phrase("by its meaning alone: %(category)s"),
    phrase("closest description: %(category)s"),
    phrase("closest examples: %(examples)s"),
    phrase("most important words: %(words)s"),
    phrase("next most likely: %(categories)s"),
    phrase('the rule "%(rule)s" matched %(words)s'),
    phrase('the rule "%(rule)s" raised the priority to %(priority)s because of %(words)s'),
    phrase('the rule "%(rule)s" was too slow and was skipped'),
    phrase("two topics, %(first)s or %(second)s (%(confidence)s confidence, %(needed)s needed: %(source)s)"),
    phrase("low confidence (%(confidence)s confidence, %(needed)s needed: %(source)s)"),
    phrase("too short (%(confidence)s confidence, %(needed)s needed: %(source)s)"),
    phrase("%(confidence)s confidence, %(needed)s needed: %(source)s"),
    phrase("written to %(address)s, which counts %(odds)s to 1 for %(category)s"),
    phrase("address %(address)s is always %(category)s"),
    phrase("address %(address)s always goes to %(team)s"),
    phrase("%(category)s of %(address)s goes to %(team)s"),
    phrase("unknown language"),
    phrase("nothing in this email is known to me (language: %(language)s)"),
    phrase("unlike anything seen before: the model knows only %(share)s of the words"),
    phrase("the email has no text to read"),
    phrase("no usable model, so rules alone decide; `triaged check` says why"),
    phrase('%(category)s is only suggested (mode "suggest")'),
    phrase("%(category)s is only suggested: it has a description, but no examples yet"),
    phrase('%(category)s is not yet certified for %(share)s accuracy (mode "auto")'),
    phrase("only %(count)s examples of %(category)s so far, %(needed)s are needed to route"),
    phrase("only the first %(count)s characters were read"),
    phrase("text that many senders' emails have was not read"),
    phrase("the forwarded email was read because the message itself says little"),
    phrase("corrected by %(actor)s; it was %(before)s"),
    phrase("corrected by %(actor)s"),
    phrase("confirmed by %(actor)s"),
    phrase("assigned by %(actor)s; it was with %(team)s"),
    phrase("a person decides"),
    phrase("fixed threshold"),
    phrase("certified for %(share)s accuracy"),
)
# What a team reads about the author of an email.
NOTES: Final = (
    phrase("%(team)s, which had this ticket before, wrote this."),
    phrase("%(member)s wrote this to the customer directly. It is recorded, and was not sent again."),
    phrase("This email was kept and not obeyed: %(source)s."),
    phrase("%(who)s, who is in a team, answered with the customer's token; so this counts as a customer's email."),
    phrase("Somebody without a readable address is new on this ticket and answered with the customer's token."),
    phrase("%(who)s is new on this ticket and answered with the customer's token."),
)
REFUSALS: Final = (
    phrase("no mail server that we trust confirmed (DMARC) that this email comes from %(author)s"),
    phrase("our own check (DMARC) did not confirm that this email comes from %(author)s: %(result)s"),
    phrase("with its formatting it has %(length)s characters; %(allowed)s are allowed"),
    phrase("it was not handed in with the login of %(author)s"),
    phrase("it names several tickets, so it is not clear which one is meant"),
    phrase("it looks like the email of a machine"),
    phrase("it came through a mailing list; reply to our address instead"),
    phrase("it answers an email whose token was valid until %(day)s; this email has a fresh one"),
    phrase("its token was sent to somebody who is in no team now, and %(source)s"),
    phrase("its token was sent to %(owner)s, and %(source)s"),
    phrase("From is not one readable address"),
    phrase("From is one of our own addresses"),
    phrase("%(author)s is in another team"),
    phrase("%(author)s is in no team"),
)
_MAX: Final = 500


class FormReader:
    """Reads sentences of known forms; the value `source` of a form is a sentence of such a form itself.

    `terms` say the values of these names, such as the name of a status.
    """

    def __init__(self, forms: Sequence[Phrase], terms: Mapping[str, Callable[[str], Phrase]] | None = None) -> None:
        self._terms = {"source": self._inner, **(terms or {})}
        self._known = tuple((form, _pattern(form)) for form in forms)

    def read(self, text: str) -> Phrase:
        """Return a sentence as a phrase; one of no known form stays as it is."""
        return next(self._readings(text[:_MAX]), literal(text))

    def _readings(self, text: str) -> Iterator[Phrase]:
        for form, pattern in self._known:
            if found := pattern.fullmatch(text):
                values = found.groupdict().items()
                yield Phrase(form.text, tuple((name, self._value(name, value)) for name, value in values))

    def _value(self, name: str, value: str) -> str | Phrase:
        term = self._terms.get(name)
        return term(value) if term else value

    def _inner(self, text: str) -> Phrase:
        return next(self._readings(text), literal(text))


def _pattern(form: Phrase) -> re.Pattern[str]:
    pieces = PLACEHOLDER.split(form.text)
    named = (f"(?P<{piece}>.+?)" if number % 2 else re.escape(piece) for number, piece in enumerate(pieces))
    return re.compile("".join(named))


_REASONS: Final = FormReader(FORMS)


def reason(text: str) -> Phrase:
    """Return a stored reason as a phrase; one of no known form stays as it is."""
    return _REASONS.read(text)
