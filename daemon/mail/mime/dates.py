"""Read dates as mail programs write them: RFC 5322, asctime, ISO 8601, and common deviations."""

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

_MONTHS: Final = {
    name: n
    for n, name in enumerate(["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1)
}
# The North American zones of RFC 5322 section 4.3; all other names and military letters count as UTC.
_ZONES: Final = {"est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7} | {
    "cet": 1, "cest": 2, "mez": 1, "mesz": 2, "eet": 2, "eest": 3, "bst": 1, "jst": 9, "kst": 9, "hkt": 8, "msk": 3,
}  # fmt: skip
_MAX: Final = 200
_EARLIEST: Final = 1970
_LATEST: Final = 2999

_TIME: Final = r"(?P<hour>\d{1,2})[:.](?P<minute>\d{1,2})(?:[:.](?P<second>\d{1,2}))?(?:[.,]\d+)?\s*(?P<half>[ap]m\b)?"
_ZONE: Final = r"\s*\(?(?:(?:GMT|UTC|UT)?\s*(?P<sign>[+-])\s*(?P<zh>\d{1,2}):?(?P<zm>\d{2})?|(?P<zone>[A-Z]{1,5}))?"
_SHAPES: Final = tuple(
    re.compile(shape, re.IGNORECASE)
    for shape in (
        rf"(?P<day>\d{{1,2}})[\s.,/-]{{0,4}}(?P<month>[a-z]{{3}})[a-z]*[\s.,/-]{{0,4}}(?P<year>\d{{2,4}}),?\s+{_TIME}{_ZONE}",
        rf"(?P<month>[a-z]{{3}})[a-z]*\s+(?P<day>\d{{1,2}}),?\s+{_TIME}\s*(?:[A-Z]{{3,4}}\s+)?(?P<year>\d{{4}}){_ZONE}",
        rf"(?P<month>[a-z]{{3}})[a-z]*\s+(?P<day>\d{{1,2}}),?\s+(?P<year>\d{{4}}),?\s+{_TIME}{_ZONE}",
        rf"(?P<year>\d{{4}})-(?P<month>\d{{1,2}})-(?P<day>\d{{1,2}})[T\s]\s*{_TIME}{_ZONE}",
        r"(?P<day>\d{1,2})[\s-]+(?P<month>[a-z]{3})[a-z]*[\s-]+(?P<year>\d{2,4})",
    )
)


def read_date(value: str) -> datetime | None:
    """Return the time in a Date field with its own offset (UTC if it has none), or None."""
    value = value[:_MAX]
    for shape in _SHAPES:
        match = shape.search(value)
        moment = _moment(match.groupdict()) if match else None
        if moment:
            return moment
    return None


def _moment(found: dict[str, str | None]) -> datetime | None:
    month = found["month"] or ""
    number = int(month) if month.isdigit() else _MONTHS.get(month.lower())
    year = _year(found["year"] or "")
    if number is None or not _EARLIEST <= year <= _LATEST:
        return None
    # datetime has no leap seconds: use the second before.
    clock = (_hour(found), int(found.get("minute") or 0), min(int(found.get("second") or 0), 59))
    try:
        return datetime(year, number, int(found["day"] or 0), *clock, tzinfo=_offset(found))
    except ValueError:
        return None


def _year(text: str) -> int:
    """Read a year of two or three digits as RFC 5322 section 4.3 says."""
    year = int(text)
    if len(text) == 2:  # noqa: PLR2004
        return year + (2000 if year < 50 else 1900)  # noqa: PLR2004
    return year + 1900 if len(text) == 3 else year  # noqa: PLR2004


def _hour(found: dict[str, str | None]) -> int:
    hour, half = int(found.get("hour") or 0), (found.get("half") or "").lower()
    return hour % 12 + (12 if half == "pm" else 0) if half else hour


def _offset(found: dict[str, str | None]) -> timezone:
    if not found.get("sign"):
        hours = _ZONES.get((found.get("zone") or "").lower(), 0)
        return timezone(timedelta(hours=hours)) if hours else UTC
    minutes = int(found["zh"] or 0) * 60 + int(found["zm"] or 0)
    if minutes >= 24 * 60:
        return UTC
    return timezone(timedelta(minutes=-minutes if found["sign"] == "-" else minutes))
