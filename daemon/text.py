"""Make text from outside safe to show on one line, shorten it; domains and hosts of addresses; lengths of time."""

import ipaddress
import re
import unicodedata
from typing import Final, Literal

# Embeddings, overrides and isolates reorder what stands around them; the marks U+200E and U+200F do not.
BIDI_CONTROLS: Final = re.compile(r"[\u202a-\u202e\u2066-\u2069]")
# C0, DEL, C1, the line and paragraph separators, lone surrogates: none of them belongs in one line.
_BREAKS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_SCANNED: Final = 10
# Python sorts the marks of a run in quadratic time. No script needs more than 30 (UAX #15, stream-safe text).
_MAX_MARKS: Final = 30
# Every combining mark is no word character; these become some in a normal form, or have none of their own order.
_LIKE_MARKS: Final = frozenset("\uff9e\uff9f\u0f73\u0f75\u0f81")
_MAYBE_MARKS: Final = re.compile(rf"(?:[^\w\s\x00-\x7f]|[\uff9e\uff9f]){{{_MAX_MARKS + 1},}}")


def harmless_line(text: str, limit: int = 200) -> str:
    """Return text as one line of at most `limit` characters, without controls and with single spaces.

    Only the first ten times `limit` characters are read.
    """
    text = text[: _SCANNED * limit]
    # Most text is plain ASCII; one test for that costs less than two substitutions.
    if not (text.isascii() and text.isprintable()):
        text = BIDI_CONTROLS.sub("", _BREAKS.sub(" ", text))
    return shorten(" ".join(text.split()), limit)


def normalized(form: Literal["NFC", "NFKC", "NFD", "NFKD"], text: str) -> str:
    """Return text in a normal form of Unicode, in linear time: of a run of combining marks, the first 30 stay."""
    return text if text.isascii() else unicodedata.normalize(form, _MAYBE_MARKS.sub(_with_few_marks, text))


def _with_few_marks(match: re.Match[str]) -> str:
    kept, marks = [], 0
    for c in match[0]:
        marks = marks + 1 if unicodedata.combining(c) or c in _LIKE_MARKS else 0
        if marks <= _MAX_MARKS:
            kept.append(c)
    return "".join(kept)


def plain_address(host: str) -> str:
    """Return an IPv4 address that a socket for both families shows as ::ffff:192.0.2.1; any other text as it is."""
    if not host.startswith("::"):
        return host
    try:
        mapped = ipaddress.IPv6Address(host).ipv4_mapped
    except ValueError:
        return host
    return host if mapped is None else str(mapped)


def shorten(text: str, limit: int) -> str:
    """Return text, cut to `limit` characters with "…" as the last one where it is longer."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def domain_of(address: str) -> str:
    """Return what follows the last "@" of an address; text without one is taken for a domain."""
    return address.rpartition("@")[2]


def length_of_time(seconds: float) -> str:
    """Return a length of time in its largest unit of at least two, such as "90 min" or "3 d"."""
    for length, unit in ((86400, "d"), (3600, "h")):
        if seconds >= 2 * length:
            return f"{int(seconds // length)} {unit}"
    return f"{max(1, int(seconds // 60))} min"
