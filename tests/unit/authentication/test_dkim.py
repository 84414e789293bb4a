"""DKIM: the examples of RFC 8463, and a table of signatures that are changed, weak, hostile or wrong."""

import base64
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from daemon.authentication import dkim
from daemon.authentication.signed import MalformedError, SignedEmail, split
from tests.support.emails import mail
from tests.support.fake_dns import FakeDns
from tests.support.fakes import NOON
from tests.support.signing import Signer, ed25519_key, record, rsa_key

RAW = mail(
    "Ann <ann@shop.example>", "Payment  failed", "Two  lines \r\n\tof text\r\n\r\n", message_id="<1@shop.example>"
)
SIGNER = Signer()
RFC_8463 = """\
DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=brisbane; t=1528637909; h=from : to :
 subject : date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus
 Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==
DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=test; t=1528637909; h=from : to : subject :
 date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3
 DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz
 dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=
From: Joe SixPack <joe@football.example.com>
To: Suzie Q <suzie@shopping.example.net>
Subject: Is dinner ready?
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)
Message-ID: <20030712040037.46341.5F8J@football.example.com>

Hi.

We lost the game.  Are you hungry yet?

Joe.
""".replace("\n", "\r\n").encode()
RFC_8463_KEYS = {
    "brisbane._domainkey.football.example.com": ("v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="),
    "test._domainkey.football.example.com": (
        "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/"
        "J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOT"
        "IKT+l/K4w3QIDAQAB"
    ),
}


@pytest.mark.parametrize("number", [0, 1])
def test_the_examples_of_rfc_8463_pass(number: int) -> None:
    email = split(RFC_8463)
    found = dkim.verify(FakeDns(txt=RFC_8463_KEYS), email, email.every("dkim-signature")[number], NOON)
    assert str(found.result) == "pass", found


def change(what: bytes, to: bytes) -> Callable[[bytes], bytes]:
    def changed(raw: bytes) -> bytes:
        assert what in raw
        return raw.replace(what, to)

    return changed


@dataclass(frozen=True)
class Case:
    """`signer` signs RAW, `then` changes the signed email; `txt` replaces the record of the key."""

    name: str
    result: str
    reason: str = ""
    signer: Signer = SIGNER
    then: Callable[[bytes], bytes] = lambda raw: raw
    txt: Any = None
    down: bool = False
    tags: dict[str, str | None] = field(default_factory=dict)


FORMS = tuple(f"{header}/{body}" for header in ("simple", "relaxed") for body in ("simple", "relaxed"))
EXPIRED = str(int((NOON - timedelta(days=1)).timestamp()))
LATER = str(int((NOON + timedelta(days=1)).timestamp()))
CASES = (
    *(Case(f"{form} passes", "pass", signer=replace(SIGNER, form=form)) for form in FORMS),
    Case("ed25519", "pass", "selector s1, ed25519", signer=replace(SIGNER, key=ed25519_key())),
    Case("rsa of 2048 bits", "pass", "selector s1, rsa-2048", signer=replace(SIGNER, key=rsa_key(2048))),
    Case("spaces are added, relaxed", "pass", then=change(b"Subject: Payment  failed", b"SUBJECT:  Payment failed ")),
    Case("spaces are added, simple", "fail", signer=replace(SIGNER, form="simple/simple"),
         then=change(b"Subject: Payment", b"Subject:  Payment")),
    Case("empty lines are added", "pass", then=lambda raw: raw + b"\r\n\r\n\r\n"),
    Case("line ends became LF", "pass", then=change(b"\r\n", b"\n")),
    Case("the body is changed", "fail", "the body was changed", then=change(b"lines", b"miles")),
    Case("text is added to the body", "fail", "the body was changed", then=lambda raw: raw + b"pay here\r\n"),
    Case("the subject is changed", "fail", "the signature is wrong", then=change(b"failed", b"passed")),
    Case("From is changed", "fail", "the signature is wrong", then=change(b"ann@shop", b"bob@shop")),
    Case("a second subject on top", "pass", then=lambda raw: b"Subject: x\r\n" + raw),
    Case("a second subject below", "fail", then=change(b"\r\n\r\nTwo", b"\r\nSubject: x\r\n\r\nTwo")),
    Case("a second subject is signed away", "fail", tags={"h": "from:subject:subject"},
         then=lambda raw: b"Subject: x\r\n" + raw),
    Case("From is not signed", "permerror", "From is not signed", tags={"h": "to:subject"}),
    Case("only a part of the body is signed", "policy", "only a part of the body is signed", tags={"l": "3"}),
    Case("expired", "fail", "the signature has expired", tags={"x": EXPIRED}),
    Case("not yet expired", "pass", tags={"x": LATER}),
    Case("an expiry that is no number", "permerror", tags={"x": "soon"}),
    Case("an expiry of a thousand digits", "permerror", tags={"x": "9" * 1000}),
    Case("version 2", "permerror", "not version 1", tags={"v": "2"}),
    Case("no version", "permerror", "not version 1", tags={"v": None}),
    Case("SHA-1", "permerror", "the algorithm 'rsa-sha1' is not accepted", tags={"a": "rsa-sha1"}),
    Case("no domain", "permerror", "no domain or selector", tags={"d": None}),
    Case("no selector", "permerror", "no domain or selector", tags={"s": None}),
    Case("a selector that is no name", "permerror", "no domain or selector", tags={"s": "a b"}),
    Case("an unknown canonical form", "permerror", "unknown canonicalization", tags={"c": "plain/plain"}),
    Case("another query method", "permerror", "unknown query method", tags={"q": "https"}),
    Case("an identity outside the domain", "permerror", "i= is outside d=", tags={"i": "@fakeshop.example"}),
    Case("an identity in a subdomain", "pass", tags={"i": "news@mail.shop.example"}),
    Case("an identity in a subdomain, forbidden", "permerror", "the key is not for subdomains",
         tags={"i": "@mail.shop.example"}, txt=record(rsa_key(), t="s")),
    Case("too many signed fields", "policy", "too many signed fields", tags={"h": "from:" + "x:" * 300}),
    Case("a tag twice", "permerror", "not a list of tags", then=change(b"; d=", b"; d=x.example; d=")),
    Case("not a list", "permerror", "not a list of tags", then=change(b"v=1;", b"v 1;")),
    Case("a signature that is no base64", "permerror", "not base64 or not a number", then=change(b"; b=", b"; b=*")),
    Case("no key", "permerror", "no key", txt=()),
    Case("two keys", "permerror", "several keys", txt=(record(rsa_key()), record(ed25519_key()))),
    Case("a text beside the key", "pass", txt=(record(rsa_key()), "hello")),
    Case("a revoked key", "permerror", "the key was revoked", txt="v=DKIM1; p="),
    Case("a damaged key", "permerror", "the key is damaged, or too short", txt="v=DKIM1; p=AAAA"),
    Case("a key that is no base64", "permerror", "the key is damaged", txt="v=DKIM1; p=*"),
    Case("a key of another version", "permerror", "the key record is invalid", txt=record(rsa_key(), v="DKIM2")),
    Case("a key of another kind", "permerror", "the key is of another kind", txt=record(ed25519_key())),
    Case("a key of an unknown kind", "permerror", "the kind of key is unknown", txt=record(rsa_key(), k="dsa")),
    Case("a key for another service", "permerror", "the key is for another use", txt=record(rsa_key(), s="tlsrpt")),
    Case("a key for another hash", "permerror", "the key is for another use", txt=record(rsa_key(), h="sha1")),
    Case("the key of somebody else", "fail", "the signature is wrong", txt=record(rsa_key(2048))),
    Case("a huge key", "permerror", "the key has 4104 bits", txt=record(rsa_key(4104))),
    Case("DNS is down", "temperror", "DNS did not answer", down=True),
)  # fmt: skip


def verify(case: Case) -> dkim.Finding:
    signer = replace(case.signer, tags=case.tags)
    email = split(case.then(signer.dkim(RAW)))
    zone = {signer.name: record(signer.key) if case.txt is None else case.txt}
    dns = FakeDns(txt=zone, down=[signer.name] if case.down else [])
    return dkim.verify(dns, email, email.every("dkim-signature")[0], NOON)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_signature_has_this_result(case: Case) -> None:
    found = verify(case)
    assert str(found.result) == case.result, found
    assert found.reason == (case.reason or found.reason)


def test_a_short_key_is_refused() -> None:
    numbers = rsa.RSAPublicNumbers(65537, 2**767 + 1)
    der = numbers.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    found = verify(Case("short", "", txt=f"v=DKIM1; p={base64.b64encode(der).decode()}"))
    assert found.reason in {"the key has 768 bits", "the key is damaged, or too short"}


def test_a_short_key_that_the_library_reads_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daemon.authentication.public_key.MIN_RSA_BITS", 1025)
    assert verify(Case("short", "")).reason == "the key has 1024 bits"


def test_a_body_past_the_limit_is_not_hashed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daemon.authentication.dkim.MAX_BODY", 10)
    monkeypatch.setattr(SignedEmail, "body_hash", None)
    assert verify(Case("large", "")).reason == "the body is too large"


def test_the_body_is_hashed_once_for_many_signatures(monkeypatch: pytest.MonkeyPatch) -> None:
    hashed = []
    whole = "daemon.authentication.signed.canonical_body"
    monkeypatch.setattr(whole, lambda body, form: hashed.append(form) or body)
    email = split(SIGNER.dkim(SIGNER.dkim(RAW)))
    for one in email.every("dkim-signature"):
        dkim.verify(FakeDns(), email, one, NOON)
    assert hashed == ["relaxed"]


@pytest.mark.parametrize(
    "header",
    [
        b"From: a@shop.example\r\nno field\r\n",
        b"From: a@shop.example\r\n \t\r\nSubject: x\r\n",
        b"From: a@shop.example\rSubject: x\r\n",
        b"From shop.example Mon Jan\r\nFrom: a@shop.example\r\n",
        b"From: a@shop.example\r\n" + b"X: y\r\n" * 1200,
        b"\xef\xbb\xbfFrom: a@shop.example\r\n",
    ],
)
def test_a_header_that_programs_read_differently_is_refused(header: bytes) -> None:
    with pytest.raises(MalformedError):
        split(header + b"\r\nbody")


def test_an_email_without_a_body_is_read() -> None:
    assert split(b"From: a@shop.example\r\n").body == b""
    assert split(b"From: a@shop.example\r\n\r\n").body == b""
