"""The views of all templates, and their conversion to plain values in one language that are safe to show. Pure."""

from dataclasses import fields, is_dataclass
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from markupsafe import Markup

from daemon.text import harmless_line
from workers.notify import links
from workers.notify.answer_view import AnswerMail, CleanHtml
from workers.notify.conversation_view import Answered, Returned, answered, returned
from workers.notify.customer_view import Acknowledgement, acknowledgement
from workers.notify.digest_view import Digest, digest
from workers.notify.excerpt import Passage
from workers.notify.links import Link
from workers.notify.phrases import ENGLISH, MAX_VALUE, Phrase, Translator
from workers.notify.question_view import Questions, questions
from workers.notify.sanitize import lines
from workers.notify.sign_in_view import SignIn
from workers.notify.team_view import TeamMail, team_mail

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

__all__ = [
    "Acknowledgement",
    "AnswerMail",
    "Answered",
    "CleanHtml",
    "Digest",
    "Questions",
    "Returned",
    "SignIn",
    "TeamMail",
    "View",
    "acknowledgement",
    "answered",
    "context",
    "digest",
    "questions",
    "returned",
    "team_mail",
]

MAX_ITEMS: Final = 50

View = Acknowledgement | TeamMail | Digest | AnswerMail | Answered | Returned | SignIn | Questions


def context(view: View, translator: Translator = ENGLISH) -> dict[str, object]:
    """Return a view as dict, list, str, int, bool and cleaned HTML; every string is safe to show and bounded."""
    values = {name: plain(getattr(view, name), translator) for name in _names(view)}
    start, end = ("right", "left") if translator.right_to_left else ("left", "right")
    direction = "rtl" if translator.right_to_left else "ltr"
    return values | {"language": translator.language, "direction": direction, "start": start, "end": end}


def plain(value: object, translator: Translator = ENGLISH) -> object:
    """Return one value of a view as plain types."""
    # Most values are strings, and every email has dozens.
    if isinstance(value, str):
        return harmless_line(value, MAX_VALUE)
    if isinstance(value, tuple):
        return [plain(item, translator) for item in value[:MAX_ITEMS]]
    if isinstance(value, Passage):
        return {"text": lines(value.text), "more": plain(value.more, translator)}
    if isinstance(value, datetime):
        return {"day": translator.day(value), "time": f"{value:%H:%M}"}
    if is_dataclass(value) and not isinstance(value, (type, Phrase, Link, CleanHtml)):
        return {name: plain(getattr(value, name), translator) for name in _names(value)}
    return _shown(value, translator)


def _names(value: "DataclassInstance") -> tuple[str, ...]:
    return _names_of(type(value))


@cache
def _names_of(kind: type[Any]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


def _shown(value: object, translator: Translator) -> object:
    """Return what is shown of a value that has no parts."""
    match value:
        case CleanHtml():
            return Markup(value.source)  # noqa: S704 - cleaned by an allow-list
        case Phrase():
            return translator.say(value)
        case Link():
            return links.url(value, translator.say(links.HINT))
        case _:
            return value
