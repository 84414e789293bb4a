"""The ticket that an email belongs to: a table of cases, and guesses that must not join."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final

import pytest

from daemon.mail import token
from daemon.mail.follow_up import (
    MAX_IDS,
    Author,
    Candidate,
    Candidates,
    FollowUp,
    FoundToken,
    Keys,
    author_of,
    bare_subject,
    decide,
    find_keys,
    same_subject,
)
from daemon.mail.mime.parse import parse
from daemon.mail.reference import make_reference
from daemon.mail.roster import Team
from daemon.mail.token import Purpose, Token
from daemon.vocabulary import Status
from tests.support.emails import ANN, SUPPORT, mail
from tests.support.fakes import NOON

KEY = b"k" * 32
TODAY = date(2026, 3, 2)
EVE: Final = "eve@evil.example"
REFERENCE = make_reference("HD", 1)
OURS = "<known@example.com>"
TOKEN = Token(Purpose.CUSTOMER, 1, token.digest(ANN, KEY), TODAY + timedelta(days=400))
TICKET = Candidate(1, Status.OPEN, "Payment failed", frozenset({ANN}))
STORED = Candidates({1: TICKET}, {OURS: 1}, {REFERENCE: 1})


@dataclass(frozen=True)
class Case:
    keys: Keys = Keys()  # noqa: RUF009 - frozen
    sender: str | None = ANN
    subject: str = "Re: Payment failed"
    verified: bool = False
    of_team: bool = False
    status: Status = Status.OPEN


BY_TOKEN = Keys(tokens=(FoundToken(TOKEN, "signed address", is_senders=True),))
REPLAYED = Keys(tokens=(FoundToken(TOKEN, "signed address", is_senders=False),))
BY_TEAM_TOKEN = Keys(tokens=(FoundToken(replace(TOKEN, purpose=Purpose.TEAM), "signed address", is_senders=True),))
TEAM_TOKEN_OF_OTHERS = Keys(tokens=(replace(BY_TEAM_TOKEN.tokens[0], is_senders=False),))
TEAM: Final = "payments@example.com"
BY_ID = Keys(message_ids=(OURS,))
BY_REFERENCE = Keys(references=(REFERENCE,))
UNKNOWN = Keys(
    tokens=(FoundToken(replace(TOKEN, ticket_id=99), "signed address", is_senders=True),),
    message_ids=("<unknown@example.com>",),
    references=(make_reference("HD", 2),),
)

JOINS: Mapping[str, Case] = {
    "a token from its owner": Case(BY_TOKEN),
    "a token from another address of its owner": Case(BY_TOKEN, sender="ann@home.example"),
    "a token of a customer in other hands": Case(REPLAYED, sender=EVE),
    "a token of a team from that team": Case(BY_TEAM_TOKEN, sender=TEAM, of_team=True),
    "a token of a team from another address of the team": Case(TEAM_TOKEN_OF_OTHERS, sender=TEAM, of_team=True),
    "a token of a team from a participant who knows a Message-ID": Case(
        replace(TEAM_TOKEN_OF_OTHERS, message_ids=(OURS,))
    ),
    "a token under another subject": Case(BY_TOKEN, subject="Something else"),
    "a token without a readable sender": Case(BY_TOKEN, sender=None),
    "a token for a ticket that waits": Case(BY_TOKEN, status=Status.WAITING),
    "a token for a ticket that is resolved": Case(BY_TOKEN, status=Status.RESOLVED),
    "a known Message-ID and a participant": Case(BY_ID),
    "a known Message-ID under a translated prefix": Case(BY_ID, subject="AW: Payment failed"),
    "a known Message-ID for a ticket that is resolved": Case(BY_ID, status=Status.RESOLVED),
    "a reference from an authenticated participant": Case(BY_REFERENCE, verified=True),
    "a token beside keys that are unknown": Case(replace(UNKNOWN, tokens=(*UNKNOWN.tokens, *BY_TOKEN.tokens))),
    "a known Message-ID behind one that is unknown": Case(Keys(message_ids=("<unknown@example.com>", OURS))),
}
POINTS: Mapping[str, Case] = {
    "a token for a closed ticket": Case(BY_TOKEN, status=Status.CLOSED),
    "a token of a team from a stranger": Case(TEAM_TOKEN_OF_OTHERS, sender=EVE),
    "a token of a team from an authenticated stranger": Case(TEAM_TOKEN_OF_OTHERS, sender=EVE, verified=True),
    "a token of a team from a participant": Case(TEAM_TOKEN_OF_OTHERS),
    "a token of a team without a sender": Case(TEAM_TOKEN_OF_OTHERS, sender=None),
    "a token of a team from a stranger who knows a Message-ID": Case(
        replace(TEAM_TOKEN_OF_OTHERS, message_ids=(OURS,)), sender=EVE
    ),
    "a token for spam": Case(BY_TOKEN, status=Status.SPAM),
    "a known Message-ID for a closed ticket": Case(BY_ID, status=Status.CLOSED),
    "a known Message-ID and a participant under another subject": Case(BY_ID, subject="Where is my parcel?"),
    "a reference from a stranger": Case(BY_REFERENCE, sender=EVE),
    "a reference from an authenticated stranger": Case(BY_REFERENCE, sender=EVE, verified=True),
    "a reference from a participant whom nobody authenticated": Case(BY_REFERENCE),
    "a reference from an authenticated participant of a closed ticket": Case(
        BY_REFERENCE, verified=True, status=Status.CLOSED
    ),
    "a reference without a sender": Case(BY_REFERENCE, sender=None, verified=True),
    "a known Message-ID from a stranger who also gives the reference": Case(
        Keys(message_ids=(OURS,), references=(REFERENCE,)), sender=EVE
    ),
}
STANDS_ALONE: Mapping[str, Case] = {
    "no keys at all": Case(),
    "keys that nobody knows": Case(UNKNOWN, verified=True),
    "a known Message-ID from a stranger": Case(BY_ID, sender=EVE),
    "a known Message-ID from an authenticated stranger": Case(BY_ID, sender=EVE, verified=True),
    "a known Message-ID without a sender": Case(BY_ID, sender=None),
    "a token for a ticket that is gone": Case(Keys(tokens=UNKNOWN.tokens)),
}


def decided(case: Case) -> FollowUp | None:
    stored = replace(STORED, by_id={1: replace(TICKET, status=case.status)})
    return decide(case.keys, stored, Author(case.sender, case.verified, case.of_team), case.subject)


@pytest.mark.parametrize("name", JOINS)
def test_an_email_joins_by(name: str) -> None:
    found = decided(JOINS[name])
    assert found is not None
    assert (found.ticket_id, found.joins) == (1, True)
    assert found.evidence


@pytest.mark.parametrize("name", POINTS)
def test_a_new_ticket_points_to_the_old_one_by(name: str) -> None:
    found = decided(POINTS[name])
    assert found is not None
    assert (found.ticket_id, found.joins) == (1, False)
    assert found.evidence


@pytest.mark.parametrize("name", STANDS_ALONE)
def test_an_email_is_unrelated_with(name: str) -> None:
    assert decided(STANDS_ALONE[name]) is None


def test_guessed_references_do_not_join() -> None:
    guesses = tuple(make_reference("HD", number) for number in range(3, 2_003))
    for verified in (False, True):
        case = Case(Keys(references=(*guesses, REFERENCE), message_ids=guesses), sender=EVE, verified=verified)
        found = decided(case)
        assert found is not None
        assert not found.joins


def test_the_token_is_returned_so_that_its_recipient_can_be_checked() -> None:
    found = decided(Case(BY_TOKEN))
    assert found is not None
    assert found.token == BY_TOKEN.tokens[0]


MARK = token.sign(TOKEN, KEY)
OUR_EMAIL = f"<{MARK}.0a@example.com>"


@pytest.mark.parametrize(
    ("message_ids", "subject", "knows"),
    [
        ((OURS,), "Re: Payment failed", True),
        (("<unknown@example.com>", OURS), "Re: Payment failed", True),
        ((OURS,), "Something else", False),
        (("<unknown@example.com>",), "Re: Payment failed", False),
        # Who has our email with the token has its Message-ID too.
        ((OUR_EMAIL,), "Re: Payment failed", False),
        ((), "Re: Payment failed", False),
    ],
)
def test_an_email_of_the_ticket_is_known_by_an_id_without_a_token(
    message_ids: tuple[str, ...], subject: str, *, knows: bool
) -> None:
    stored = replace(STORED, by_message_id={OURS: 1, OUR_EMAIL: 1})
    author = Author(EVE, verified=False, of_team=False)
    found = decide(replace(REPLAYED, message_ids=message_ids), stored, author, subject)
    assert found is not None
    assert found.knows_email is knows


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


def test_an_expired_token_joins_nothing() -> None:
    expired = Keys(tokens=(replace(BY_TOKEN.tokens[0], has_expired=True),))
    assert decided(Case(expired)) is None


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


OLD = NOON - timedelta(days=31)
SINCE = NOON - timedelta(days=30)


@pytest.mark.parametrize(
    ("subject", "changed_at", "references", "joins"),
    [
        ("Something else", OLD, (), False),
        ("Something else", NOON, (), True),
        ("Re: Payment failed", OLD, (), True),
        ("Re:", OLD, (), True),
        (f"Re: We received your message [{REFERENCE}]", OLD, (REFERENCE,), True),
        ("Re: We received your message", OLD, (make_reference("HD", 2),), False),
    ],
)
def test_a_new_subject_does_not_join_an_old_ticket(
    subject: str, changed_at: datetime, references: tuple[str, ...], *, joins: bool
) -> None:
    stored = replace(STORED, by_id={1: replace(TICKET, changed_at=changed_at)})
    author = Author(ANN, verified=False, of_team=False)
    found = decide(replace(BY_TOKEN, references=references), stored, author, subject, SINCE)
    assert found is not None
    assert (found.ticket_id, found.joins) == (1, joins)


def test_a_token_of_a_merged_ticket_joins_the_one_that_is_left() -> None:
    stored = replace(STORED, by_id={1: replace(TICKET, ticket_id=9)})
    found = decide(BY_TOKEN, stored, Author(ANN, verified=False, of_team=False), "Re: Payment failed")
    assert found is not None
    assert (found.ticket_id, found.joins) == (9, True)


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


@pytest.mark.parametrize(
    "subject",
    [
        "Payment failed",
        "Re: Payment failed",
        "RE: Re: re: Payment failed",
        "AW: WG: Payment failed",
        "SV: payment  FAILED ",
        "Re[2]: Payment failed",
        "Re(3): Payment failed",
        "Antw: Payment failed",
        "[EXTERNAL] Re: Payment failed",
        "Re: [support] Re: Payment failed",
        "\u56de\u590d\uff1aPayment failed",
        "TR\u00a0: Payment failed",
    ],
)
def test_reply_prefixes_do_not_change_a_subject(subject: str) -> None:
    assert same_subject(subject, "Payment failed")


@pytest.mark.parametrize("subject", ["", "Payment", "Payment failed again", "failed Payment", "Re:"])
def test_a_different_subject_is_not_the_same(subject: str) -> None:
    assert not same_subject(subject, "Payment failed")


@pytest.mark.parametrize(
    "subject", ["Re:" * 10_000, "[" * 10_000, "[x] " * 10_000, "a" * 100_000, "a:" * 10_000, " " * 9999]
)
def test_only_the_start_of_a_crafted_subject_is_read(subject: str) -> None:
    assert len(bare_subject(subject)) <= 500
