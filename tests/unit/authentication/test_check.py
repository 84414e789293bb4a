"""The whole check of one email: who it is from, what is looked at first, and what is said."""

import pytest

from daemon.authentication import check
from daemon.authentication.check import check_sender
from daemon.mail.envelope import Inbound
from daemon.vocabulary import NO_DNS_ANSWER
from tests.support.emails import inbound, mail
from tests.support.fake_dns import FakeDns
from tests.support.signing import Signer, rsa_key

FROM = "Ann <ann@shop.example>"
RAW = mail(FROM, message_id="<1@shop.example>")
SHOP, LISTS = Signer(), Signer("lists.example", "l1", rsa_key(2048))
DMARC = {"_dmarc.shop.example": "v=DMARC1; p=reject"}
SPF = {"shop.example": "v=spf1 ip4:192.0.2.1 -all"}
SAW = "mx.lists.example; dmarc=pass header.from=shop.example"
NOBODY = frozenset[str]()


def sent(raw: bytes, mail_from: str = "ann@shop.example") -> Inbound:
    return inbound(raw, mail_from=mail_from)


def test_a_signed_email_is_verified_and_everything_is_said() -> None:
    found = check_sender(FakeDns(txt=DMARC | SPF | SHOP.zone), sent(SHOP.dkim(RAW)), NOBODY)
    assert found.verified
    assert found.results == (
        "dmarc=pass (shop.example, dkim and spf)",
        "spf=pass (shop.example)",
        "dkim=pass (shop.example, selector s1, rsa-1024)",
    )


def test_an_email_of_another_server_is_not_verified() -> None:
    found = check_sender(FakeDns(txt=DMARC), sent(RAW, "m@mallory.example"), NOBODY)
    assert not found.verified
    assert found.results == ("dmarc=fail (shop.example, policy reject)", "spf=none (mallory.example)")


def test_a_proof_without_a_dmarc_record_verifies_nobody() -> None:
    found = check_sender(FakeDns(txt=SPF | SHOP.zone), sent(SHOP.dkim(RAW)), NOBODY)
    assert (found.verified, found.results[0]) == (False, "dmarc=none (shop.example, no record)")


def test_a_dns_that_is_down_verifies_nobody() -> None:
    found = check_sender(FakeDns(down=["_dmarc.shop.example"], txt=SHOP.zone), sent(SHOP.dkim(RAW)), NOBODY)
    assert not found.verified
    assert found.results[:2] == (NO_DNS_ANSWER, "dmarc=temperror (shop.example, DNS did not answer)")


def test_a_trusted_intermediary_vouches_for_an_email_that_a_list_changed() -> None:
    listed = LISTS.arc(SHOP.dkim(RAW).replace(b"Subject: ", b"Subject: [list] "), SAW)
    dns = FakeDns(txt=DMARC | SHOP.zone | LISTS.zone)
    found = check_sender(dns, sent(listed, "list@lists.example"), {"lists.example"})
    assert found.verified
    assert found.results[0] == "dmarc=pass (shop.example, arc by lists.example)"
    assert found.results[-1] == "arc=pass (lists.example, 1 in the chain)"
    assert not check_sender(dns, sent(listed, "list@lists.example"), NOBODY).verified


@pytest.mark.parametrize(
    "raw",
    [
        mail(None),
        mail("not an address"),
        mail("ann@shop.example, bob@shop.example"),
        b"From: mallory@mallory.example\r\n" + RAW,
        mail("undisclosed:;"),
    ],
)
def test_an_email_without_exactly_one_author_is_not_verified_and_asks_nothing(raw: bytes) -> None:
    dns = FakeDns(txt=DMARC | SPF | SHOP.zone)
    found = check_sender(dns, sent(SHOP.dkim(raw)), NOBODY)
    assert (found.verified, dns.asked) == (False, [])


def test_a_header_that_programs_read_differently_is_not_verified() -> None:
    raw = SHOP.dkim(RAW).replace(b"\r\nSubject", b"\r\nno field\r\nSubject")
    found = check_sender(FakeDns(txt=DMARC | SPF | SHOP.zone), sent(raw), NOBODY)
    assert found.results == ("dmarc=permerror (the header is malformed)",)


def test_a_null_sender_is_verified_by_its_signature_only() -> None:
    dns = FakeDns(txt=DMARC | SPF | SHOP.zone)
    assert not check_sender(dns, sent(RAW, ""), NOBODY).verified
    assert check_sender(dns, sent(SHOP.dkim(RAW), ""), NOBODY).results[0] == "dmarc=pass (shop.example, dkim)"


def test_the_author_s_signature_is_checked_among_many_others() -> None:
    raw = SHOP.dkim(RAW)
    for number in range(20):
        raw = f"DKIM-Signature: v=1; a=rsa-sha256; d=x{number}.example; s=s; h=from; bh=AA==; b=AA==\r\n".encode() + raw
    found = check_sender(FakeDns(txt=DMARC | SHOP.zone), sent(raw, ""), NOBODY)
    assert found.verified
    assert sum(one.startswith("dkim=") for one in found.results) == check.MAX_SIGNATURES
