"""The resolver against a real server on the loopback that is slow, down, hostile or wrong."""

from collections.abc import Iterator
from time import monotonic

import pytest

from daemon.authentication import resolver
from daemon.authentication.check import check_sender
from daemon.authentication.checker import SenderChecker, not_checked
from daemon.authentication.lookup import DnsUnavailableError
from daemon.authentication.resolver import NoNameServerError, Questions, Resolver
from daemon.vocabulary import NO_DNS_ANSWER
from tests.support.dns_server import DnsServer, quoted, texts
from tests.support.emails import inbound, mail
from tests.support.signing import Signer

LONG = 60.0


@pytest.fixture
def server() -> Iterator[DnsServer]:
    with DnsServer() as running:
        yield running


def ask(server: DnsServer, seconds: float = LONG) -> Questions:
    return Resolver([server.address]).until(monotonic() + seconds)


def test_records_of_each_kind_are_read(server: DnsServer) -> None:
    server.zone = {
        "shop.example": {
            "TXT": ['"v=spf1 " "-all"', '"other"'],
            "A": ["192.0.2.1"],
            "AAAA": ["2001:db8::1"],
            "MX": ["20 B.example.", "10 a.example."],
        },
        "1.2.0.192.in-addr.arpa": {"PTR": ["mx.shop.example."]},
    }
    dns = ask(server)
    assert set(dns.txt("shop.example")) == {"v=spf1 -all", "other"}
    assert dns.addresses("shop.example", 4) == ("192.0.2.1",)
    assert dns.addresses("shop.example", 6) == ("2001:db8::1",)
    assert dns.mx("shop.example") == ("a.example", "b.example")
    assert dns.ptr("192.0.2.1") == ("mx.shop.example",)


def test_a_name_without_records_gives_nothing(server: DnsServer) -> None:
    server.zone = {"shop.example": {"A": ["192.0.2.1"]}}
    dns = ask(server)
    assert (dns.txt("shop.example"), dns.txt("missing.example")) == ((), ())


@pytest.mark.parametrize("name", ["a..b", "x" * 64 + ".example", ".".join(["label"] * 60), "\xe9" * 70 + ".example"])
def test_a_name_that_cannot_exist_gives_nothing(server: DnsServer, name: str) -> None:
    assert ask(server).txt(name) == ()
    assert server.asked == []


def test_a_long_answer_comes_by_tcp(server: DnsServer) -> None:
    text = "v=spf1 " + "ip4:192.0.2.1 " * 300
    server.zone = texts({"shop.example": text})
    assert ask(server).txt("shop.example") == (text,)
    assert server.by_tcp == 1


def test_a_huge_answer_is_refused_and_not_kept(server: DnsServer) -> None:
    server.zone = {"shop.example": {"TXT": [quoted("x" * 250 + str(n)) for n in range(100)]}}
    with pytest.raises(DnsUnavailableError):
        ask(server).txt("shop.example")


def test_too_many_records_are_refused(server: DnsServer) -> None:
    server.zone = {"shop.example": {"A": [f"192.0.2.{n}" for n in range(100)]}}
    with pytest.raises(DnsUnavailableError):
        ask(server).addresses("shop.example", 4)


def test_an_alias_is_followed_and_a_loop_of_aliases_refused(server: DnsServer) -> None:
    server.zone = {
        "shop.example": {"CNAME": ["real.example."]},
        **texts({"real.example": "found"}),
        "loop.example": {"CNAME": ["pool.example."]},
        "pool.example": {"CNAME": ["loop.example."]},
    }
    dns = ask(server)
    assert dns.txt("shop.example") == ("found",)
    with pytest.raises(DnsUnavailableError):
        dns.txt("loop.example")


def test_a_server_that_fails_is_not_asked_again_at_once(server: DnsServer) -> None:
    server.failing = {"shop.example"}
    shared = Resolver([server.address])
    for _ in range(3):
        with pytest.raises(DnsUnavailableError):
            shared.until(monotonic() + LONG).txt("shop.example")
    assert len(server.asked) <= 2


def test_an_answer_is_kept_for_all_emails(server: DnsServer) -> None:
    server.zone = texts({"shop.example": "kept"})
    shared = Resolver([server.address])
    assert [shared.until(monotonic() + LONG).txt(name) for name in ("shop.example", "SHOP.example")] == [("kept",)] * 2
    assert len(server.asked) == 1


def test_what_is_kept_is_bounded(server: DnsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolver, "CACHED", 3)
    shared = Resolver([server.address])
    for number in range(9):
        shared.until(monotonic() + LONG).txt(f"x{number}.example")
    assert len(shared._cache) == 3


def test_an_email_asks_a_bounded_number_of_questions(server: DnsServer) -> None:
    dns = ask(server)
    with pytest.raises(DnsUnavailableError):
        [dns.txt(f"x{number}.example") for number in range(resolver.MAX_QUESTIONS + 1)]
    assert len(server.asked) == resolver.MAX_QUESTIONS


def test_no_question_is_asked_after_the_deadline(server: DnsServer) -> None:
    with pytest.raises(DnsUnavailableError):
        ask(server, seconds=-1).txt("shop.example")
    assert server.asked == []


def test_a_server_that_is_silent_is_waited_for_until_the_deadline_only(server: DnsServer) -> None:
    server.is_down = True
    with pytest.raises(DnsUnavailableError):
        ask(server, seconds=0.2).txt("shop.example")


def test_a_host_without_name_servers_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_arguments: object, **_options: object) -> None:
        raise resolver.dns.resolver.NoResolverConfiguration

    monkeypatch.setattr(resolver.dns.resolver.Resolver, "__init__", none)
    with pytest.raises(NoNameServerError):
        Resolver()


def test_a_check_asks_a_real_server(server: DnsServer) -> None:
    signer = Signer()
    server.zone = texts(signer.zone | {"_dmarc.shop.example": "v=DMARC1; p=reject"})
    email = inbound(signer.dkim(mail("ann@shop.example")), mail_from="ann@shop.example")
    assert check_sender(ask(server), email, frozenset()).verified


def test_a_check_that_takes_too_long_is_given_up(server: DnsServer) -> None:
    server.is_down = True
    checker = SenderChecker(Resolver([server.address]), 0.3, ())
    try:
        found = checker.start(inbound(mail("ann@shop.example"))).result()
    finally:
        checker.close()
    assert (found.verified, found.results[0]) == (False, NO_DNS_ANSWER)


def test_a_fault_of_our_own_code_verifies_nobody(server: DnsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_arguments: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("daemon.authentication.checker.check_sender", broken)
    checker = SenderChecker(Resolver([server.address]), LONG, ())
    try:
        assert checker.start(inbound(mail())).result() == not_checked("our own code failed: ZeroDivisionError")
    finally:
        checker.close()
