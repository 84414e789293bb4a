"""Tokens of the earlier form, which emails that were sent before still carry."""

import base64
import hashlib
import hmac
import struct
from datetime import date

from daemon.mail.token import EPOCH


def unbound(ticket_id: int, email: str, expires: date, key: bytes, purpose: bytes = b"c") -> str:
    """Return purpose, ticket, the first 32 bits of the SHA-256 of an address, and expiry, signed."""
    recipient = hashlib.sha256(email.encode()).digest()[:4]
    payload = struct.pack(">cI4sH", purpose, ticket_id, recipient, (expires - EPOCH).days)
    data = payload + hmac.new(key, payload, hashlib.sha256).digest()[:10]
    return base64.b32encode(data).decode().rstrip("=").lower()
