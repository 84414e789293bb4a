"""Signed tokens that name a ticket, a recipient, a purpose and an expiry date.

    token       = base32(payload, MAC of the payload)
    payload     = purpose, ticket, recipient, expiry
    recipient   = MAC of the address that the token is sent to

Both MACs are HMAC-SHA-256 cut to 80 bits under the signing key, each over a text of its own form.
"""

import base64
import hashlib
import hmac
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

EPOCH = date(2020, 1, 1)
MAC_BYTES: Final = 10
PAYLOAD: Final = struct.Struct(f">cI{MAC_BYTES}sH")
# Tokens of this form are in emails that were sent before; their 4 bytes of the recipient were made without a key.
UNBOUND_PAYLOAD: Final = struct.Struct(">cI4xH")
LENGTH: Final = 44
UNBOUND_LENGTH: Final = 34
SHAPE: Final = rf"(?:[a-z2-7]{{{LENGTH}}}|[a-z2-7]{{{UNBOUND_LENGTH}}})"
TOKEN: Final = re.compile(rf"(?<![a-z2-7]){SHAPE}(?![a-z2-7])", re.IGNORECASE | re.ASCII)
MAX_CANDIDATES: Final = 50


class Purpose(StrEnum):
    """What a token allows: a customer to add to a ticket, a team member to act on it."""

    CUSTOMER = "c"
    TEAM = "t"


@dataclass(frozen=True, slots=True)
class Token:
    """Content of a token. `recipient` is the digest of the address it was sent to, b"" if it is not bound to one."""

    purpose: Purpose
    ticket_id: int
    recipient: bytes
    expires: date

    def is_for(self, email: str, keys: tuple[bytes, ...]) -> bool:
        """Return whether the token was sent to this address; an unbound token was sent to nobody that we know."""
        matches = [hmac.compare_digest(self.recipient, digest(email, key)) for key in keys]
        return any(matches)

    def has_expired(self, today: date) -> bool:
        """Return whether the last day of the token is over: it grants nothing then."""
        return self.expires < today


def digest(email: str, key: bytes) -> bytes:
    """Return the 80-bit digest that binds a token to an address; without the key nobody can compute or test it."""
    return _mac(b"recipient:" + email.lower().encode(), key)


def sign(token: Token, key: bytes) -> str:
    """Return the token as 44 characters of base32.

    They fit into a local part of 64 bytes (RFC 5321 section 4.5.3.1.1) after a mailbox name of 19 and the plus sign.
    """
    payload = PAYLOAD.pack(token.purpose.encode(), token.ticket_id, token.recipient, (token.expires - EPOCH).days)
    return _text(payload + _mac(payload, key))


def verify(text: str, keys: tuple[bytes, ...], today: date) -> Token | None:
    """Return the content of a token if one of the keys signed it and it has not expired, else None."""
    token = read(text, keys)
    return None if token is None or token.has_expired(today) else token


def read(text: str, keys: tuple[bytes, ...]) -> Token | None:
    """Return the content of a token if one of the keys signed it, also of one that has expired, else None.

    The comparison takes the same time for every wrong token.
    """
    try:
        data = base64.b32decode(text.upper() + "=" * (-len(text) % 8))
    except ValueError:
        return None
    payload, mac = data[:-MAC_BYTES], data[-MAC_BYTES:]
    if len(payload) not in (PAYLOAD.size, UNBOUND_PAYLOAD.size):
        return None
    matches = [hmac.compare_digest(mac, _mac(payload, key)) for key in keys]
    # The last character has unused bits: only one of its spellings is valid.
    if not any(matches) or _text(data) != text.lower():
        return None
    return _unpack(payload)


def _unpack(payload: bytes) -> Token:
    if len(payload) == PAYLOAD.size:
        purpose, ticket_id, recipient, days = PAYLOAD.unpack(payload)
    else:
        purpose, ticket_id, days = UNBOUND_PAYLOAD.unpack(payload)
        recipient = b""
    return Token(Purpose(purpose.decode()), ticket_id, recipient, EPOCH + timedelta(days=days))


def find(text: str, keys: tuple[bytes, ...], today: date) -> Iterator[Token]:
    """Yield the tokens in a text that are genuine and have not expired, in order; checks at most 50 candidates."""
    return (token for token in find_genuine(text, keys) if not token.has_expired(today))


def find_genuine(text: str, keys: tuple[bytes, ...]) -> Iterator[Token]:
    """Yield the genuine tokens in a text, also those that have expired, in order; checks at most 50 candidates."""
    for number, match in enumerate(TOKEN.finditer(text)):
        if number >= MAX_CANDIDATES:
            return
        token = read(match.group().lower(), keys)
        if token is not None:
            yield token


def _text(data: bytes) -> str:
    return base64.b32encode(data).decode().rstrip("=").lower()


def _mac(payload: bytes, key: bytes) -> bytes:
    return hmac.new(key, payload, hashlib.sha256).digest()[:MAC_BYTES]
