"""Verify DKIM signatures (RFC 6376, RFC 8301, RFC 8463)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from daemon.authentication.lookup import DnsUnavailableError, Finding, Lookup, Result
from daemon.authentication.public_key import KeyRefusedError, PublicKey, decoded, fetch
from daemon.authentication.signed import CANONICALIZATIONS, MAX_BODY, Field, SignedEmail
from daemon.authentication.tags import domain_name, read_tags, without_space

MAX_SIGNED_FIELDS: Final = 200
ALGORITHMS: Final = {"rsa-sha256": "rsa", "ed25519-sha256": "ed25519"}
MAX_DIGITS: Final = 12


class SignatureError(Exception):
    """A signature is not accepted, with the result and the reason."""

    def __init__(self, result: Result, reason: str) -> None:
        super().__init__(reason)
        self.result = result


@dataclass(frozen=True, slots=True)
class Signature:
    """What a signature says: who signed what and how. `covered` are names in lower case."""

    algorithm: str
    domain: str
    selector: str
    identity: str
    header_form: str
    body_form: str
    covered: tuple[str, ...]
    value: bytes
    body_hash: bytes
    length: int | None
    expires: int | None


def verify(dns: Lookup, email: SignedEmail, field: Field, now: datetime) -> Finding:
    """Return the result of one DKIM-Signature."""
    domain = signed_domain(field)
    try:
        signature = _read_first_version(tags_of(field))
        key = check(dns, email, field, signature, now)
    except SignatureError as error:
        return Finding("dkim", error.result, domain, str(error))
    except DnsUnavailableError:
        return Finding("dkim", Result.TEMPERROR, domain, "DNS did not answer")
    return Finding("dkim", Result.PASS, domain, f"selector {signature.selector}, {key.label}")


def _read_first_version(tags: Mapping[str, str]) -> Signature:
    if tags.get("v") != "1":
        raise SignatureError(Result.PERMERROR, "not version 1")
    return read_signature(tags)


def signed_domain(field: Field) -> str:
    """Return the domain in the tag d= of a signature, "" where there is none."""
    return domain_name((read_tags(field.text) or {}).get("d", ""))


def tags_of(field: Field) -> Mapping[str, str]:
    """Return the tags of a signature; raises SignatureError."""
    tags = read_tags(field.text)
    if tags is None:
        raise SignatureError(Result.PERMERROR, "not a list of tags")
    return tags


def check(dns: Lookup, email: SignedEmail, field: Field, signature: Signature, now: datetime) -> PublicKey:
    """Check the body and the header of an email against a signature; raises SignatureError, DnsUnavailableError."""
    if "from" not in signature.covered:
        raise SignatureError(Result.PERMERROR, "From is not signed")
    if signature.expires is not None and signature.expires < now.timestamp():
        raise SignatureError(Result.FAIL, "the signature has expired")
    if len(email.body) > MAX_BODY:
        raise SignatureError(Result.POLICY, "the body is too large")
    if signature.length is not None:
        # Anybody could add text below the signed part (section 8.2).
        raise SignatureError(Result.POLICY, "only a part of the body is signed")
    if email.body_hash(signature.body_form) != signature.body_hash:
        raise SignatureError(Result.FAIL, "the body was changed")
    covered = [one.canonical(signature.header_form) + b"\r\n" for one in email.selected(signature.covered)]
    covered.append(field.without_signature().canonical(signature.header_form))
    return verify_bytes(dns, signature, b"".join(covered))


def verify_bytes(dns: Lookup, signature: Signature, signed: bytes) -> PublicKey:
    """Verify a signature of bytes with the key of its domain; raises SignatureError, DnsUnavailableError."""
    try:
        key = fetch(dns, signature.selector, signature.domain)
    except KeyRefusedError as error:
        raise SignatureError(Result.PERMERROR, str(error)) from None
    if key.kind != ALGORITHMS[signature.algorithm]:
        raise SignatureError(Result.PERMERROR, "the key is of another kind")
    if key.same_domain and signature.identity != signature.domain:
        raise SignatureError(Result.PERMERROR, "the key is not for subdomains")
    if not key.verifies(signature.value, signed):
        raise SignatureError(Result.FAIL, "the signature is wrong")
    return key


def read_signature(tags: Mapping[str, str], *, seals: bool = False) -> Signature:
    """Return what a signature says; raises SignatureError. The seal of ARC covers neither body nor chosen fields."""
    algorithm, domain, selector = tags.get("a", "").lower(), domain_name(tags.get("d", "")), tags.get("s", "")
    if algorithm not in ALGORITHMS:
        raise SignatureError(Result.PERMERROR, f"the algorithm {algorithm[:20]!r} is not accepted")
    if not domain or not domain_name(selector):
        raise SignatureError(Result.PERMERROR, "no domain or selector")
    header_form, _, body_form = tags.get("c", "simple/simple").lower().partition("/")
    if header_form not in CANONICALIZATIONS or (body_form or "simple") not in CANONICALIZATIONS:
        raise SignatureError(Result.PERMERROR, "unknown canonicalization")
    if tags.get("q", "dns/txt").lower() != "dns/txt":
        raise SignatureError(Result.PERMERROR, "unknown query method")
    identity = domain_name(tags.get("i", f"@{domain}").rpartition("@")[2])
    if not seals and not f".{identity}".endswith(f".{domain}"):
        raise SignatureError(Result.PERMERROR, "i= is outside d=")
    covered = tuple(name.lower() for name in without_space(tags.get("h", "")).split(":") if name)
    if len(covered) > MAX_SIGNED_FIELDS:
        raise SignatureError(Result.POLICY, "too many signed fields")
    try:
        value, body_hash = decoded(tags.get("b", "")), decoded(tags.get("bh", ""))
        length, expires = _number(tags, "l"), _number(tags, "x")
    except ValueError:
        raise SignatureError(Result.PERMERROR, "not base64 or not a number") from None
    return Signature(
        algorithm=algorithm,
        domain=domain,
        selector=domain_name(selector),
        identity=domain if seals else identity,
        header_form=header_form,
        body_form=body_form or "simple",
        covered=covered,
        value=value,
        body_hash=body_hash,
        length=length,
        expires=expires,
    )


def _number(tags: Mapping[str, str], name: str) -> int | None:
    text = tags.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= MAX_DIGITS):
        raise ValueError(name)
    return int(text)
