"""What an email names its ticket by: tokens, references, parents and its author."""

from dataclasses import replace
from datetime import timedelta

import pytest

from daemon.mail import token
from daemon.mail.follow_up import (
    MAX_IDS,
    FoundToken,
    Keys,
    author_of,
    find_keys,
)
from daemon.mail.mime.parse import parse
from daemon.mail.roster import Team
from daemon.mail.token import Purpose
from tests.support.emails import ANN, SUPPORT, mail
from tests.support.signed_tokens import EVE, KEY, MARK, REFERENCE, TEAM, TODAY, TOKEN

FOREIGN = token.sign(TOKEN, b"x" * 32)


def keys_of(raw: bytes, *rcpt_tos: str, sender: str | None = ANN) -> Keys:
    return find_keys(parse(raw), rcpt_tos, sender, (KEY,), TODAY, "HD")


@pytest.mark.parametrize(
    ("raw", "rcpt_tos", "place"),
    [
        (mail(), (f"support+{MARK}@example.com",), "signed address"),
        (mail(), (f"SUPPORT+{MARK.upper()}@EXAMPLE.COM",), "signed address"),
        (mail(to=f"Support <support+{MARK}@example.com>"), (), "signed address"),
        (mail(headers=(f"Cc: other@example.com, support+{MARK}@example.com",)), (), "signed address"),
        (mail(headers=(f"Delivered-To: support+{MARK}@example.com",)), (), "signed address"),
        (mail(in_reply_to=f"<{MARK}.0a1b2c3d4e@example.com>"), (), "signed Message-ID"),
        (mail(references=f"<a@b> <{MARK}.0a1b2c3d4e@example.com> <c@d>"), (), "signed Message-ID"),
        (mail(body=f"Hello\r\n> ref:{MARK}"), (), "signed reference in the text"),
        (mail(body=f"[ref:{MARK}]"), (), "signed reference in the text"),
    ],
)
def test_a_token_is_found(raw: bytes, rcpt_tos: tuple[str, ...], place: str) -> None:
    assert keys_of(raw, *rcpt_tos).tokens == (FoundToken(TOKEN, place, is_senders=True, is_authors=True),)


EXPIRED = token.sign(replace(TOKEN, expires=TODAY - timedelta(days=1)), KEY)


def test_an_expired_token_is_found_and_marked() -> None:
    (found,) = keys_of(mail(), f"support+{EXPIRED}@example.com").tokens
    assert found.has_expired
    assert found.is_senders


def test_reply_to_changes_whose_reply_it_is_and_not_who_wrote_it() -> None:
    raw = mail(EVE, headers=(f"Reply-To: {ANN}",))
    (found,) = keys_of(raw, f"support+{MARK}@example.com", sender=ANN).tokens
    assert (found.is_senders, found.is_authors) == (True, False)


def test_the_teams_are_named_to_whose_address_a_token_of_a_team_was_sent() -> None:
    teams = (Team.of("PAYMENTS", TEAM), Team.of("LOGIN", "login@example.com"), Team.of("REFUNDS", TEAM))
    sent = replace(TOKEN, purpose=Purpose.TEAM, recipient=token.digest(TEAM, KEY))
    address = f"support+{token.sign(sent, KEY)}@example.com"
    (found,) = find_keys(parse(mail()), (address,), ANN, (KEY,), TODAY, "HD", teams).tokens
    assert found.teams == ("PAYMENTS", "REFUNDS")


@pytest.mark.parametrize(
    ("from_", "author"),
    [
        ("Ann Example <Ann@Customer.example>", ANN),
        ("ann@customer.example, bob@customer.example", None),
        ("Customers: ann@customer.example;", None),
        ("Nobody:; ann@customer.example", None),
        ("ann@customer.example, Nobody:;", None),
        ('"Support: Ann" <ann@customer.example>', ANN),
        ("ann@customer.example)<mallory@evil.example>", None),
        ("Ann", None),
        (None, None),
    ],
)
def test_the_author_is_the_single_readable_address_of_from(from_: str | None, author: str | None) -> None:
    assert author_of(parse(mail(from_))) == author


def test_two_from_fields_name_no_author() -> None:
    assert author_of(parse(mail(headers=(f"From: {EVE}",)))) is None


@pytest.mark.parametrize("sender", [EVE, "", None])
def test_a_token_in_other_hands_is_not_the_senders(sender: str | None) -> None:
    (found,) = keys_of(mail(), f"support+{MARK}@example.com", sender=sender).tokens
    assert not found.is_senders


@pytest.mark.parametrize(
    "raw",
    [
        mail(),
        mail(to=f"support+{FOREIGN}@example.com"),
        mail(in_reply_to=f"<{FOREIGN}.0a@example.com>"),
        mail(body=f"ref:{FOREIGN}"),
        mail(body=f"my order number is {MARK}"),
        mail(subject=MARK),
        mail(headers=(f"X-Ticket: {MARK}",)),
        mail(body="ref:" * 100_000),
    ],
)
def test_no_token_is_found(raw: bytes) -> None:
    assert keys_of(raw, SUPPORT).tokens == ()


def test_parents_are_ordered_from_nearest_to_farthest() -> None:
    found = keys_of(mail(in_reply_to="<c@x>", references="<a@x> <b@x> <c@x>"))
    assert found.message_ids == ("<c@x>", "<b@x>", "<a@x>")


def test_the_number_of_parents_is_limited() -> None:
    found = keys_of(mail(references=" ".join(f"<{number}@x>" for number in range(1000))))
    assert len(found.message_ids) == MAX_IDS
    assert found.message_ids[0] == "<999@x>"


def test_references_come_from_the_subject() -> None:
    assert keys_of(mail(subject=f"Re: [{REFERENCE}] hello")).references == (REFERENCE,)
    assert keys_of(mail(body=REFERENCE)).references == ()
