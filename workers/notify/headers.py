"""Write header fields from any text; hostile text never becomes a second field.

The default policy of the email package is not used: it decodes encoded words in its input, so that a subject such as
`=?utf-8?q?a=0d=0aBcc:_x?=` becomes two fields, and it turns long Message-IDs into encoded words.
"""

import re
from collections.abc import Sequence
from email.header import Header
from email.policy import EmailPolicy
from typing import Final

from daemon.text import harmless_line

MAX_LINE: Final = 76
MAX_NAME: Final = 100
FOLD: Final = "\r\n "
_SPECIAL: Final = re.compile(r'(["\\])')


class RawPolicy(EmailPolicy):
    """Stores and writes fields unchanged, except for those that the library made itself."""

    def header_store_parse(self, name: str, value: str) -> tuple[str, str]:
        """Store a field unchanged; raises ValueError if it would become several fields."""
        if any(not line.startswith((" ", "\t")) for line in value.splitlines()[1:]):
            raise ValueError(f"{name} would become several fields")
        return name, value

    def header_max_count(self, name: str) -> int | None:  # noqa: ARG002 - the signature is the library's
        """Set no limit; we write each field once, and the check of the library is expensive."""
        return None

    def header_fetch_parse(self, name: str, value: str) -> str:
        """Return MIME fields unparsed, because the library reads them many times while it writes."""
        return value if name.lower().startswith("content-") else super().header_fetch_parse(name, value)

    def fold_binary(self, name: str, value: str) -> bytes:
        """Write a field, which is already folded."""
        return super().fold_binary(name, value) if hasattr(value, "fold") else f"{name}: {value}\r\n".encode()


def text(name: str, value: str, most: int) -> str:
    """Return an unstructured field such as Subject, encoded by RFC 2047 if needed."""
    return _phrase(harmless_line(value, most), len(name) + 2)


def mailbox(name: str, display: str, address: str) -> str:
    """Return a mailbox (RFC 5322 section 3.4) from a display name and a checked address."""
    shown = harmless_line(display, MAX_NAME)
    if not shown:
        return address
    quoted = '"{}"'.format(_SPECIAL.sub(r"\\\1", shown)) if _is_plain(shown) else _phrase(shown, len(name) + 2)
    last = quoted.rpartition(FOLD)[2]
    gap = FOLD if len(name) + len(last) + len(address) + 5 > MAX_LINE else " "
    return f"{quoted}{gap}<{address}>"


def addresses(checked: Sequence[str]) -> str:
    """Return checked addresses, one per line."""
    return f",{FOLD}".join(checked)


def message_ids(ids: Sequence[str]) -> str:
    """Return Message-IDs, one per line."""
    return FOLD.join(ids)


def _phrase(shown: str, taken: int) -> str:
    if _is_plain(shown) and len(shown) + taken <= MAX_LINE:
        return shown
    foldable = _is_plain(shown) and max(map(len, shown.split()), default=0) + taken < MAX_LINE
    charset = "us-ascii" if foldable else "utf-8"
    header = Header(shown, charset, maxlinelen=MAX_LINE, header_name="x" * (taken - 2))
    return header.encode(splitchars=" ", linesep="\r\n")


def _is_plain(shown: str) -> bool:
    """Return whether text needs no encoding in a header; text that looks like an encoded word needs it."""
    return shown.isascii() and "=?" not in shown
