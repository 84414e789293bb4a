"""Decode UTF-7 (RFC 2152) in a body that declares it.

UTF-7 hides markup in plain ASCII, so it is never guessed, and never decoded in a header, a file name or a report. The
result is text: it is escaped wherever it is shown.
"""

import binascii
import re
from typing import Final

from daemon.mail.encoding.charset import clean, guess

# The names of IANA, and those of Windows for its code page 65000.
_LABELS: Final = re.compile(r"(?:cs|x)?(?:unicode(?:11|20))?utf7|(?:cp|windows)65000")
_NO_LETTER: Final = re.compile(r"[^a-z0-9]+")
_SHIFTED: Final = re.compile(r"\+([A-Za-z0-9+/]*)(-?)")


def is_utf7(charset: str) -> bool:
    """Return whether a charset label means UTF-7."""
    return bool(_LABELS.fullmatch(_NO_LETTER.sub("", charset[:200].lower())))


def decode_utf7(data: bytes) -> str:
    """Return the text; a sequence that is not valid stays as it is, as the plus of a telephone number must."""
    return clean(_SHIFTED.sub(_unshifted, guess(data)))


def _unshifted(match: re.Match[str]) -> str:
    encoded = match[1]
    if not encoded:
        return "+" if match[2] else match[0]
    units, left_over = divmod(len(encoded) * 6, 16)
    whole = binascii.a2b_base64(encoded + "A" * (-len(encoded) % 4))
    # RFC 2152 rule 2: whole units of UTF-16, then fewer than six bits, which are zero.
    if not units or left_over >= 6 or any(whole[units * 2 :]):  # noqa: PLR2004 - the bits of a base64 character
        return match[0]
    return whole[: units * 2].decode("utf-16-be", "surrogatepass")
