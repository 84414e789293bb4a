"""What binds one sign-in by a provider to one browser: state, nonce and PKCE verifier, made from its cookie. Pure.

The three are HMACs of the cookie under our signing key: nobody else can make a cookie and a state that fit, and
nothing is stored. They differ, so that none shows another.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

LIFETIME: Final = timedelta(minutes=10)
LONGEST_COOKIE: Final = 100
LONGEST_STATE: Final = 64


@dataclass(frozen=True, slots=True)
class Flow:
    """A sign-in that began: the cookie of its browser, and what is made from it."""

    cookie: str
    state: str
    nonce: str
    verifier: str

    @property
    def challenge(self) -> str:
        """Return the PKCE challenge (S256) of the verifier."""
        return _text(hashlib.sha256(self.verifier.encode()).digest())


def begin(secret: str, key: bytes, now: datetime) -> Flow:
    """Return a flow for a new random secret, to be finished within its lifetime."""
    return _of(f"{int((now + LIFETIME).timestamp())}.{secret}", key)


def resume(cookie: str, state: str, keys: Iterable[bytes], now: datetime) -> Flow | None:
    """Return the flow of a browser that comes back; None if the state is not that of its cookie, or it is late."""
    end, _, _ = cookie.partition(".")
    if len(cookie) > LONGEST_COOKIE or len(state) > LONGEST_STATE or not (cookie + state).isascii():
        return None
    flow = next((one for one in (_of(cookie, key) for key in keys) if hmac.compare_digest(one.state, state)), None)
    # The time is believed only now: the state proves that the cookie is one of ours.
    return flow if flow is not None and int(end) > now.timestamp() else None


def _of(cookie: str, key: bytes) -> Flow:
    state, nonce, verifier = (
        _text(hmac.digest(key, f"oidc {part} {cookie}".encode(), "sha256")) for part in ("state", "nonce", "verifier")
    )
    return Flow(cookie, state, nonce, verifier)


def _text(digest: bytes) -> str:
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
