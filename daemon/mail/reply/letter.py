"""Find where the letter of a person begins with its greeting, and where it ends with its closing."""

import re
from typing import Final

from daemon.mail.reply.phrases import CLOSING, FURTHER_CLOSINGS, FURTHER_GREETINGS, GREETING

_MOST_LINES: Final = 40
_MAX_LINE: Final = 100
# A short line with a comma greets at the top, and says goodbye at the end, in languages of which no words are known.
_SHORT: Final = re.compile(r"\s*[^\W\d_][^\n,.:;?!]{1,38}[,\u3001\uff0c]\s*")


def greeting_start(text: str) -> int:
    """Return the offset of the line that greets the reader near the top of a text, 0 without one."""
    at = 0
    for line in text.split("\n", _MOST_LINES)[:_MOST_LINES]:
        if _is_one(line) and (is_greeting(line) or _SHORT.fullmatch(line)):
            return at
        at += len(line) + 1
    return 0


def closing_end(text: str) -> int:
    """Return the offset after the closing phrase near the end of a text, its length without one."""
    at, greeting = len(text), greeting_start(text)
    for line in reversed(text.rsplit("\n", _MOST_LINES)[-_MOST_LINES:]):
        if at - len(line) <= greeting:
            break
        if _is_one(line) and (is_closing(line) or _SHORT.fullmatch(line)):
            return at
        at -= len(line) + 1
    return len(text)


def is_greeting(line: str) -> bool:
    """Return whether a line begins with words that greet, in one of the languages that we know."""
    return bool(GREETING.match(line) or FURTHER_GREETINGS.match(line))


def is_closing(line: str) -> bool:
    """Return whether a line begins with words that say goodbye, in one of the languages that we know."""
    return bool(CLOSING.match(line) or FURTHER_CLOSINGS.match(line))


def _is_one(line: str) -> bool:
    return 0 < len(line) <= _MAX_LINE
