"""Take the lines of a PGP signature away from a text that was signed within itself (RFC 9580 section 7)."""

import re
from typing import Final

_BEGIN: Final = "-----BEGIN PGP SIGNED MESSAGE-----"
_SIGNATURE: Final = "\n-----BEGIN PGP SIGNATURE-----"
_END: Final = "\n-----END PGP SIGNATURE-----"
# The header of the armour ends with an empty line.
_HEADER: Final = re.compile(r"[ \t]*\n(?:[A-Za-z-]{1,40}:[^\n]{0,200}\n){0,10}[ \t]*\n")
_ESCAPED: Final = re.compile(r"^- ", re.MULTILINE)


def without_pgp_lines(text: str) -> str:
    """Return a text without the lines around what was signed; the signature is not checked. Other text is unchanged."""
    start = text.find(_BEGIN)
    header = _HEADER.match(text, start + len(_BEGIN)) if start >= 0 else None
    if header is None or text[:start].strip():
        return text
    stop = text.find(_SIGNATURE, header.end() - 1)
    end = text.find(_END, stop)
    if stop < 0 or end < 0:
        return text
    signed = _ESCAPED.sub("", text[header.end() : stop])
    below = text[end + len(_END) :].lstrip("\n")
    return f"{signed}\n{below}"
