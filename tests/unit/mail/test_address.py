import pytest

from daemon.mail.address import MAX_ADDRESSES, canonical, read_addresses, readable_address

CANONICAL = [
    ("ann@example.com", "ann@example.com"),
    ("Ann@EXAMPLE.Com", "Ann@example.com"),
    ('"ann"@example.com', "ann@example.com"),
    ('"ann example"@example.com', '"ann example"@example.com'),
    ('"a\\"b"@example.com', '"a\\"b"@example.com'),
    ("ann+tag=x/y@example.com", "ann+tag=x/y@example.com"),
    ("ann..b.@carrier.example", "ann..b.@carrier.example"),
    ("ann@host", "ann@host"),
    ("ann@[192.0.2.1]", "ann@[192.0.2.1]"),
    ("ann@[IPv6:2001:DB8::1]", "ann@[ipv6:2001:db8::1]"),
    ("jörg@müller.example", "jörg@xn--mller-kva.example"),
    ("ann@straße.example", "ann@xn--strae-oqa.example"),
    ("ann@sub_domain.example", "ann@sub_domain.example"),
]
NO_ADDRESS = [
    "",
    "ann",
    "@example.com",
    "ann@",
    "ann@example..com",
    "ann@example.com.",
    "ann@-example.com",
    "ann@exa mple.com",
    "ann@b@example.com",
    "ann\r\nRCPT TO:<eve@evil.example>@example.com",
    "ann\0@example.com",
    '"ann\n"@example.com',
    "<ann@example.com>",
    "ann@example.com>",
    "ann@example.com, eve@evil.example",
    "ann@example.com\N{ZERO WIDTH SPACE}",
    "ann@ex\N{FULLWIDTH FULL STOP}com",
    "ann@[300.1.1.1]",
    "ann@[192.0.2.1",
    f"{'a' * 300}@example.com",
    f"ann@{'a' * 64}.example",
]


@pytest.mark.parametrize(("text", "expected"), CANONICAL)
def test_an_address_has_one_comparable_form(text: str, expected: str) -> None:
    assert canonical(text) == expected
    assert canonical(expected) == expected


@pytest.mark.parametrize("text", NO_ADDRESS)
def test_text_that_is_not_one_address_gives_none(text: str) -> None:
    assert canonical(text) is None


def test_two_domains_that_old_idna_merges_stay_different() -> None:
    assert canonical("ann@straße.example") != canonical("ann@strasse.example")


FIELDS = [
    ("", []),
    ("ann@example.com", [("", "ann@example.com")]),
    ("Ann <ann@example.com>", [("Ann", "ann@example.com")]),
    ("ann@example.com (Ann (of X))", [("Ann (of X)", "ann@example.com")]),
    ('"Example, Ann" <ann@example.com>', [("Example, Ann", "ann@example.com")]),
    ("Example, Ann <ann@example.com>", [("Example, Ann", "ann@example.com")]),
    ('"Ann \\"A\\" Ex" <ann@example.com>', [('Ann "A" Ex', "ann@example.com")]),
    ("a@b.example, c@d.example; e@f.example", [("", "a@b.example"), ("", "c@d.example"), ("", "e@f.example")]),
    ("Team: a@b.example, C <c@d.example>;", [("", "a@b.example"), ("C", "c@d.example")]),
    ("undisclosed-recipients:;", []),
    ("<@relay.example,@b.example:ann@example.com>", [("", "ann@example.com")]),
    ("=?utf-8?q?J=C3=B6rg?= <j@example.com>", [("Jörg", "j@example.com")]),
    ('"=?utf-8?q?J=C3=B6rg?=" <j@example.com>', [("Jörg", "j@example.com")]),
    ("ann @ example . com", [("", "ann@example.com")]),
    ("Ann Example ann@example.com", [("Ann Example", "ann@example.com")]),
    ("\"'ann@example.com'\" <ann@example.com>", [("'ann@example.com'", "ann@example.com")]),
    ("Smiley :) <ann@example.com>", [(")", "ann@example.com")]),
    ("Ann <ann@example.com", [("Ann", "ann@example.com")]),
    ("moderator <root>", [("moderator", None)]),
    ("<>", []),
    ("<a b\x0cc>", [("a b c", None)]),
]


@pytest.mark.parametrize(("value", "expected"), FIELDS)
def test_a_field_gives_its_mailboxes(value: str, expected: list[tuple[str, str | None]]) -> None:
    assert [(found.name, found.email) for found in read_addresses(value)] == expected


# CVE-2023-27043 and similar attacks: the text contains the helpdesk's own address, but another sender.
CRAFTED = [
    "ann@helpdesk.example)<eve@evil.example>",
    "ann@helpdesk.example]<eve@evil.example>",
    "ann@helpdesk.example(<eve@evil.example>",
    "ann@helpdesk.example:<eve@evil.example>",
    'ann@helpdesk.example"<eve@evil.example>',
    "ann@helpdesk.example\\<eve@evil.example>",
    "<ann@helpdesk.example><eve@evil.example>",
    "<ann@helpdesk.example>@evil.example",
    "ann@helpdesk.example@evil.example",
    '"ann@helpdesk.example" eve@evil.example',
    "ann@helpdesk.example eve@evil.example",
    "=?utf-8?q?ann=40helpdesk=2Eexample?=",
    "=?utf-8?q?=3Cann=40helpdesk=2Eexample=3E?=",
    "ann@helpdesk.example\N{ZERO WIDTH SPACE}",
]
READ_BY_THE_BRACKETS = [
    "ann@helpdesk.example <eve@evil.example>",
    '"ann@helpdesk.example" <eve@evil.example>',
    "=?utf-8?q?ann=40helpdesk=2Eexample?= <eve@evil.example>",
    '"Ann <ann@helpdesk.example>" <eve@evil.example>',
    "(ann@helpdesk.example) eve@evil.example",
    "(<ann@helpdesk.example>) eve@evil.example",
    "eve@evil.example (ann@helpdesk.example)",
    "<@helpdesk.example:eve@evil.example>",
]


@pytest.mark.parametrize("value", CRAFTED)
def test_a_crafted_field_gives_no_address(value: str) -> None:
    assert [found.email for found in read_addresses(value)] == [None]


@pytest.mark.parametrize("value", READ_BY_THE_BRACKETS)
def test_an_address_in_a_name_or_comment_is_only_text(value: str) -> None:
    assert [found.email for found in read_addresses(value)] == ["eve@evil.example"]


def test_two_addresses_are_read_as_two() -> None:
    value = "ann@helpdesk.example;<eve@evil.example>"
    assert [found.email for found in read_addresses(value)] == ["ann@helpdesk.example", "eve@evil.example"]


def test_no_more_addresses_than_the_limit_are_read() -> None:
    assert len(read_addresses("a@b.example," * (MAX_ADDRESSES + 5))) == MAX_ADDRESSES


READABLE = [
    ("ann@xn--mller-kva.example", "ann@müller.example"),
    ("ann@xn--strae-oqa.example", "ann@straße.example"),
    ("ann@example.com", "ann@example.com"),
    ("ann@xn--99999999.example", "ann@xn--99999999.example"),
    ("ann@xn--abc.example", "ann@xn--abc.example"),
]


@pytest.mark.parametrize(("email", "shown"), READABLE)
def test_a_domain_is_shown_in_its_own_letters_if_they_mean_the_same_domain(email: str, shown: str) -> None:
    assert readable_address(email) == shown
