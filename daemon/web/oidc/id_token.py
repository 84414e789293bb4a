"""Read an ID token: its signature by a key of the provider, and every claim that a sign-in depends on.

The algorithms are a fixed list of asymmetric ones, each with its one kind of key, so that neither an unsigned token
nor a public key that is used as an HMAC secret (RFC 8725) passes.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NoReturn

import jwt
from jwt import PyJWK, PyJWS
from jwt.exceptions import PyJWTError

from daemon.mail.address import canonical
from daemon.web.oidc.errors import SignInRefusedError

# The type of key, and the curve, of each algorithm.
ALGORITHMS: Final = {"RS256": ("RSA", None), "ES256": ("EC", "P-256"), "EdDSA": ("OKP", "Ed25519")}
LEEWAY_SECONDS: Final = 60
LONGEST: Final = 64 * 1024

Json = Mapping[str, object]

_signatures = PyJWS(list(ALGORITHMS), {"enforce_minimum_key_length": True})


@dataclass(frozen=True, slots=True)
class Header:
    """What the header of a token says of its signature; `kid` is None where it names no key."""

    algorithm: str
    kid: str | None


@dataclass(frozen=True, slots=True)
class Expected:
    """What the claims of a token must be."""

    issuer: str
    client_id: str
    nonce: str


def header_of(token: str) -> Header:
    """Return the header of a token, which is not believed yet; raises SignInRefusedError."""
    if len(token) > LONGEST:
        raise SignInRefusedError("the token is too long")
    try:
        header = jwt.get_unverified_header(token)
    except (PyJWTError, ValueError, RecursionError):
        raise SignInRefusedError("the token cannot be read") from None
    algorithm, kid = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise SignInRefusedError(f"the token is not signed by {', '.join(ALGORITHMS)}")
    return Header(algorithm, kid if isinstance(kid, str) else None)


def key_for(header: Header, keys: Sequence[Json]) -> Json | None:
    """Return the one key that a token names; without a name, the only one that fits."""
    fitting = [key for key in keys if _fits(key, header)]
    return fitting[0] if len(fitting) == 1 else None


def _fits(key: Json, header: Header) -> bool:
    kind, curve = ALGORITHMS[header.algorithm]
    return (
        key.get("kty") == kind
        and (curve is None or key.get("crv") == curve)
        and key.get("use", "sig") == "sig"
        and key.get("alg", header.algorithm) == header.algorithm
        and (header.kid is None or key.get("kid") == header.kid)
    )


def claims_of(token: str, key: Json, header: Header) -> Json:
    """Return the claims of a token that the key signed; raises SignInRefusedError."""
    try:
        public = PyJWK(dict(key), header.algorithm)
        payload = _signatures.decode(token, public, algorithms=[header.algorithm])
        claims = json.loads(payload, parse_constant=_refuse)
    except (PyJWTError, ValueError, TypeError, RecursionError):
        raise SignInRefusedError("the signature of the token is wrong") from None
    if not isinstance(claims, dict):
        raise SignInRefusedError("the token cannot be read")
    return claims


def verified_email(claims: Json, expected: Expected, now: datetime) -> str:
    """Return the address that the provider vouches for, in canonical form; raises SignInRefusedError."""
    seconds = now.timestamp()
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    needs_party = len(audiences) > 1 or "azp" in claims
    subject = claims.get("sub")
    checks = (
        (claims.get("iss") == expected.issuer, "the token is of another issuer"),
        (expected.client_id in audiences, "the token is for another application"),
        (not needs_party or claims.get("azp") == expected.client_id, "the token was issued to another application"),
        (isinstance(subject, str) and bool(subject), "the token names nobody"),
        (_time(claims, "exp") > seconds - LEEWAY_SECONDS, "the token has expired"),
        (_time(claims, "iat") <= seconds + LEEWAY_SECONDS, "the token is from the future; check the clocks"),
        ("nbf" not in claims or _time(claims, "nbf") <= seconds + LEEWAY_SECONDS, "the token is not valid yet"),
        (claims.get("nonce") == expected.nonce, "the token is of another sign-in"),
        (claims.get("email_verified") is True, "the provider did not verify the email address"),
    )
    for holds, text in checks:
        if not holds:
            raise SignInRefusedError(text)
    email = claims.get("email")
    found = canonical(email) if isinstance(email, str) else None
    if found is None:
        raise SignInRefusedError("the token has no email address")
    return found


def _time(claims: Json, name: str) -> float:
    """Return a time in seconds since 1970; raises SignInRefusedError where there is none."""
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise SignInRefusedError(f"the token has no time {name}")
    return value


def _refuse(_: str) -> NoReturn:
    raise ValueError("not a number of JSON")
