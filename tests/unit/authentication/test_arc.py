"""ARC: chains that are believed, and chains that are broken, forged or by somebody unknown."""

from dataclasses import dataclass, replace

import pytest

from daemon.authentication import arc
from daemon.authentication.signed import split
from tests.support.emails import mail
from tests.support.fake_dns import FakeDns
from tests.support.fakes import NOON
from tests.support.signing import Signer, ed25519_key, find, rsa_key

RAW = mail("Ann <ann@shop.example>", message_id="<1@shop.example>")
LISTS = Signer("lists.example")
EDGE = Signer("edge.example", "s2", rsa_key(2048))
MALLORY = Signer("mallory.example", "s3", ed25519_key())
SAW = "mx.lists.example; dkim=pass header.d=shop.example; dmarc=pass (p=REJECT) header.from=shop.example"
SAW_NOTHING = "edge.example; dmarc=fail header.from=shop.example"
TRUSTED = frozenset({"lists.example", "edge.example"})
ZONE = LISTS.zone | EDGE.zone | MALLORY.zone


@dataclass(frozen=True)
class Case:
    """`result` of the chain, and who `vouches` for shop.example."""

    name: str
    raw: bytes
    result: str
    vouches: str = ""
    trusted: frozenset[str] = TRUSTED
    down: bool = False


def changed(raw: bytes, what: bytes, to: bytes) -> bytes:
    assert what in raw
    return raw.replace(what, to, 1)


def without(raw: bytes, kind: str, number: int) -> bytes:
    return changed(raw, find(raw, kind, number) + b"\r\n", b"")


def many(count: int) -> bytes:
    raw = RAW
    for _ in range(count):
        raw = LISTS.arc(raw, SAW)
    return raw


ONE = LISTS.arc(RAW, SAW)
TWO = EDGE.arc(ONE, SAW_NOTHING)
CASES = (
    Case("no chain", RAW, "none"),
    Case("one intermediary", ONE, "pass", "lists.example"),
    Case("one that is unknown", MALLORY.arc(RAW, SAW), "pass"),
    Case("nobody is trusted", ONE, "pass", trusted=frozenset()),
    Case("it saw no pass", LISTS.arc(RAW, SAW_NOTHING), "pass"),
    Case("it saw another domain", LISTS.arc(RAW, SAW.replace("from=shop", "from=other")), "pass"),
    Case("a pass in a comment", LISTS.arc(RAW, "x; dmarc=fail (dmarc=pass header.from=shop.example)"), "pass"),
    Case("two, the first saw it", TWO, "pass", "lists.example"),
    Case("two, the last is unknown", MALLORY.arc(ONE, SAW), "pass"),
    Case("two, the first is unknown", EDGE.arc(MALLORY.arc(RAW, SAW), SAW_NOTHING), "pass"),
    Case("two, both saw it", EDGE.arc(ONE, SAW), "pass", "edge.example"),
    Case("another domain sealed it", changed(ONE, b"d=lists.example", b"d=edge.example"), "permerror"),
    Case("ten intermediaries", many(10), "pass", "lists.example"),
    Case("eleven intermediaries", many(11), "policy"),
    Case("the body is changed", changed(ONE, b"debited", b"credited"), "fail"),
    Case("the subject is changed", changed(ONE, b"Payment", b"Refund"), "fail"),
    Case("the results are changed", changed(LISTS.arc(RAW, SAW_NOTHING), b"dmarc=fail", b"dmarc=pass"), "fail"),
    Case("an early seal is changed", changed(TWO, b"cv=none; d=lists", b"cv=none;  d=list"), "fail"),
    Case("it found the chain broken", LISTS.arc(RAW, SAW, "fail"), "fail"),
    Case("the first says pass", LISTS.arc(RAW, SAW, "pass"), "fail"),
    Case("the second says none", EDGE.arc(ONE, SAW, "none"), "fail"),
    Case("a seal is missing", without(TWO, "Seal", 1), "fail"),
    Case("the results are missing", without(ONE, "Results", 1), "fail"),
    Case("the first set is missing", changed(without(without(TWO, "Seal", 1), "Results", 1),
         find(TWO, "Message", 1) + b"\r\n", b""), "fail"),
    Case("a set twice", find(ONE, "Seal", 1) + b"\r\n" + ONE, "fail"),
    Case("a number that is none", changed(ONE, b"ARC-Seal: i=1", b"ARC-Seal: i=x"), "fail"),
    Case("a signature covers a seal", LISTS.arc(ONE, SAW, covered="from:arc-seal"), "fail"),
    Case("From is not signed", LISTS.arc(RAW, SAW, covered="to:subject"), "permerror"),
    Case("no key", replace(LISTS, selector="s9").arc(RAW, SAW), "permerror"),
    Case("DNS is down", ONE, "temperror", down=True),
)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_chain_has_this_result(case: Case) -> None:
    dns = FakeDns(txt=ZONE, down=[LISTS.name] if case.down else [])
    found, links = arc.verify(dns, split(case.raw), NOON)
    assert str(found.result) == case.result, found
    assert arc.vouches(links, "shop.example", case.trusted) == case.vouches


def test_the_cost_of_a_chain_is_bounded() -> None:
    dns = FakeDns(txt=ZONE)
    arc.verify(dns, split(many(10)), NOON)
    assert len(dns.asked) == 11


def test_an_early_signature_that_is_damaged_vouches_for_nobody() -> None:
    damaged = changed(ONE, find(ONE, "Message", 1), b"ARC-Message-Signature: i=1; no tags")
    _, links = arc.verify(FakeDns(txt=ZONE), split(EDGE.arc(damaged, SAW_NOTHING)), NOON)
    assert arc.vouches(links, "shop.example", TRUSTED) == ""
