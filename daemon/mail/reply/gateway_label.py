"""Recognise a label of mail gateways, such as EXTERNAL, by its words."""

import re
from typing import Final

from daemon.mail.reply.banner_phrases import LABEL_MARKS, LABEL_WORDS, LABELS
from daemon.mail.text.line import fold

_NOT_LETTERS: Final = re.compile(r"[^\w?]+")
_NUMBER: Final = re.compile(r"(?<=spam) \d{1,3}(?: \d{1,3})?\b")
_ADDRESS: Final = re.compile(r"[^\s()]{1,64}@[^\s()]{1,255}")
# Of other companies than this one: "Non-Acme email".
_OTHERS: Final = re.compile(r"\bnon-\w{2,30}(?= (?:e-?mail|sender))")


def is_gateway_label(text: str) -> bool:
    """Return whether a few words are a label that gateways write, whatever the case and punctuation."""
    words = _words_of(text)
    if words in _LABELS:
        return True
    each = words.split()
    return not LABEL_MARKS.isdisjoint(each) and LABEL_WORDS.issuperset(each)


def _words_of(text: str) -> str:
    folded = _OTHERS.sub("external", _ADDRESS.sub(" ", fold(text)))
    return _NUMBER.sub("", " ".join(_NOT_LETTERS.sub(" ", folded).split()))


_LABELS: Final = frozenset(map(_words_of, LABELS))
