"""Recognise what Outlook sends to recall an email; only Exchange obeys it, others get it to read. Pure."""

from typing import Final

from daemon.mail.message import Message
from daemon.mail.phrase_table import split_phrases

MAX_SUBJECT: Final = 500
# Upper bound of characters beside the subject: "Silva, Ana would like to recall the message", and no more.
MAX_SENTENCE: Final = 200
# Straight, curved, angled and Asian quotation marks.
_QUOTES: Final = "\"'“”„«»\u2018\u2019\u2039\u203a「」『』"
# Before the subject of the recalled email, in the language of Outlook.
_PREFIXES: Final = frozenset(
    split_phrases(
        "recall; rückruf; zurückrufen; rappel; rappeler; recuperar; recuperación; richiamo; richiama; richiamare",
        "recuperação; cancelar; intrekken; intrekking; terugroepen; odwołanie; odwołaj; wycofanie; 取り消し; 取消",
        "回収; リコール; メッセージの取り消し; استدعاء; استرجاع; återkalla; tilbagekald; отзыв; 撤回; 召回",
    )
)
_SENTENCE: Final = "would like to recall the message"


def is_recall(message: Message) -> bool:
    """Say whether an email only asks to recall another: its prefix, and one sentence with the other's subject."""
    prefix, colon, subject = message.subject[:MAX_SUBJECT].replace("\uff1a", ":").partition(":")
    recalled, first = " ".join(subject.split()), _first_paragraph(message.text)
    if not colon or len(first) > len(recalled) + MAX_SENTENCE:
        return False
    is_known = " ".join(prefix.lower().split()) in _PREFIXES and bool(recalled)
    return (is_known and _quotes(first, recalled)) or (prefix.strip().lower() == "recall" and _SENTENCE in first)


def _first_paragraph(text: str) -> str:
    return " ".join(text[: 4 * MAX_SUBJECT].strip().partition("\n\n")[0].split())


def _quotes(text: str, words: str) -> bool:
    """Say whether words stand in a text between quotation marks; French puts a space between."""
    before, found, after = text.replace("\xa0", " ").partition(words)
    return bool(found) and before.rstrip()[-1:] in _QUOTES and after.lstrip()[:1] in _QUOTES and bool(before.strip())
