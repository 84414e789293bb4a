"""Decode RFC 2047 encoded words, including those that mail programs write incorrectly."""

import binascii
import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import Final, NamedTuple

from daemon.mail.encoding.charset import decode
from daemon.mail.encoding.transfer import decode_base64

_START: Final = re.compile(r"=\?([^?\s=]{1,60})\?([bBqQ])\?")
_UNPRINTABLE: Final = re.compile("[\0-\x1f\x7f-\x9f\u2028\u2029]+")


class _Word(NamedTuple):
    charset: str
    encoding: str
    text: str


def decode_words(value: str) -> str:
    """Return a header value as one line of text: encoded words decoded, controls and line ends as spaces."""
    text = "".join(_pieces(value)) if "=?" in value else value
    return text.strip() if text.isprintable() else without_controls(text)


def without_controls(text: str) -> str:
    """Return text with every run of controls and line ends replaced by a space.

    Not `daemon.text.harmless_line`: what is stored keeps its length and its spaces; it is made safe where it is shown.
    """
    return _UNPRINTABLE.sub(" ", text).strip()


def _pieces(value: str) -> Iterator[str]:
    """Yield plain text and decoded runs of adjacent words, in linear time: no search covers the same text twice."""
    run: list[_Word] = []
    at, end = 0, -1
    while match := _START.search(value, at):
        between = value[at : match.start()]
        # White space between two words is not part of the text (RFC 2047 section 6.2).
        if not run or between.strip():
            yield _text(run) + between
            run = []
        if end < match.end():
            end = value.find("?=", match.end())
            end = len(value) if end < 0 else end
        # A word without an end, due to a length limit or a bad fold, ends where the next one starts.
        unfinished = _START.search(value, match.end(), end)
        stop = unfinished.start() if unfinished else end
        at = stop if unfinished else min(stop + 2, len(value))
        run.append(_Word(match[1].partition("*")[0].lower(), match[2].lower(), value[match.end() : stop]))
    yield _text(run) + value[at:]


def _text(run: list[_Word]) -> str:
    """Decode adjacent words; their bytes are joined first, because programs split characters between words."""
    return "".join(
        decode(b"".join(_word_bytes(*same) for same in groupby(words, key=itemgetter(1))), charset)
        for charset, words in groupby(run, key=itemgetter(0))
    )


def _word_bytes(encoding: str, words: Iterable[_Word]) -> bytes:
    if encoding == "b":
        return decode_base64("".join(word.text for word in words).encode("ascii", "ignore"))[0]
    return b"".join(binascii.a2b_qp(word.text.strip().encode("utf-8", "replace"), header=True) for word in words)
