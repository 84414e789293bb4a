"""Our own mark: a signed token that names a ticket, a recipient, a purpose and an expiry."""

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
FOUND_AT_MOST = 50


class Purpose(StrEnum):
    """What a token allows: a customer to join, a member of a team to act."""

    CUSTOMER = "c"
    TEAM = "t"


@dataclass(frozen=True, slots=True)
class Token:
    """What a token says. `recipient` is a 32-bit digest of the address it was sent to."""

    purpose: Purpose
    ticket_id: int
    recipient: int
    expires: date

    def is_for(self, email: str) -> bool:
        """Say whether the token was sent to this address."""
        return self.recipient == digest(email)


def digest(email: str) -> int:
    """Return the 32-bit digest that binds a token to an address."""
    return int.from_bytes(hashlib.sha256(email.lower().encode()).digest()[:4], "big")


def sign(token: Token, key: bytes) -> str:
    """Return the token as 34 characters of base32 that fit in a local part (RFC 5321 section 4.5.3.1.1)."""
    payload = PAYLOAD.pack(token.purpose.encode(), token.ticket_id, token.recipient, (token.expires - EPOCH).days)
    return _text(payload + _mac(payload, key))


def verify(text: str, keys: tuple[bytes, ...], today: date) -> Token | None:
    """Return what a token says if one of the keys signed it and it has not expired, else None.

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
    # The last letter has two bits to spare: only one spelling of them is ours.
    if not any(matches) or _text(data) != text.lower():
        return None
    purpose, ticket_id, recipient, days = PAYLOAD.unpack(payload)
    token = Token(Purpose(purpose.decode()), ticket_id, recipient, EPOCH + timedelta(days=days))
    return token if token.expires >= today else None


def find(text: str, keys: tuple[bytes, ...], today: date) -> Iterator[Token]:
    """Yield the genuine tokens in a text, in order; at most 50 candidates are looked at."""
    for number, match in enumerate(TOKEN.finditer(text)):
        if number >= FOUND_AT_MOST:
            return
        token = verify(match.group().lower(), keys, today)
        if token is not None:
            yield token


def _text(data: bytes) -> str:
    return base64.b32encode(data).decode().rstrip("=").lower()


def _mac(payload: bytes, key: bytes) -> bytes:
    return hmac.new(key, payload, hashlib.sha256).digest()[:MAC_BYTES]
