"""Match the attribution line of a quote: "On Thu, 12 May 2022 at 10:15, Anna <anna@host> wrote:" in any language.

Lines must be `plain`. An attribution has two of date, address and a word for "wrote", where mail programs put them.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from daemon.mail.reply.phrases import QUOTING, WROTE, WROTE_PARTS
from daemon.mail.text.line import (
    COLONS,
    MAX_LINE,
    WIDE_COLON,
    fold,
    has_date,
    is_quoted,
    next_text,
    opens_with_date,
    plain,
)

_MAX_LINES: Final = 5
_NAMES: Final = 4
_WORDS_OF_A_NAME: Final = 8
_TAIL_OF_ADDRESS: Final = 12

_YEAR: Final = re.compile(r"(?<!\d)(?:19|20|25)\d\d(?!\d)")
_SECONDS: Final = re.compile(r"\d[:.]\d\d[:.]\d\d")
_ADDRESS: Final = re.compile(
    r"(?:[<(\[]|&lt;)\s?(?:mailto:)?[^\s<>()\[\]@]{1,80}@[^\s<>()\[\]@]{1,120}?\s?(?:[>)\]<]|&gt;|$)"
)
_MAX_SEPARATED: Final = 100_000
_GOES_ON: Final = re.compile(rf"^([^\n]{{10,200}}@[^\n]{{1,100}}?[:{WIDE_COLON}])[ \u00a0]{{2,8}}(?=\S)", re.MULTILINE)
_SPLIT: Final = re.compile(rf"[\s():,/{WIDE_COLON}]+")
_FIRST_PERSON: Final = re.compile(
    r"\bi (?:\w{1,12} ){0,2}wr[oi]te|\bich schrieb|\bschrieb ich\b|\bik schreef|\bschreef ik\b|\bj['\u2019]ai\b"
    r"|\bho scritto|\bj[ae]g skrev|\bskrev j[ae]g\b|(?:^|\s)\u044f (?:на)?писал"
)


def separate_attributions(text: str) -> str:
    """Return a text with a line end where Yahoo Mail on phones lets the quote begin on the line of the attribution."""
    return _GOES_ON.sub(_ended, text[:_MAX_SEPARATED]) + text[_MAX_SEPARATED:] if "@" in text else text


def _ended(match: re.Match[str]) -> str:
    return f"{match[1]}\n" if _announces(plain(match[1]), quote_follows=False) else match[0]


def match_attribution(lines: Sequence[str], index: int) -> tuple[int, int] | None:
    """Return the range of an attribution of one to five lines that ends at `index`."""
    if not _ends_attribution(lines[index]):
        return None
    after = next_text(lines, index + 1)
    quote_follows = after is not None and is_quoted(lines[after])
    joined = ""
    for start in range(index, max(index - _MAX_LINES, -1), -1):
        joined = f"{lines[start]} {joined}".rstrip()
        if not lines[start] or len(joined) > MAX_LINE:
            break
        if _announces(joined, quote_follows=quote_follows):
            return (start if _YEAR.search(joined) else _reach_up(lines, start)), index + 1
        if opens_with_date(lines[start]):
            break
    return None


def _ends_attribution(line: str) -> bool:
    if line.endswith((*COLONS, "---")):
        return True
    last = line[-40:].rsplit(None, 1)[-1:]
    return last != [] and _says_wrote(last[0])


@lru_cache(maxsize=4096)
def _says_wrote(word: str) -> bool:
    return fold(word).strip("():._") in WROTE


def _reach_up(lines: Sequence[str], start: int) -> int:
    """Include lines above with the date, split off by wrapping, as in "Le jeu. 12 mai 2022 à"."""
    for at in range(start - 1, max(start - _MAX_LINES, -1), -1):
        above = lines[at]
        if not above or above[-1] in ".!?:" or len(above) > MAX_LINE or is_quoted(above):
            break
        if opens_with_date(above):
            return at
    return start


def _announces(joined: str, *, quote_follows: bool) -> bool:
    """Return whether joined lines have two of date, address and a word for "wrote", where programs put them."""
    text = fold(joined).strip(" -\u2014_")
    date = has_date(text)
    address = _ADDRESS.search(text) if "@" in text else None
    if not date and address is None and not quote_follows:
        return False
    colon = text.endswith(COLONS) or joined.endswith("---")
    return (
        _has_shape(text, address, date=date, colon=colon)
        or (quote_follows and colon and _is_short_attribution(joined, text, date=date))
    ) and not _FIRST_PERSON.search(text)


def _has_shape(text: str, address: re.Match[str] | None, *, date: bool, colon: bool) -> bool:
    wrote = _wrote(text)
    opens = opens_with_date(text)
    if address and date:
        near_end = len(text) - address.end() <= _TAIL_OF_ADDRESS
        return (colon and (wrote or opens or near_end)) or (wrote and opens)
    if address:
        return colon and wrote and len(text[: address.start()].split()) <= _WORDS_OF_A_NAME
    return wrote and colon and (opens or _SECONDS.search(text) is not None)


def _is_short_attribution(joined: str, text: str, *, date: bool) -> bool:
    """Match what is an attribution only with a quote below it: a date and a name, or a name alone.

    Mozilla writes "Anna Berg wrote:", Horde "Quoting Anna Berg:".
    """
    if date:
        return opens_with_date(text)
    quoting = next((phrase for phrase in QUOTING if text.startswith(f"{phrase} ")), "")
    rest = _ADDRESS.sub(" ", joined[len(quoting) :]) if quoting else joined
    names = [word for word in _SPLIT.split(rest) if word and fold(word) not in WROTE | {"a", "ha"}]
    return (quoting != "" or _wrote(text)) and len(names) <= _NAMES and all(word[0].isupper() for word in names)


def _wrote(text: str) -> bool:
    return not WROTE.isdisjoint(_SPLIT.split(text)) or any(part in text for part in WROTE_PARTS)
