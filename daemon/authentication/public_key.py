"""Fetch the public keys of DKIM and ARC (RFC 6376 section 3.6, RFC 8463), and verify signatures with them."""

import base64
import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from daemon.authentication.lookup import Lookup
from daemon.authentication.tags import read_tags, without_space

# Smaller keys can be broken (RFC 8301 section 3.2); larger ones, and large exponents, cost us too much time.
MIN_RSA_BITS: Final = 1024
MAX_RSA_BITS: Final = 4096
MAX_EXPONENT: Final = 2**32
ED25519_BYTES: Final = 32


class KeyRefusedError(Exception):
    """There is no usable key; the message says why."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key. `kind` is "rsa" or "ed25519". `same_domain` forbids a subdomain in the tag i=."""

    kind: str
    label: str
    key: RSAPublicKey | Ed25519PublicKey
    same_domain: bool

    def verifies(self, signature: bytes, signed: bytes) -> bool:
        """Say whether this is the signature of these bytes."""
        try:
            if isinstance(self.key, RSAPublicKey):
                self.key.verify(signature, signed, PKCS1v15(), SHA256())
            else:
                # RFC 8463 section 3: the hash is what is signed.
                self.key.verify(signature, hashlib.sha256(signed).digest())
        except InvalidSignature:
            return False
        return True


def fetch(dns: Lookup, selector: str, domain: str) -> PublicKey:
    """Return the key of a selector; raises KeyRefusedError and DnsUnavailableError."""
    records = [tags for text in dns.txt(f"{selector}._domainkey.{domain}") if (tags := read_tags(text)) and "p" in tags]
    if len(records) != 1:
        raise KeyRefusedError("several keys" if records else "no key")
    return _read(records[0])


def decoded(text: str) -> bytes:
    """Return the bytes of a tag in base64 with any white space; raises ValueError."""
    try:
        return base64.b64decode(without_space(text), validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from None


def _read(tags: Mapping[str, str]) -> PublicKey:
    if tags.get("v", "DKIM1") != "DKIM1" or (next(iter(tags)) != "v" and "v" in tags):
        raise KeyRefusedError("the key record is invalid")
    if not tags["p"]:
        raise KeyRefusedError("the key was revoked")
    if "sha256" not in _listed(tags.get("h", "sha256")) or not {"*", "email"} & set(_listed(tags.get("s", "*"))):
        raise KeyRefusedError("the key is for another use")
    kind, flags = tags.get("k", "rsa").lower(), _listed(tags.get("t", ""))
    try:
        content = decoded(tags["p"])
    except ValueError:
        raise KeyRefusedError("the key is damaged") from None
    key = _ed25519(content) if kind == "ed25519" else _rsa(content) if kind == "rsa" else None
    if key is None:
        raise KeyRefusedError("the kind of key is unknown")
    label = f"rsa-{key.key_size}" if isinstance(key, RSAPublicKey) else kind
    return PublicKey(kind, label, key, "s" in flags)


def _listed(text: str) -> list[str]:
    return [one.lower() for one in without_space(text).split(":")]


def _ed25519(content: bytes) -> Ed25519PublicKey:
    if len(content) != ED25519_BYTES:
        raise KeyRefusedError("the key is damaged")
    return Ed25519PublicKey.from_public_bytes(content)


def _rsa(content: bytes) -> RSAPublicKey:
    try:
        key = load_der_public_key(content)
    except (ValueError, UnsupportedAlgorithm):
        raise KeyRefusedError("the key is damaged, or too short") from None
    if not isinstance(key, RSAPublicKey):
        raise KeyRefusedError("the key is of another kind")
    if not MIN_RSA_BITS <= key.key_size <= MAX_RSA_BITS:
        raise KeyRefusedError(f"the key has {key.key_size} bits")
    if key.public_numbers().e >= MAX_EXPONENT:
        raise KeyRefusedError("the key has too large an exponent")
    return key
