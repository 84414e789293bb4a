"""Recognise a reaction with an emoji: Gmail and Outlook send it as an answer without words."""

import re
from collections.abc import Sequence
from typing import Final

from daemon.mail.message import Message, Part
from daemon.mail.reply.split import split

# Its documentation: "Format of an email reaction".
_PART: Final = "text/vnd.google.email-reaction+json"
# Outlook has no mark for it, but this sentence above the quote; the emoji is an image, or its name in brackets.
_SENTENCE: Final = "reacted to your message:"
_REACTED: Final = re.compile(rf"[^>].{{1,100}}\b{_SENTENCE}")
_LETTER: Final = re.compile(r"[^\W\d_]")
_MAX_TEXT: Final = 20_000
_WORD: Final = "text"
_MAX_LINES: Final = 3


def is_reaction(message: Message) -> bool:
    """Return whether an email is a reaction to another one, and nothing else."""
    if any(map(_is_mark, message.parts)):
        return True
    top, found, below = message.text[:_MAX_TEXT].partition(_SENTENCE)
    is_at_top = bool(found) and says_reaction(f"{top}{found}".strip().split("\n"))
    answers = bool(message.in_reply_to or message.references)
    # A quote is found below other text only, and a line that ends with a colon may announce it.
    return is_at_top and answers and split(f"{_WORD}\n{below}").new.strip() == _WORD


def says_reaction(lines: Sequence[str]) -> bool:
    """Return whether lines are the sentence that Outlook writes for a reaction."""
    *above, last = (line.strip() for line in lines)
    is_short = len(above) < _MAX_LINES and not any(map(_LETTER.search, above))
    return is_short and _REACTED.fullmatch(last) is not None


def _is_mark(part: Part) -> bool:
    disposition = next(iter(part.headers.get("content-disposition", ())), "")
    is_body = not part.embedded and not disposition.lower().lstrip().startswith("attachment")
    return part.content_type == _PART and is_body
