"""Signed tokens: a token that the key did not sign is refused."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.mail import token
from daemon.mail.token import Purpose, Token
from tests.support.old_tokens import unbound

KEY, OLD, FOREIGN = b"k" * 32, b"o" * 32, b"f" * 32
TODAY = date(2026, 3, 2)
TOKEN = Token(Purpose.CUSTOMER, 4711, token.digest("ann@customer.example", KEY), TODAY + timedelta(days=400))

tokens = st.builds(
    Token,
    st.sampled_from(Purpose),
    st.integers(0, 2**32 - 1),
    st.binary(min_size=token.MAC_BYTES, max_size=token.MAC_BYTES),
    st.dates(TODAY, date(2190, 1, 1)),
)


@given(tokens)
def test_a_verified_token_has_the_signed_content(what: Token) -> None:
    assert token.verify(token.sign(what, KEY), (KEY,), TODAY) == what


@given(tokens)
@settings(max_examples=5)
def test_a_token_with_any_bit_flipped_is_refused(what: Token) -> None:
    letters = "abcdefghijklmnopqrstuvwxyz234567"
    text = token.sign(what, KEY)
    for position, bit in product(range(token.LENGTH), range(5)):
        flipped = letters[letters.index(text[position]) ^ (1 << bit)]
        assert token.verify(text[:position] + flipped + text[position + 1 :], (KEY,), TODAY) is None


@given(st.text(max_size=60))
def test_no_other_text_is_a_token(text: str) -> None:
    assert token.verify(text, (KEY,), TODAY) is None
    assert not list(token.find(text, (KEY,), TODAY))


@pytest.mark.parametrize(("days", "genuine"), [(-1, False), (0, True), (1, True)])
def test_a_token_is_valid_until_the_day_it_expires(days: int, genuine: bool) -> None:
    text = token.sign(replace(TOKEN, expires=TODAY + timedelta(days=days)), KEY)
    assert (token.verify(text, (KEY,), TODAY) is not None) is genuine


def test_a_token_of_an_older_key_is_valid_until_that_key_is_removed() -> None:
    text = token.sign(TOKEN, OLD)
    assert token.verify(text, (KEY, OLD), TODAY) == TOKEN
    assert token.verify(text, (KEY,), TODAY) is None
    assert token.verify(text, (), TODAY) is None


def test_a_token_signed_with_another_key_is_refused() -> None:
    assert token.verify(token.sign(TOKEN, FOREIGN), (KEY, OLD), TODAY) is None


def test_the_purpose_is_signed() -> None:
    customer, team = (token.sign(replace(TOKEN, purpose=purpose), KEY) for purpose in Purpose)
    assert customer != team
    found = token.verify(team, (KEY,), TODAY)
    assert found is not None
    assert found.purpose is Purpose.TEAM


def test_a_token_is_only_for_the_address_it_was_sent_to() -> None:
    assert TOKEN.is_for("Ann@Customer.example", (KEY,))
    assert TOKEN.is_for("ann@customer.example", (FOREIGN, KEY))
    assert not TOKEN.is_for("mallory@evil.example", (KEY,))
    assert not TOKEN.is_for("ann@customer.example", (FOREIGN,))
    assert not TOKEN.is_for("ann@customer.example", ())


def test_among_2_to_the_20_addresses_no_two_have_the_same_digest() -> None:
    """A digest of 32 bits gives about 128 pairs here, each an address that counts as verified by another's token."""
    addresses = 2**20
    assert len({token.digest(f"{number}@evil.example", KEY) for number in range(addresses)}) == addresses


def test_the_digest_of_an_address_depends_on_the_key() -> None:
    assert token.digest("ann@customer.example", KEY) != token.digest("ann@customer.example", FOREIGN)
    assert len(token.digest("ann@customer.example", KEY)) * 8 >= 80


class TestUnboundToken:
    """A token of the form with an unkeyed 32-bit recipient, which emails still carry."""

    def test_it_finds_its_ticket_until_it_expires(self) -> None:
        text = unbound(4711, "ann@customer.example", TODAY, KEY)
        found = token.verify(text, (OLD, KEY), TODAY)
        assert found is not None
        assert (found.purpose, found.ticket_id, found.expires) == (Purpose.CUSTOMER, 4711, TODAY)
        assert list(token.find(f"support+{text.upper()}@example.com", (KEY,), TODAY)) == [found]
        assert token.verify(text, (KEY,), TODAY + timedelta(days=1)) is None
        assert token.verify(text, (FOREIGN,), TODAY) is None

    @pytest.mark.parametrize("email", ["ann@customer.example", "mallory@evil.example", ""])
    def test_it_proves_nothing_about_who_reads_an_address(self, email: str) -> None:
        found = token.verify(unbound(4711, "ann@customer.example", TODAY, KEY), (KEY,), TODAY)
        assert found is not None
        assert not found.is_for(email, (KEY,))


def test_a_token_fits_into_a_local_part_with_the_mailbox_name() -> None:
    text = token.sign(TOKEN, KEY)
    assert len(text) == token.LENGTH
    assert len(f"support-department1+{text}") <= 64


@pytest.mark.parametrize(
    "text",
    [
        "support+{}@example.com",
        "<{}.0a1b2c@example.com>",
        "SUPPORT+{}@EXAMPLE.COM",
        "ref:{} and more",
        "> > ref:{}",
        "{}",
    ],
)
def test_tokens_are_found_where_mail_programs_put_them(text: str) -> None:
    signed = token.sign(TOKEN, KEY)
    for shown in (signed, signed.upper()):
        assert list(token.find(text.format(shown), (KEY,), TODAY)) == [TOKEN]


@pytest.mark.parametrize("text", ["a{}", "{}b", "x{}y", "{}{}"])
def test_a_token_inside_a_longer_word_is_not_found(text: str) -> None:
    signed = token.sign(TOKEN, KEY)
    assert not list(token.find(text.format(signed, signed), (KEY,), TODAY))


def test_only_the_first_fifty_candidates_are_checked() -> None:
    bait = " ".join(["a" * token.LENGTH] * token.MAX_CANDIDATES)
    assert not list(token.find(f"{bait} {token.sign(TOKEN, KEY)}", (KEY,), TODAY))
