"""Addresses of one mailbox are one recipient for limits; those of two people are not."""

import pytest

from daemon.mail.mailbox import mailbox_of, registrable_domain

SAME = [
    ("ann@customer.example", "Ann@customer.example"),
    ("ann@customer.example", "ann+1@customer.example"),
    ("ann@customer.example", "ann+1+2@customer.example"),
    ("annlee@gmail.com", "ann.lee@gmail.com"),
    ("annlee@gmail.com", "A.n.n.L.e.e+shop@googlemail.com"),
    ("ann@icloud.com", "ann@me.com"),
    ("ann@icloud.com", "ann+x@mac.com"),
    ("annlee@proton.me", "ann-lee@protonmail.com"),
    ("annlee@proton.me", "ann_lee+x@pm.me"),
]
DIFFERENT = [
    ("ann@customer.example", "bob@customer.example"),
    ("ann.lee@customer.example", "annlee@customer.example"),
    ("ann-1@customer.example", "ann-2@customer.example"),
    ("ann@customer.example", "ann@other.example"),
    ("ann@sales.customer.example", "ann@customer.example"),
    ("annlee@gmail.com", "annlea@gmail.com"),
    ("ann-lee@gmail.com", "annlee@gmail.com"),
    ("+ann@customer.example", "+bob@customer.example"),
    ("...@gmail.com", "annlee@gmail.com"),
    ('"ann lee"@customer.example', "ann@customer.example"),
]
DOMAINS = [
    ("customer.example", "customer.example"),
    ("a.b.customer.example", "customer.example"),
    ("mail.customer.co.uk", "customer.co.uk"),
    ("customer.co.uk", "customer.co.uk"),
    ("co.uk", "co.uk"),
    # Private suffixes: the customers of these registries are strangers to one another.
    ("a.shop.uk.com", "shop.uk.com"),
    ("ann.github.io", "ann.github.io"),
    ("mx.xn--mller-kva.example", "xn--mller-kva.example"),
    ("localhost", "localhost"),
    ("[192.0.2.1]", "[192.0.2.1]"),
    ("[ipv6:2001:db8::1]", "[ipv6:2001:db8::1]"),
    ("", ""),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_addresses_of_one_mailbox_count_as_one(one: str, other: str) -> None:
    assert mailbox_of(one) == mailbox_of(other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_two_mailboxes_stay_two(one: str, other: str) -> None:
    assert mailbox_of(one).address != mailbox_of(other).address


@pytest.mark.parametrize(("host", "domain"), DOMAINS)
def test_subdomains_count_for_the_domain_that_was_registered(host: str, domain: str) -> None:
    assert registrable_domain(host) == domain
    assert mailbox_of(f"ann@{host}").domain == domain


@pytest.mark.parametrize("address", ["", "@", "ann", "ann@", "+@x", "a" * 300 + "@x"])
def test_text_that_is_no_address_is_its_own_mailbox(address: str) -> None:
    assert mailbox_of(address).address
