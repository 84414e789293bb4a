"""Normalise lines of email for matching, and test simple properties of them."""

import re
from collections.abc import Sequence
from typing import Final

from daemon.mail.phrase_table import split_phrases
from daemon.text import normalized

MAX_LINE: Final = 320
WIDE_COLON: Final = "\uff1a"
COLONS: Final = (":", WIDE_COLON)
# The punctuation of Chinese and Japanese, which has no space around it, for a class of characters.
WIDE_PUNCTUATION: Final = "\u3000-\u303f\uff08-\uff0f\uff1a-\uff1e"

_QUOTED: Final = re.compile(r"[ \t]{0,3}>")
_DIGIT: Final = re.compile(r"\d")
_DATE: Final = re.compile(rf"(?<!\d)(?:19|20|25)\d\d(?!\d)|(?<!\d)\d{{1,2}}[:{WIDE_COLON}hH]\d\d(?!\d)")
_WORDS_BEFORE_DATE: Final = 4
_ZEROS: Final = (0x660, 0x6F0, 0x966, 0xE50)
_DIGITS: Final = {zero + value: str(value) for zero in _ZEROS for value in range(10)}
_INVISIBLE: Final = dict.fromkeys(
    [0xAD, 0xFEFF, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x206A)]
)
_TO_PLAIN: Final = _INVISIBLE | _DIGITS | {0xA0: " ", 0x202F: " "}


def plain(line: str) -> str:
    """Return a line without formatting characters and emphasis, digits in ASCII, cut just past `MAX_LINE`."""
    text = line[: MAX_LINE + 1]
    if not text.isascii():
        text = normalized("NFC", text).translate(_TO_PLAIN)
    return text.strip(" \t\r*")


def plain_digits(text: str) -> str:
    """Return text with its digits in ASCII, such as those of Arabic."""
    return text.translate(_DIGITS)


def fold(text: str) -> str:
    """Return text casefolded; the dotted capital I of Turkish becomes a plain i."""
    return text.casefold().replace("i\u0307", "i")


def split_folded(*lines: str) -> tuple[str, ...]:
    """Return the phrases of a table, folded like the text in which they are looked for."""
    return tuple(map(fold, split_phrases(*lines)))


def is_quoted(line: str) -> bool:
    """Return whether a line has the quote prefix."""
    return ">" in line[:4] and _QUOTED.match(line) is not None


def has_date(text: str) -> bool:
    """Return whether a text contains a year or a time."""
    return _DIGIT.search(text) is not None and _DATE.search(text) is not None


def opens_with_date(text: str) -> bool:
    """Return whether a date with a year or time starts within the first words."""
    first = _DIGIT.search(text)
    return first is not None and len(text[: first.start()].split()) <= _WORDS_BEFORE_DATE and has_date(text)


def next_text(lines: Sequence[str], index: int) -> int | None:
    """Return the index of the next line with text, after at most two empty lines."""
    return next((at for at in range(index, min(index + 3, len(lines))) if lines[at]), None)
