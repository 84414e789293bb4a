"""The ticket that an email belongs to: a table of cases, and guesses that must not join."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest

from daemon.mail.follow_up import (
    Author,
    Candidate,
    Candidates,
    FollowUp,
    FoundToken,
    Keys,
    decide,
)
from daemon.mail.reference import make_reference
from daemon.mail.token import Purpose
from daemon.vocabulary import Status
from tests.support.emails import ANN
from tests.support.fakes import NOON
from tests.support.signed_tokens import EVE, MARK, REFERENCE, TEAM, TOKEN

OURS = "<known@example.com>"
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
    "a known Message-ID and a participant under the subject of our answers": Case(
        Keys(message_ids=(OURS,), references=(REFERENCE,)), subject=f"Re: Payment failed [{REFERENCE}]"
    ),
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


def test_the_reference_in_the_subject_of_our_answers_is_as_good_as_the_subject() -> None:
    found = decide(
        replace(REPLAYED, message_ids=(OURS,), references=(REFERENCE,)),
        STORED,
        Author(EVE, verified=False, of_team=False),
        f"Re: Payment failed [{REFERENCE}]",
    )
    assert found is not None
    assert found.knows_email


def test_an_expired_token_joins_nothing() -> None:
    expired = Keys(tokens=(replace(BY_TOKEN.tokens[0], has_expired=True),))
    assert decided(Case(expired)) is None


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
