"""Recognise notes of programs that no header marks: absence notes, automatic answers and receipts in prose."""

import re
from collections.abc import Sequence
from typing import Final

from daemon.mail.message import Message
from daemon.mail.reply.gateway_tags import without_gateway_tags
from daemon.mail.reply.split import new_text
from daemon.mail.screening.auto_subjects import AUTO_PREFIXES, auto_subject
from daemon.mail.screening.note_phrases import (
    ABSENCE_SUBJECTS,
    ABSENT,
    AROUND_ABSENCE,
    DECLARED,
    DELIVERY_SUBJECTS,
    READ,
    RECEIPT_STARTS,
    RECEIPT_SUBJECTS,
    SIGN_OFFS,
    THANKS,
)
from daemon.mail.senders import is_mail_system
from daemon.mail.text.line import fold

_MAX_SUBJECT: Final = 500
_MAX_TEXT: Final = 3000
_MAX_RECEIPT: Final = 800
_MAX_GREETING: Final = 6
_SHORT: Final = 6
_MAX_CLOSING: Final = 5
_MAX_SENTENCE: Final = 160
# Not after a number: "bis 12. März", "until March 12."
_SENTENCE_END: Final = re.compile(r"(?<=[^\d][.!?])\s+|[\u3002\uff01\uff1f]|\n\n+")
_QUESTION: Final = ("?", "\uff1f", "\u061f", "\u037e")
_BRACKETS: Final = re.compile(r"[(\[]([^()\[\]]{2,40})[)\]]\s*$")
_LATER: Final = re.compile(r"\s+(?:re|aw|sv|antw|odp|rif|ref|ynt)\s*:")
# "wurde am Montag, 2. März 2026 10:00 gelesen": German puts the verb at the end.
_READ_GERMAN: Final = re.compile(r"\bwurde\b.{5,80}\b(?:gelesen|gelöscht)\b")


def _longest_words(phrases: Sequence[str]) -> tuple[str, ...]:
    """Return the longest word of each phrase, without those that contain another: a text without any has no phrase."""
    words = {max(phrase.split(), key=len) for phrase in phrases}
    return tuple(word for word in words if not any(other != word and other in word for other in words))


_OF_DECLARED: Final = _longest_words(DECLARED)
_OF_NOTES: Final = _longest_words((*ABSENT, *DECLARED))


def absence_evidence(message: Message) -> str:
    """Return why an email is an absence note or an automatic answer, or "".

    A subject that people write too counts with a text that begins with the absence. Without one, an email that replies
    must say nothing but that somebody is away, and what to do meanwhile: a customer who is away may also complain.
    """
    is_reply = bool(message.in_reply_to or message.references)
    subject = _absence_subject(message.subject)
    if not (is_reply or subject) or not _may_have(message, _OF_NOTES):
        return ""
    text = new_text(message.text[:_MAX_TEXT])
    if any(mark in text for mark in _QUESTION):
        return ""
    sentences = _sentences(text)
    if is_reply and any(sentence.startswith(DECLARED) for sentence in sentences):
        return "reply that says that it is automatic"
    away = [_has(sentence, ABSENT) for sentence in sentences]
    if not any(away):
        return ""
    around = [len(sentence) < _MAX_SENTENCE and _has(sentence, AROUND_ABSENCE) for sentence in sentences]
    known = sum(one or other for one, other in zip(away, around, strict=True))
    begins = next(is_away for is_away, is_around in zip(away, around, strict=True) if is_away or not is_around)
    if subject and begins and known * 2 > len(sentences):
        return f'absence note with the subject "{subject}"'
    opens = all(_has(sentence, THANKS) for sentence in sentences[: away.index(True)])
    is_only_note = any(around) and opens and known == len(sentences)
    return "reply that is only an absence note" if is_reply and is_only_note else ""


def receipt_evidence(message: Message) -> str:
    """Return why an email is a receipt in prose, as old Exchange servers and phones write it, or ""."""
    prefix = fold(_head(message.subject)).partition(":")[0].strip()
    if prefix in DELIVERY_SUBJECTS and message.from_ and all(map(is_mail_system, message.from_)):
        return "note of a mail system on a delivery"
    text = " ".join(fold(message.text[: _MAX_RECEIPT + 1]).split())
    if (
        prefix not in RECEIPT_SUBJECTS
        or not text.startswith(RECEIPT_STARTS)
        or len(text) > _MAX_RECEIPT
        or any(mark in text for mark in _QUESTION)
    ):
        return ""
    return "receipt in prose" if _has(text, READ) or _READ_GERMAN.search(text) else ""


def is_declared_automatic(message: Message) -> bool:
    """Return whether a text says of itself that a program wrote it."""
    return _may_have(message, _OF_DECLARED) and any(
        sentence.startswith(DECLARED) for sentence in _sentences(new_text(message.text[:_MAX_TEXT]))
    )


def _absence_subject(subject: str) -> str:
    """Return the words of a subject that announce an absence, or ""."""
    head = fold(_head(subject))
    brackets = _BRACKETS.search(head)
    later = _LATER.search(head)
    candidates = (head.partition(":")[0], brackets[1] if brackets else "", head[: later.start()] if later else "")
    found = (" ".join(candidate.strip(" .!*-[]()").split()) for candidate in candidates)
    return next((words for words in found if words in ABSENCE_SUBJECTS or words in AUTO_PREFIXES), "") or auto_subject(
        subject
    )


def _head(subject: str) -> str:
    return without_gateway_tags(subject[:_MAX_SUBJECT]).replace("\uff1a", ":").strip()


def _may_have(message: Message, words: Sequence[str]) -> bool:
    """Return whether a text has one of these words: to split each email into sentences costs more than to read it."""
    return _has(_folded(message.text[:_MAX_TEXT]), words)


def _folded(text: str) -> str:
    return fold(text).replace("\u2019", "'")


def _sentences(text: str) -> Sequence[str]:
    """Return the folded sentences of a text, without a greeting of its own and without what follows a closing."""
    lines = [_folded(line).strip() for line in text.split("\n")]
    end = next((i for i, line in enumerate(lines) if i and _is_closing(line)), None)
    found = [" ".join(part.split()) for part in _SENTENCE_END.split("\n".join(lines[:end]))]
    return [part for part in found if any(c.isalpha() for c in part) and not _is_greeting(part)]


def _is_closing(line: str) -> bool:
    return line.startswith(SIGN_OFFS) and len(line.split()) <= _MAX_CLOSING


def _is_greeting(sentence: str) -> bool:
    return len(sentence) <= _SHORT or (sentence.endswith((",", "!", ":")) and len(sentence.split()) <= _MAX_GREETING)


def _has(sentence: str, phrases: Sequence[str]) -> bool:
    # Without a generator, which takes longer than the search.
    return any(map(sentence.__contains__, phrases))
