"""Envelope senders that name a delivery (VERP), so that a bounce without a readable body finds it.

    address     = support+bounce-7-k3q...@example.com
    mark        = "bounce", the id of the delivery, MAC of the id

The MAC is HMAC-SHA-256 cut to 80 bits under the signing key, over a text that no token has.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable
from typing import Final

MAC_BYTES: Final = 10
SHAPE: Final = r"bounce-[0-9]{1,18}-[a-z2-7]{16}"
MARK: Final = re.compile(r"\+bounce-([0-9]{1,18})-([a-z2-7]{16})@", re.IGNORECASE | re.ASCII)
# RFC 5321 section 4.5.3.1.1.
LOCAL_PART: Final = 64
SCANNED: Final = 20_000


def bounce_address(address: str, delivery_id: int, key: bytes) -> str:
    """Return the envelope sender of a delivery: our address with its mark, or without it where that is too long."""
    local, _, domain = address.rpartition("@")
    marked = f"{local}+bounce-{delivery_id}-{_mac(delivery_id, key)}"
    return f"{marked}@{domain}" if len(marked) <= LOCAL_PART else address


def delivery_of(addresses: Iterable[str], keys: tuple[bytes, ...]) -> int | None:
    """Return the delivery that one of these addresses names, None where none has a genuine mark."""
    for match in MARK.finditer(" ".join(addresses)[:SCANNED]):
        delivery_id, mac = int(match[1]), match[2].lower()
        # Compared with the MAC under every key, which takes the same time for every wrong one.
        genuine = [hmac.compare_digest(mac, _mac(delivery_id, key)) for key in keys]
        if any(genuine):
            return delivery_id
    return None


def _mac(delivery_id: int, key: bytes) -> str:
    content = hmac.new(key, f"bounce:{delivery_id}".encode(), hashlib.sha256).digest()[:MAC_BYTES]
    return base64.b32encode(content).decode().lower()
