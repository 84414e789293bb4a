"""Signed tokens that name a ticket, a recipient, a purpose and an expiry date."""

import base64
import hashlib
import hmac
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

EPOCH = date(2020, 1, 1)
PAYLOAD = struct.Struct(">cIIH")
MAC_BYTES = 10
LENGTH = 34
TOKEN = re.compile(rf"(?<![a-z2-7])[a-z2-7]{{{LENGTH}}}(?![a-z2-7])", re.IGNORECASE | re.ASCII)
MAX_CANDIDATES = 50


class Purpose(StrEnum):
    """What a token allows: a customer to add to a ticket, a team member to act on it."""

    CUSTOMER = "c"
    TEAM = "t"


@dataclass(frozen=True, slots=True)
class Token:
    """Content of a token. `recipient` is a 32-bit digest of the address it was sent to."""

    purpose: Purpose
    ticket_id: int
    recipient: int
    expires: date

    def is_for(self, email: str) -> bool:
        """Return whether the token was sent to this address."""
        return self.recipient == digest(email)


def digest(email: str) -> int:
    """Return the 32-bit digest that binds a token to an address."""
    return int.from_bytes(hashlib.sha256(email.lower().encode()).digest()[:4], "big")


def sign(token: Token, key: bytes) -> str:
    """Return the token as 34 characters of base32, which fit in a local part (RFC 5321 section 4.5.3.1.1)."""
    payload = PAYLOAD.pack(token.purpose.encode(), token.ticket_id, token.recipient, (token.expires - EPOCH).days)
    return _text(payload + _mac(payload, key))


def verify(text: str, keys: tuple[bytes, ...], today: date) -> Token | None:
    """Return the content of a token if one of the keys signed it and it has not expired, else None.

    The comparison takes the same time for every wrong token.
    """
    try:
        data = base64.b32decode(text.upper() + "=" * (-len(text) % 8))
    except ValueError:
        return None
    if len(data) != PAYLOAD.size + MAC_BYTES:
        return None
    payload, mac = data[: PAYLOAD.size], data[PAYLOAD.size :]
    matches = [hmac.compare_digest(mac, _mac(payload, key)) for key in keys]
    # The last character has two unused bits: only one of their four spellings is valid.
    if not any(matches) or _text(data) != text.lower():
        return None
    purpose, ticket_id, recipient, days = PAYLOAD.unpack(payload)
    token = Token(Purpose(purpose.decode()), ticket_id, recipient, EPOCH + timedelta(days=days))
    return token if token.expires >= today else None


def find(text: str, keys: tuple[bytes, ...], today: date) -> Iterator[Token]:
    """Yield the genuine tokens in a text, in order; at most 50 candidates are checked."""
    for number, match in enumerate(TOKEN.finditer(text)):
        if number >= MAX_CANDIDATES:
            return
        token = verify(match.group().lower(), keys, today)
        if token is not None:
            yield token


def _text(data: bytes) -> str:
    return base64.b32encode(data).decode().rstrip("=").lower()


def _mac(payload: bytes, key: bytes) -> bytes:
    return hmac.new(key, payload, hashlib.sha256).digest()[:MAC_BYTES]
