"""Read the date of a forwarded or quoted email as mail programs write it in the language of their user."""

import re
from datetime import UTC, datetime, time
from typing import Final, NamedTuple

from daemon.mail.mime.dates import read_date
from daemon.mail.text.line import fold, plain
from daemon.text import normalized

_MAX: Final = 120
_MONTHS: Final = (
    "january januar janvier enero gennaio janeiro januari stycznia styczen يناير",
    "february februar fevrier febrero febbraio fevereiro februari lutego luty فبراير",
    "march marz mars marzo marco maart mrt marca marzec مارس",
    "april avril abril aprile kwietnia kwiecien أبريل ابريل",
    "may mai mayo maggio maio mei maja maj مايو",
    "june juni juin junio giugno junho czerwca czerwiec يونيو",
    "july juli juillet julio luglio julho lipca lipiec يوليو",
    "august aout agosto augustus sierpnia sierpien أغسطس اغسطس",
    "september septembre septiembre setiembre settembre setembro wrzesnia wrzesien سبتمبر",
    "october oktober octobre octubre ottobre outubro pazdziernika pazdziernik أكتوبر اكتوبر",
    "november novembre noviembre novembro listopada listopad نوفمبر",
    "december dezember decembre diciembre dicembre dezembro grudnia grudzien ديسمبر",
)
_NAMES: Final = {name: number for number, names in enumerate(_MONTHS, 1) for name in names.split()}
_SHORTEST: Final = 3
_YEAR_FIRST: Final = re.compile(r"(?<!\d)(\d{4})\s?[-/.\u5e74]\s?(\d{1,2})\s?[-/.\u6708]\s?(\d{1,2})(?!\d)")
_YEAR_LAST: Final = re.compile(r"(?<!\d)(\d{1,2})([-/.])(\d{1,2})\2(\d{4})(?!\d)")
_TIME: Final = re.compile(
    r"(?<![\d:.])(\d{1,2})\s?[:.h\u6642\u65f6]\s?(\d{2})(?:[:.\u5206](\d{2}))?(?!\d)[\s\u202f]*([ap])?\.?(?=m\b|m?\.|[^a-z]|$)"
)
_AFTERNOON: Final = re.compile("\u4e0b\u5348|\u5348\u5f8c|\\b\u0645\\b")
_YEAR: Final = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_DAY: Final = re.compile(r"(?<![\d:])\d{1,2}(?![\d:])")
# Words between date and time, such as "at" and "alle ore".
_CONNECTED: Final = re.compile(r"(\b\d{4}),?\s+(?:[^\W\d_]+\s+){1,3}(?=\d{1,2}[:.]\d\d)")
_ORDINAL: Final = re.compile(r"\b(\d{1,2})(?:st|nd|rd|th)\b")
_WORD: Final = re.compile(r"[^\W\d_]+")
_LAST_MONTH: Final = 12
MIDNIGHT: Final = time()


class _Day(NamedTuple):
    year: int
    month: int
    day: int


def read_local_date(value: str, *, month_first: bool = False) -> datetime | None:
    """Return a date in any of ten languages, as UTC where it names no zone; None if it is unclear or unreadable.

    3/4/2026 is unclear where the language may write the month first.
    """
    text = _ORDINAL.sub(r"\1", _CONNECTED.sub(r"\1 ", plain(value[:_MAX])))
    known = read_date(text)
    if known is not None and (known.time() != MIDNIGHT or not _TIME.search(text)):
        return known
    folded = _without_accents(fold(text))
    numeric = _YEAR_FIRST.search(folded) or _YEAR_LAST.search(folded)
    rest = f"{folded[: numeric.start()]} {folded[numeric.end() :]}" if numeric else folded
    clock = _TIME.search(rest)
    day = _numeric(numeric, month_first=month_first) if numeric else _named(rest, clock)
    return _moment(day, rest, clock) if day else None


def _without_accents(text: str) -> str:
    # Arabic letters are left as they are: their hamza would be taken off too.
    return "".join(
        c if "\u0600" <= c <= "\u06ff" else "".join(d for d in normalized("NFD", c) if d.isalnum() or d == c)
        for c in text
    )


def _numeric(found: "re.Match[str]", *, month_first: bool) -> _Day | None:
    if found.re is _YEAR_FIRST:
        return _Day(int(found[1]), int(found[2]), int(found[3]))
    first, second, year = int(found[1]), int(found[3]), int(found[4])
    if second > _LAST_MONTH:
        return _Day(year, first, second)
    if month_first and found[2] == "/" and first <= _LAST_MONTH and first != second:
        return None
    return _Day(year, second, first)


def _named(text: str, clock: "re.Match[str] | None") -> _Day | None:
    """Read a date with the name of a month, whole or shortened."""
    if clock is not None:
        text = f"{text[: clock.start()]} {text[clock.end() :]}"
    months = {month for word in _WORD.findall(text) if (month := _month(word))}
    year, day = _YEAR.search(text), _DAY.search(text)
    if len(months) != 1 or year is None or day is None:
        return None
    return _Day(int(year[0]), months.pop(), int(day[0]))


def _month(word: str) -> int | None:
    if word in _NAMES:
        return _NAMES[word]
    found = {number for name, number in _NAMES.items() if name.startswith(word)} if len(word) >= _SHORTEST else set()
    return found.pop() if len(found) == 1 else None


def _moment(day: _Day, text: str, clock: "re.Match[str] | None") -> datetime | None:
    hour, minute, second = (int(clock[1]), int(clock[2]), int(clock[3] or 0)) if clock else (0, 0, 0)
    if clock and (clock[4] or _AFTERNOON.search(text)):
        hour = hour % 12 + (12 if clock[4] != "a" else 0)
    try:
        return datetime(*day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
