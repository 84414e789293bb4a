"""Make text and addresses from outside safe to put into our email."""

import re
from typing import Final

from daemon.mail import token
from daemon.mail.address import canonical
from daemon.mail.follow_up import MARKER
from daemon.text import BIDI_CONTROLS

_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_LINE_ENDS: Final = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_MARK: Final = re.compile(rf"{re.escape(MARKER)}\s?{token.SHAPE}", re.IGNORECASE)


def lines(text: str) -> str:
    r"""Return text with "\n" line ends and without controls.

    Our signed marks are removed too: one quoted from another email would route a reply to the wrong ticket, or give
    somebody else access to it.
    """
    if not _is_plain(text.replace("\n", "")):
        text = BIDI_CONTROLS.sub("", _CONTROLS.sub("", _LINE_ENDS.sub("\n", text)))
    return _MARK.sub("", text) if MARKER in text.lower() else text


def _is_plain(text: str) -> bool:
    """Return whether there is nothing to clean, as in most email; the single checks cost much more."""
    return text.isascii() and text.isprintable()


def sendable(address: str) -> str | None:
    """Return the canonical form of an address to which email can be sent, or None.

    An encoded word is not allowed in an address (RFC 2047 section 5); some programs would decode it to another one.
    """
    return None if "=?" in address else canonical(address)
