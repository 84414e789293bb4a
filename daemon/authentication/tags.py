"""Read lists of tags such as "v=DKIM1; k=rsa; p=..." (RFC 6376 section 3.2), and check domain names."""

import re
from collections.abc import Mapping
from typing import Final

_TAG: Final = re.compile(r"[ \t\r\n]*([A-Za-z]\w{0,62})[ \t\r\n]*=([^;]*)")
_MAX_TAGS: Final = 50
_LABEL: Final = r"(?!-)[a-z0-9_-]{1,63}(?<!-)"
_DOMAIN: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_MAX_DOMAIN: Final = 253


def read_tags(text: str) -> Mapping[str, str] | None:
    """Return the values by name, without white space at their ends; None for a list that is not well-formed.

    A tag that occurs twice makes the whole list invalid.
    """
    found: dict[str, str] = {}
    pieces = text.split(";")
    if pieces and not pieces[-1].strip():
        pieces.pop()
    for piece in pieces if len(pieces) <= _MAX_TAGS else ("",):
        match = _TAG.fullmatch(piece)
        if match is None or match[1] in found:
            return None
        found[match[1]] = match[2].strip(" \t\r\n")
    return found


def without_space(text: str) -> str:
    """Return a value without its folding white space."""
    return re.sub(r"[ \t\r\n]+", "", text)


def domain_name(text: str) -> str:
    """Return a domain in lower case without a final dot, "" for anything else. A single label is a domain too."""
    name = text.lower().removesuffix(".")
    return name if len(name) <= _MAX_DOMAIN and _DOMAIN.fullmatch(name) else ""
