"""Tell invitations of people, and answers in words, from the answers that a button sends (RFC 5546)."""

import re
from itertools import takewhile
from typing import Final

from daemon.mail.message import Message, Part
from daemon.mail.mime.calendar import is_calendar, method_of, read_invitations
from daemon.mail.phrase_table import split_phrases
from daemon.mail.reply.banner import without_gateway_text
from daemon.mail.reply.phrases import CLOSING
from daemon.mail.reply.signature import cut_signature
from daemon.mail.reply.split import chunks
from daemon.mail.screening.auto_headers import auto_submitted_value

_MAX_VALUE: Final = 500
_MAX_TEXT: Final = 4000
# Thai, Japanese and Chinese have no blanks between words.
_NO_BLANKS: Final = "\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff"
_WORD: Final = re.compile(rf"[{_NO_BLANKS}]{{1,3}}|[^\W{_NO_BLANKS}]+")
# What services write into every answer, which keep a note of the person in the calendar only.
_SERVICES: Final = ("calendar.google.com",)
_METHOD: Final = re.compile(r"\bmethod=([a-z-]{1,20})")
# What a person sends who plans, moves or calls off a meeting.
_INVITING: Final = frozenset({"request", "counter", "cancel", "add"})
# So many words that the calendar does not say are a message of a person.
_A_MESSAGE: Final = 5
# Lines that calendar programs write into the text of an answer.
_STANDARD: Final = split_phrases(
    "accepted this; accepted the; accepted your; has accepted; have accepted; declined this; declined the",
    "declined your; has declined; have declined; tentatively; will attend; will not attend; not be attending",
    "won't attend; proposed a new time; this invitation; this event; your invitation; the invitation; google calendar",
    "zugesagt; abgesagt; abgelehnt; angenommen; unter vorbehalt; einladung; nimmt teil; nimmt nicht teil",
    "a accepté; a refusé; a décliné; invitation; ha aceptado; ha rechazado; invitación; ha accettato; ha rifiutato",
    "invito; heeft geaccepteerd; heeft geweigerd; uitnodiging; aceitou; recusou; convite; zaakceptował; odrzucił",
    "tackat ja; tackat nej; har accepterat; har godtaget; har afvist; har godtatt; har avslått",
    "приня; отклон; 出席; 承諾; 辞退; 已接受; 已拒绝; 暂定; 暫訂; 謝絕; 接受; 仮承諾",
    "*~*~*~; when:; where:; wann:; wo:; quand:; où:; organizer; organisator",
)


def is_button_answer(message: Message) -> bool:
    """Return whether an email is an answer to an invitation that has no words of a person."""
    return any(map(_is_reply, _own_parts(message))) and not has_words(message)


def is_answer_in_words(message: Message) -> bool:
    """Return whether a person wrote words into the answer to an invitation."""
    return any(map(_is_reply, _own_parts(message))) and has_words(message)


def is_invitation(message: Message) -> bool:
    """Return whether an email is the invitation of a person: calendar services mark these as generated."""
    return any(
        _method(part) in _INVITING and read_invitations(part.text)
        for part in _own_parts(message)
        if part.content_type == "text/calendar"
    )


def has_words(message: Message) -> bool:
    """Return whether an answer has a comment, or text that says more than the calendar and its program."""
    calendars = [part for part in _own_parts(message) if is_calendar(part.content_type, ())]
    events = [event for part in calendars for event in read_invitations(part.text)]
    if any(event.comment for event in events):
        return True
    if auto_submitted_value(message):
        return False
    names = (address.name for address in (*message.from_, *message.to))
    known = {
        word for text in (message.subject, *names, *(event.as_text() for event in events)) for word in _words(text)
    }
    fresh = [word for line in _typed(message.text) for word in _words(line) if word not in known]
    return len(fresh) >= _A_MESSAGE and _has_text_part(message)


def _typed(text: str) -> list[str]:
    """Return the lines that a person may have typed; a quote, signature or legal notice may be all that there is."""
    if any(mark in text for mark in _SERVICES):
        return []
    found = chunks(text[:_MAX_TEXT].split("\n"), forwards=False) or []
    new = "\n".join(line for chunk in found if chunk.kind == "new" for line in chunk.lines)
    lines = without_gateway_text(new).split("\n")
    typed = takewhile(lambda line: not CLOSING.match(line), lines[: cut_signature(lines, whole=True)])
    return [line for line in typed if not _is_standard(line)]


def _has_text_part(message: Message) -> bool:
    """Return whether the text is not that of the calendar, which stands in for a missing one."""
    return any(part.content_type in {"text/plain", "text/html"} and part.text.strip() for part in _own_parts(message))


def _own_parts(message: Message) -> list[Part]:
    return [part for part in message.parts if not part.embedded]


def _is_reply(part: Part) -> bool:
    return is_calendar(part.content_type, ()) and _method(part) == "reply"


def _method(part: Part) -> str:
    declared = part.headers.get("content-type", ("",))[0][:_MAX_VALUE].lower().replace('"', "")
    found = _METHOD.search("".join(declared.split()))
    return found[1] if found else method_of(part.text)


def _words(text: str) -> list[str]:
    return _WORD.findall(text[:_MAX_TEXT].lower())


def _is_standard(line: str) -> bool:
    low = " ".join(line.lower().split())
    return any(phrase in low for phrase in _STANDARD)
