"""Read the target of a link that a mail gateway rewrote, such as Safe Links, Proofpoint or Mimecast."""

import binascii
import re
from base64 import urlsafe_b64decode
from typing import Final
from urllib.parse import unquote

# The target of a rewritten link that cannot be read.
UNREADABLE: Final = "https://unreadable.invalid"
_HOSTS: Final = (
    r"safelinks\.protection\.outlook\.(?:com|us)|safelinks\.protection\.office365\.us|urldefense(?:\.proofpoint)?\.com"
    r"|urldefense\.us|mimecast(?:protect)?\.com|cudasvc\.com|secure-web\.cisco\.com|fireeye\.com|trendmicro\.com"
    r"|protection\.sophos\.com|avanan\.click|checkpoint\.com|hornetsecurity\.com|mailcontrol\.com|spamgourmet\.com"
    r"|url-protection\.com|ppe-hosted\.com|clicktime\.symantec\.com|protection\.egress\.com|inky\.com|edgepilot\.com"
    r"|serverdata\.net"
)
# Other services of these hosts have links of their own, so the path counts.
_PATHS: Final = r"www\.google\.com/url\?|[\w.-]{1,80}/fmlurlsvc/"
_LINK: Final = re.compile(
    rf"https?://(?:[\w.-]{{0,80}}(?:{_HOSTS})(?=[/?])|{_PATHS})[^\s<>\"]{{0,2000}}", re.IGNORECASE
)
_TARGET: Final = re.compile(
    r"[?&](?:url|u|a|domain|q)=(https?(?::|%3A|-3A)[^&\s]{1,1000})"
    r"|/_{2,3}(https?:[^\s]{1,1000}?)_{2,3}[;.]|/(https?%3A%2F%2F[^\s]{1,1000})",
    re.IGNORECASE,
)
# Sophos writes the target in base64.
_ENCODED: Final = re.compile(r"[?&]u=(aHR0c[\w=+/-]{1,1000})")
_URL: Final = re.compile(r"https?://[!-;=?-~]{1,1000}")
# A program that makes text of HTML writes a link behind the words that were shown for it.
_SHOWN: Final = re.compile(r"(https?://[^\s<>]{1,2000})[ \t]*<(https?://[^\s<>]{1,2000})>")


def original_link(link: str) -> str:
    """Return the target of a link that a gateway rewrote, another link unchanged."""
    return _LINK.sub(_original_link, link) if "//" in link else link


def with_original_links(text: str) -> str:
    """Replace each rewritten link in a text by its target, which is left out behind the link that a person reads."""
    shorter = original_link(text)
    return text if shorter == text else _SHOWN.sub(_shown_link, shorter)


def _shown_link(match: re.Match[str]) -> str:
    return match[1] if match[2] in {UNREADABLE, match[1]} else match[0]


def _original_link(match: re.Match[str]) -> str:
    """Return the link that a gateway rewrote, or a bare one if it cannot be read."""
    target = _TARGET.search(match[0])
    if not target:
        return _decoded(match[0])
    found: str = target[1] or target[2] or target[3]
    return unquote(found.replace("-3A", "%3A").replace("_", "/") if "-3A" in found[:8] else found)


def _decoded(link: str) -> str:
    encoded = _ENCODED.search(link)
    try:
        target = urlsafe_b64decode(encoded[1]).decode() if encoded else ""
    except (binascii.Error, UnicodeDecodeError):
        return UNREADABLE
    return target if _URL.fullmatch(target) else UNREADABLE
