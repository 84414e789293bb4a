"""The sentences of our emails to teams in every language, by which they are recognised in an answer. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Protocol

from babel.messages.catalog import Catalog, Message

from daemon.mail.reply.our_marks import squeeze
from workers.notify.phrases import PLACEHOLDER

# An agent writes these to customers too, or may well: words, and what commands do.
NOT_OURS_ALONE: Final = ("acknowledgement.", "answer.", "customer_view.py", "command_table.py", "refusals.py")
LABELS: Final = "templates/mail/ticket.txt.j2"
# Letters of a sentence that nobody writes by chance. Without spaces, a sign stands for more.
LONG: Final = 24
LONG_UNSPACED: Final = 10
MAX_LABEL: Final = 20
# In every language, one of these numbers has each plural form.
_COUNTS: Final = (0, 1, 2, 5, 11, 100)


class Language(Protocol):
    """One language of our emails."""

    def gettext(self, text: str) -> str:
        """Return a text in this language."""

    def ngettext(self, singular: str, plural: str, count: int) -> str:
        """Return the form of a text for a number."""


def of_team(catalogue: Catalog, languages: Sequence[Language]) -> tuple[str, ...]:
    """Return the parts of sentences between their values, and the labels as "From:"; `catalogue` has the English."""
    messages = [message for message in catalogue if message.id and not message.context and _is_of_team(message)]
    return tuple(dict.fromkeys(part for language in languages for one in messages for part in _parts(one, language)))


def _is_of_team(message: Message) -> bool:
    return any(not any(part in file for part in NOT_OURS_ALONE) for file, _ in message.locations)


def _parts(message: Message, language: Language) -> Iterator[str]:
    for text in _texts(message, language):
        pieces = PLACEHOLDER.split(text)[::2]
        yield from filter(_is_long, pieces)
        if len(pieces) == 1 and len(text) <= MAX_LABEL and any(file == LABELS for file, _ in message.locations):
            yield f"{text}:"


def _texts(message: Message, language: Language) -> Iterable[str]:
    if isinstance(message.id, str):
        return (language.gettext(message.id),)
    singular, plural = message.id
    return {language.ngettext(singular, plural, count) for count in _COUNTS}


def _is_long(text: str) -> bool:
    squeezed = squeeze(text)
    return len(squeezed) >= (LONG_UNSPACED if _is_unspaced(text) else LONG)


def _is_unspaced(text: str) -> bool:
    return any("\u3040" <= sign <= "\u9fff" for sign in text)
