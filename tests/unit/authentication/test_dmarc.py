"""DMARC: a table of records, proofs and results, after RFC 7489."""

import pytest

from daemon.authentication.dmarc import evaluate, is_aligned
from daemon.authentication.lookup import Finding, Result
from tests.support.fake_dns import FakeDns

REJECT = "v=DMARC1; p=reject"


def spf(domain: str, result: Result = Result.PASS) -> Finding:
    return Finding("spf", result, domain)


def dkim(domain: str, result: Result = Result.PASS) -> Finding:
    return Finding("dkim", result, domain)


NOTHING = spf("", Result.NONE)
CASES = [
    ("dkim of the domain", REJECT, "shop.example", [dkim("shop.example")], "pass", "dkim"),
    ("spf of the domain", REJECT, "shop.example", [spf("shop.example")], "pass", "spf"),
    ("both", REJECT, "shop.example", [spf("shop.example"), dkim("shop.example")], "pass", "dkim and spf"),
    ("dkim of a subdomain", REJECT, "shop.example", [dkim("mail.shop.example")], "pass", "dkim"),
    ("dkim of a subdomain, strict", f"{REJECT}; adkim=s", "shop.example", [dkim("mail.shop.example")], "fail", ""),
    ("spf of a subdomain, strict", f"{REJECT}; aspf=s", "shop.example", [spf("mail.shop.example")], "fail", ""),
    ("spf strict, dkim relaxed", f"{REJECT}; aspf=s", "shop.example", [dkim("mail.shop.example")], "pass", "dkim"),
    ("dkim of another domain", REJECT, "shop.example", [dkim("fakeshop.example")], "fail", "policy reject"),
    ("dkim that ends alike", REJECT, "shop.example", [dkim("myshop.example")], "fail", "policy reject"),
    ("dkim of a public suffix", REJECT, "shop.co.uk", [dkim("co.uk")], "fail", "policy reject"),
    ("a neighbour below a public suffix", REJECT, "shop.co.uk", [dkim("other.co.uk")], "fail", "policy reject"),
    ("dkim that failed", REJECT, "shop.example", [dkim("shop.example", Result.FAIL)], "fail", "policy reject"),
    ("spf that softfailed", REJECT, "shop.example", [spf("shop.example", Result.SOFTFAIL)], "fail", "policy reject"),
    ("only a part was signed", REJECT, "shop.example", [dkim("shop.example", Result.POLICY)], "fail", "policy reject"),
    ("one of two passes", REJECT, "shop.example",
     [dkim("shop.example", Result.FAIL), dkim("shop.example")], "pass", "dkim"),
    ("policy quarantine", "v=DMARC1; p=quarantine", "shop.example", [], "fail", "policy quarantine"),
    ("policy none", "v=DMARC1; p=none", "shop.example", [], "fail", "policy none"),
    ("policy none and a proof", "v=DMARC1;p=none", "shop.example", [dkim("shop.example")], "pass", "dkim"),
    ("pct is ignored", "v=DMARC1; p=reject; pct=0", "shop.example", [], "fail", "policy reject"),
    ("no policy, reports", "v=DMARC1; rua=mailto:a@shop.example", "shop.example", [], "fail", "policy none"),
    ("no policy", "v=DMARC1", "shop.example", [dkim("shop.example")], "none", "no record"),
    ("an unknown policy", "v=DMARC1; p=refuse", "shop.example", [dkim("shop.example")], "none", "no record"),
    ("the version is not first", "p=reject; v=DMARC1", "shop.example", [dkim("shop.example")], "none", "no record"),
    ("another version", "v=DMARC2; p=reject", "shop.example", [dkim("shop.example")], "none", "no record"),
    ("two records", (REJECT, "v=DMARC1; p=none"), "shop.example", [dkim("shop.example")], "none", "no record"),
    ("a record beside another text", (REJECT, "hello"), "shop.example", [dkim("shop.example")], "pass", "dkim"),
    ("no record", (), "shop.example", [dkim("shop.example")], "none", "no record"),
    ("the organization's record", REJECT, "mail.shop.example", [dkim("shop.example")], "pass", "dkim"),
    ("the organization's policy", REJECT, "mail.shop.example", [], "fail", "policy reject"),
    ("for subdomains", "v=DMARC1; p=none; sp=reject", "mail.shop.example", [], "fail", "policy reject"),
    ("not for subdomains", "v=DMARC1; p=none; sp=reject", "shop.example", [], "fail", "policy none"),
    ("spf is unknown", REJECT, "shop.example", [spf("shop.example", Result.TEMPERROR)], "temperror", ""),
    ("dkim is unknown, spf passes", REJECT, "shop.example",
     [dkim("shop.example", Result.TEMPERROR), spf("shop.example")], "pass", "spf"),
    ("another domain is unknown", REJECT, "shop.example", [dkim("else.example", Result.TEMPERROR)], "fail", ""),
]  # fmt: skip


@pytest.mark.parametrize(("name", "record", "author", "found", "result", "reason"), CASES, ids=[c[0] for c in CASES])
def test_a_record_and_proofs_have_this_result(
    name: str, record: str, author: str, found: list[Finding], result: str, reason: str
) -> None:
    del name
    organization = "shop.co.uk" if author.endswith(".co.uk") else "shop.example"
    dns = FakeDns(txt={f"_dmarc.{organization}": record})
    sender = next((one for one in found if one.method == "spf"), NOTHING)
    verdict = evaluate(dns, author, sender, [one for one in found if one.method == "dkim"])
    assert (str(verdict.result), verdict.domain) == (result, author)
    assert verdict.reason == (reason or verdict.reason)


def test_the_record_of_the_domain_comes_before_that_of_the_organization() -> None:
    dns = FakeDns(txt={"_dmarc.mail.shop.example": "v=DMARC1; p=none", "_dmarc.shop.example": REJECT})
    assert evaluate(dns, "mail.shop.example", NOTHING, []).reason == "policy none"


def test_a_dns_that_is_down_decides_nothing() -> None:
    dns = FakeDns(down=["_dmarc.shop.example"])
    verdict = evaluate(dns, "shop.example", NOTHING, [dkim("shop.example")])
    assert str(verdict) == "dmarc=temperror (shop.example, DNS did not answer)"


def test_nothing_is_aligned_with_no_domain() -> None:
    assert not is_aligned("", "shop.example", strict=False)
