"""Sign emails as other servers do (DKIM, ARC), for tests: written after the RFCs, without code of ours."""

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

COVERED: Final = "from:to:subject:date:message-id"


@cache
def rsa_key(bits: int = 1024, exponent: int = 65537) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(exponent, bits)


@cache
def ed25519_key() -> ed25519.Ed25519PrivateKey:
    return ed25519.Ed25519PrivateKey.generate()


Key = rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey


def record(key: Key, **tags: str) -> str:
    """Return the TXT record of a key."""
    public = key.public_key()
    if isinstance(key, rsa.RSAPrivateKey):
        kind, content = "rsa", public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    else:
        kind, content = "ed25519", public.public_bytes(Encoding.Raw, PublicFormat.Raw)
    values = {"v": "DKIM1", "k": kind, "p": base64.b64encode(content).decode()} | tags
    return "; ".join(f"{name}={value}" for name, value in values.items())


def sign_bytes(key: Key, signed: bytes) -> str:
    if isinstance(key, rsa.RSAPrivateKey):
        value = key.sign(signed, padding.PKCS1v15(), SHA256())
    else:
        value = key.sign(hashlib.sha256(signed).digest())
    return base64.b64encode(value).decode()


def relaxed(line: bytes) -> bytes:
    name, _, value = line.partition(b":")
    return name.strip().lower() + b":" + b" ".join(value.split())


def relaxed_body(body: bytes) -> bytes:
    lines = [re.sub(rb"[ \t]+", b" ", line).rstrip(b" ") for line in body.split(b"\r\n")]
    while lines and not lines[-1]:
        lines.pop()
    return b"".join(line + b"\r\n" for line in lines)


def simple_body(body: bytes) -> bytes:
    return re.sub(rb"(\r\n)*\Z", b"", body) + b"\r\n"


@dataclass(frozen=True)
class Signer:
    """Somebody who signs. `tags` replace those of a usual signature; None leaves one out."""

    domain: str = "shop.example"
    selector: str = "s1"
    key: Key = field(default_factory=rsa_key)
    form: str = "relaxed/relaxed"
    tags: Mapping[str, str | None] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"{self.selector}._domainkey.{self.domain}"

    @property
    def zone(self) -> dict[str, str]:
        return {self.name: record(self.key)}

    def dkim(self, raw: bytes) -> bytes:
        """Return an email with a signature on top."""
        line = self._signature(raw, b"DKIM-Signature", {"v": "1"})
        return line + b"\r\n" + raw

    def arc(self, raw: bytes, results: str, cv: str = "", covered: str = COVERED) -> bytes:
        """Return an email with one more set of ARC fields on top, which says that a server saw these results."""
        number = len(re.findall(rb"(?im)^arc-seal:", raw)) + 1
        earlier = [find(raw, name, i) for i in range(1, number) for name in ("Results", "Message", "Seal")]
        aar = f"ARC-Authentication-Results: i={number}; {results}".encode()
        ams = self._signature(raw, b"ARC-Message-Signature", {"i": str(number), "h": covered})
        cv = cv or ("none" if number == 1 else "pass")
        algorithm = "rsa-sha256" if isinstance(self.key, rsa.RSAPrivateKey) else "ed25519-sha256"
        seal = f"ARC-Seal: i={number}; a={algorithm}; cv={cv}; d={self.domain}; s={self.selector}; b=".encode()
        signed = b"\r\n".join(relaxed(line) for line in [*earlier, aar, ams, seal])
        seal += sign_bytes(self.key, signed).encode()
        return b"\r\n".join([seal, ams, aar, raw])

    def _signature(self, raw: bytes, name: bytes, first: Mapping[str, str]) -> bytes:
        header, _, body = raw.partition(b"\r\n\r\n")
        header_form, _, body_form = self.form.partition("/")
        hashed = relaxed_body(body) if body_form == "relaxed" else simple_body(body)
        algorithm = "rsa-sha256" if isinstance(self.key, rsa.RSAPrivateKey) else "ed25519-sha256"
        values: dict[str, str | None] = {
            "a": algorithm,
            "c": self.form,
            "d": self.domain,
            "s": self.selector,
            "h": COVERED,
            "bh": base64.b64encode(hashlib.sha256(hashed).digest()).decode(),
            **first,
            **self.tags,
        }
        tags = "; ".join(f"{tag}={value}" for tag, value in values.items() if value is not None)
        line = name + f": {tags}; b=".encode()
        canonical = relaxed if header_form == "relaxed" else bytes
        fields = [*chosen(header, str(values["h"] or "")), line]
        return line + sign_bytes(self.key, b"\r\n".join(canonical(one) for one in fields)).encode()


def chosen(header: bytes, names: str) -> Sequence[bytes]:
    lines = re.split(rb"\r\n(?![ \t])", header)
    found = []
    for name in names.split(":"):
        matching = [line for line in lines if line.partition(b":")[0].strip().lower() == name.strip().encode()]
        if matching:
            found.append(matching[-1])
            lines.reverse()
            lines.remove(matching[-1])
            lines.reverse()
    return found


def find(raw: bytes, kind: str, number: int) -> bytes:
    """Return one of the ARC fields of an email."""
    names = {"Results": "ARC-Authentication-Results", "Message": "ARC-Message-Signature", "Seal": "ARC-Seal"}
    lines = re.split(rb"\r\n(?![ \t])", raw.partition(b"\r\n\r\n")[0])
    wanted = names[kind].encode()
    return next(one for one in lines if one.startswith(wanted + b":") and re.search(rb"\bi=%d;" % number, one))
