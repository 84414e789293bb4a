"""What is wrong with a field of a request, in words: the patterns that texts must match, and the answer to others."""

from collections.abc import Mapping
from typing import Any, Final

from daemon.tickets.webhooks import NAME

NO_CONTROL: Final = r"^[^\x00-\x1f\x7f]*$"
# What no text of people has: NUL and other controls but tab and line ends, and halves of characters.
TEXT: Final = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"
EMAIL: Final = r"^[^\x00-\x20\x7f<>]+@[^\x00-\x20\x7f<>@]+$"
WEBHOOK_URL: Final = r"^https?://[!-~]+$"
PRINTABLE: Final = r"^[\x20-\x7e]+$"

_PATTERNS: Final = {
    NO_CONTROL: "has a line break or another control character",
    TEXT: "has a control character such as NUL",
    EMAIL: "not an email address such as ana@example.com",
    WEBHOOK_URL: "not a URL such as https://shop.example/hooks",
    PRINTABLE: "has a character that is not printable ASCII",
    NAME: "not a name of letters, digits and . _ - that begins with a letter or digit",
}
# A "+" in a URL is a space: what programs most often get wrong about a time in one.
_NO_TIME: Final = 'not a time as in 2026-11-28T09:00:00Z; in a URL, the "+" of an offset is written %2B'
_TYPES: Final = {
    "datetime_from_date_parsing": _NO_TIME,
    "datetime_parsing": _NO_TIME,
    "extra_forbidden": "unknown field; remove it, or check its spelling",
    "model_attributes_type": "send a JSON object",
    "dict_type": "send a JSON object",
    "string_unicode": "has half of a character (a surrogate)",
}


def message_of(error: Mapping[str, Any]) -> str:
    """Return what is wrong with a field; `error` is one that pydantic found."""
    kind, context = error["type"], error.get("ctx", {})
    if kind == "string_pattern_mismatch":
        return _PATTERNS.get(context.get("pattern", ""), str(error["msg"]))
    if kind in ("string_too_short", "too_short") and context.get("min_length") == 1:
        return "must not be empty"
    if kind == "value_error":
        return str(context.get("error", error["msg"]))
    return _TYPES.get(kind, str(error["msg"]))
