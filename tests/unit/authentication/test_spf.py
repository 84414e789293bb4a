"""SPF: a table of records, clients and results, after RFC 7208."""

import ipaddress
from dataclasses import dataclass, field
from typing import Any

import pytest

from daemon.authentication.spf import check_host
from daemon.authentication.spf_record import MacroValues, RecordError, expand, is_spf, parse
from tests.support.fake_dns import FakeDns

CLIENT, CLIENT6 = "192.0.2.10", "2001:db8::10"


@dataclass(frozen=True)
class Case:
    name: str
    record: str
    result: str
    peer: str = CLIENT
    sender: str = "ann@shop.example"
    dns: dict[str, Any] = field(default_factory=dict)


CHAIN = {f"s{n}.example": f"v=spf1 include:s{n + 1}.example -all" for n in range(12)}
MANY_A = " ".join(f"a:h{n}.example" for n in range(11))
KNOWN_A = {f"h{n}.example": "198.51.100.1" for n in range(11)}

CASES = (
    Case("all passes", "v=spf1 +all", "pass"),
    Case("all fails", "v=spf1 -all", "fail"),
    Case("all softfails", "v=spf1 ~all", "softfail"),
    Case("all is neutral", "v=spf1 ?all", "neutral"),
    Case("nothing matches", "v=spf1", "neutral"),
    Case("case is ignored", "V=SPF1 IP4:192.0.2.0/24 -ALL", "pass"),
    Case("no record", "another text", "none"),
    Case("a longer version is no record", "v=spf10 +all", "none"),
    Case("ip4 with its network", "v=spf1 ip4:192.0.2.0/28 -all", "pass"),
    Case("ip4 beside its network", "v=spf1 ip4:192.0.2.128/25 -all", "fail"),
    Case("ip4 with a qualifier", "v=spf1 -ip4:192.0.2.10 +all", "fail"),
    Case("ip6", "v=spf1 ip6:2001:db8::/32 -all", "pass", CLIENT6),
    Case("ip4 never matches IPv6", "v=spf1 ip4:192.0.2.10 -all", "fail", CLIENT6),
    Case("IPv4 inside IPv6 is IPv4", "v=spf1 ip4:192.0.2.10 -all", "pass", "::ffff:192.0.2.10"),
    Case("a bad address", "v=spf1 ip4:192.0.2.300 +all", "permerror"),
    Case("a bad network", "v=spf1 ip4:192.0.2.0/33 +all", "permerror"),
    Case("ip4 without an address", "v=spf1 ip4 +all", "permerror"),
    Case("a of the domain", "v=spf1 a -all", "pass", dns={"a": {"shop.example": CLIENT}}),
    Case("a of another", "v=spf1 a:web.example -all", "pass", dns={"a": {"web.example": ["198.51.100.1", CLIENT]}}),
    Case("a with a prefix", "v=spf1 a:web.example/24 -all", "pass", dns={"a": {"web.example": "192.0.2.99"}}),
    Case(
        "a with both prefixes", "v=spf1 a/24//64 -all", "pass", CLIENT6, dns={"aaaa": {"shop.example": "2001:db8::9"}}
    ),
    Case("a with a bad prefix", "v=spf1 a/33 +all", "permerror"),
    Case("mx", "v=spf1 mx -all", "pass", dns={"mx": {"shop.example": ["m.example"]}, "a": {"m.example": CLIENT}}),
    Case("mx with too many hosts", "v=spf1 mx -all", "permerror", dns={"mx": {"shop.example": list(KNOWN_A)}}),
    Case("ptr", "v=spf1 ptr -all", "pass", dns={"ptr": {CLIENT: "a.shop.example"}, "a": {"a.shop.example": CLIENT}}),
    Case("ptr of another domain", "v=spf1 ptr -all", "fail", dns={"ptr": {CLIENT: "a.fakeshop.example"}}),
    Case("ptr that the name denies", "v=spf1 ptr -all", "fail", dns={"ptr": {CLIENT: "a.shop.example"}}),
    Case("ptr without an answer", "v=spf1 ptr -all", "fail", dns={"down": [CLIENT]}),
    Case("exists", "v=spf1 exists:%{i}.list.example -all", "pass", dns={"a": {f"{CLIENT}.list.example": "127.0.0.2"}}),
    Case(
        "exists asks for IPv4", "v=spf1 exists:x.example -all", "pass", CLIENT6, dns={"a": {"x.example": "127.0.0.2"}}
    ),
    Case("include passes", "v=spf1 include:i.example -all", "pass", dns={"txt": {"i.example": "v=spf1 +all"}}),
    Case("include that fails", "v=spf1 include:i.example ?all", "neutral", dns={"txt": {"i.example": "v=spf1 -all"}}),
    Case("include without a record", "v=spf1 include:i.example +all", "permerror"),
    Case("include without a domain", "v=spf1 include +all", "permerror"),
    Case("include with an error", "v=spf1 include:i.example", "permerror", dns={"txt": {"i.example": "v=spf1 foo"}}),
    Case("include that is down", "v=spf1 include:i.example +all", "temperror", dns={"down": ["i.example"]}),
    Case(
        "include with another sender domain",
        "v=spf1 include:i.example -all",
        "pass",
        dns={"txt": {"i.example": "v=spf1 exists:%{o}.%{d} -all"}, "a": {"shop.example.i.example": "127.0.0.1"}},
    ),
    Case("redirect", "v=spf1 redirect=r.example", "fail", dns={"txt": {"r.example": "v=spf1 -all"}}),
    Case("redirect after a match is not used", "v=spf1 +all redirect=r.example", "pass"),
    Case("redirect without a record", "v=spf1 redirect=r.example", "permerror"),
    Case("redirect twice", "v=spf1 redirect=a.example redirect=b.example", "permerror"),
    Case("redirect to itself", "v=spf1 redirect=shop.example", "permerror"),
    Case("include of itself", "v=spf1 include:shop.example -all", "permerror"),
    Case("an unknown modifier", "v=spf1 ip4:192.0.2.10 note=x -all", "pass"),
    Case("an unknown mechanism", "v=spf1 foo +all", "permerror"),
    Case("a mechanism that only begins like one", "v=spf1 allow -all", "permerror"),
    Case("all with an argument", "v=spf1 +all:shop.example", "permerror"),
    Case("a bad macro", "v=spf1 exists:%{z}.example +all", "permerror"),
    Case("a percent sign alone", "v=spf1 exists:50%.example +all", "permerror"),
    Case(
        "ten includes", "v=spf1 include:s3.example -all", "fail", dns={"txt": {**CHAIN, "s12.example": "v=spf1 -all"}}
    ),
    Case("eleven includes", "v=spf1 include:s1.example +all", "permerror", dns={"txt": CHAIN}),
    Case("eleven addresses", f"v=spf1 {MANY_A} -all", "permerror", dns={"a": KNOWN_A}),
    Case("two empty answers", "v=spf1 a:x.example a:y.example -all", "fail"),
    Case("three empty answers", "v=spf1 a:x.example a:y.example a:z.example +all", "permerror"),
    Case("an address that is down", "v=spf1 a:x.example +all", "temperror", dns={"down": ["x.example"]}),
    Case("not ASCII", "v=spf1 a:caf\xe9.example +all", "permerror"),
    Case("endless terms", "v=spf1 " + "ip4:198.51.100.1 " * 300 + "+all", "permerror"),
    Case("a null sender", "v=spf1 +all", "none", sender=""),
    Case("a sender without a domain", "v=spf1 +all", "none", sender="ann@shop"),
    Case("a client without an address", "v=spf1 +all", "none", peer="local"),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_record_a_client_and_a_sender_have_this_result(case: Case) -> None:
    txt = {"shop.example": case.record} | case.dns.get("txt", {})
    dns = FakeDns(**case.dns | {"txt": txt})
    assert str(check_host(dns, case.peer, case.sender).result) == case.result
    assert len(dns.asked) <= 40


def test_several_records_are_an_error() -> None:
    dns = FakeDns(txt={"shop.example": ["v=spf1 +all", "v=spf1 -all"]})
    assert str(check_host(dns, CLIENT, "ann@shop.example")) == (
        "spf=permerror (shop.example, there are several SPF records)"
    )


def test_a_dns_that_is_down_is_a_temporary_error() -> None:
    dns = FakeDns(down=["shop.example"])
    assert str(check_host(dns, CLIENT, "ann@shop.example")) == "spf=temperror (shop.example, DNS did not answer)"


# RFC 7208 section 7.4.
EXPANSIONS = (
    ("%{s}", "strong-bad@email.example.com"),
    ("%{o}", "email.example.com"),
    ("%{d4}", "email.example.com"),
    ("%{d3}", "email.example.com"),
    ("%{d2}", "example.com"),
    ("%{d1}", "com"),
    ("%{dr}", "com.example.email"),
    ("%{d2r}", "example.email"),
    ("%{l}", "strong-bad"),
    ("%{l-}", "strong.bad"),
    ("%{lr}", "strong-bad"),
    ("%{lr-}", "bad.strong"),
    ("%{l1r-}", "strong"),
    ("%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"),
    ("%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com"),
    ("%{lr-}.lp.%{ir}.%{v}._spf.%{d2}", "bad.strong.lp.3.2.0.192.in-addr._spf.example.com"),
    ("%{d2}.trusted-domains.example.net", "example.com.trusted-domains.example.net"),
    ("a%%b%_c%-d", "a%b c%20d"),
)


@pytest.mark.parametrize(("macro", "expected"), EXPANSIONS)
def test_macros_are_expanded_as_in_the_examples_of_the_rfc(macro: str, expected: str) -> None:
    values = MacroValues(
        "strong-bad@email.example.com", "email.example.com", ipaddress.ip_address("192.0.2.3"), "mx.example"
    )
    assert expand(macro, values) == expected


def test_an_ipv6_address_is_expanded_in_nibbles() -> None:
    values = MacroValues("a@b.example", "b.example", ipaddress.ip_address("2001:db8::cb01"), "")
    assert expand("%{ir}.%{v}", values) == ("1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6")


def test_labels_on_the_left_of_a_long_name_are_dropped() -> None:
    values = MacroValues(f"{'l.' * 200}l@b.example", "b.example", ipaddress.ip_address(CLIENT), "")
    name = expand("%{l}.%{d}", values)
    assert len(name) <= 253
    assert name.endswith(".l.b.example")


def test_only_the_exact_version_is_a_record() -> None:
    assert [is_spf(text) for text in ("v=spf1", "v=spf1 a", "v=spf2.0/pra a", "v=spf1a")] == [True, True, False, False]


def test_a_term_with_a_macro_and_a_slash_is_no_prefix() -> None:
    assert parse("v=spf1 a:%{d1r/}.example/28").mechanisms[0].prefix4 == 28
    with pytest.raises(RecordError):
        parse("v=spf1 a:x.example/")
