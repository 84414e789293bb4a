"""What the lead may do by email: the table of cases. In no team, they have the power of correction and no more."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Final

import pytest

from daemon.mail.analyze import FromAuthor
from daemon.mail.command_table import Verb
from daemon.mail.follow_up import Candidate, Candidates, FoundToken, Keys
from daemon.mail.roster import Team
from daemon.mail.token import Purpose, Token
from daemon.tickets.authorization import (
    CORRECTIONS,
    TEXT,
    Evidence,
    Power,
    Refusal,
    RefusalKind,
    Ruling,
    authorize,
    beyond_correction,
)
from daemon.vocabulary import Authentication, Status

LEAD: Final = "lead@example.com"
ANN: Final = "ann@customer.example"
SUPPORT: Final = "support@example.com"
PAYMENTS: Final = Team.of("PAYMENTS", "payments@example.com", ("ana@example.com",))
REVIEW: Final = Team.of("REVIEW", "review@example.com")
TICKET: Final = Candidate(7, Status.OPEN, "Payment failed", frozenset({ANN}), "REVIEW")
STORED: Final = Candidates({7: TICKET, 8: TICKET}, {"<question@customer.example>": 7}, {})
ADDRESS, PARENT = "signed address", "signed Message-ID"


def token(*teams: Team, ticket: int = 7, place: str = ADDRESS, of_author: bool = True) -> FoundToken:
    found = Token(Purpose.TEAM, ticket, b"sent to", date(2026, 3, 2))
    return FoundToken(found, place, is_senders=of_author, is_authors=of_author, teams=tuple(one.name for one in teams))


OWN: Final = token()
OLD: Final = replace(OWN, has_expired=True)


def shows(
    from_: str | None,
    *tokens: FoundToken,
    lead: str = LEAD,
    dmarc: bool = False,
    demanded: Authentication = Authentication.TOKEN,
    by_person: bool = True,
    to: tuple[str, ...] = (SUPPORT,),
    teams: tuple[Team, ...] = (PAYMENTS, REVIEW),
) -> Evidence:
    return Evidence(
        from_author=FromAuthor(from_, by_dmarc=dmarc),
        by_person=by_person,
        keys=Keys(tokens),
        candidates=STORED,
        recipients=frozenset(to),
        own=frozenset({SUPPORT}),
        teams=teams,
        demanded=demanded,
        lead=lead,
    )


MEMBER: Final = (replace(PAYMENTS, members=frozenset({LEAD})), REVIEW)
CORRECTS: Final = ("corrects", 7)

# "corrects", or the name of a team, with the ticket; the kind of a refusal, and whether the lead gets it back; or None.
CASES: Final[dict[str, tuple[Evidence, object]]] = {
    "The lead corrects by a token that was sent to them": (shows(LEAD, OWN), CORRECTS),
    "A reply to what we returned to them does too": (shows(LEAD, token(place=PARENT)), CORRECTS),
    "Where DMARC is demanded, the lead needs a pass": (
        shows(LEAD, OWN, dmarc=True, demanded=Authentication.DMARC),
        CORRECTS,
    ),
    "A forged From with the lead's token has no power, and the lead hears of it": (
        shows(LEAD, OWN, demanded=Authentication.DMARC),
        (RefusalKind.UNAUTHENTICATED, True),
    ),
    "The lead without a token is like anybody else": (shows(LEAD), None),
    "A token of the daily email itself, which is about no ticket, is like none": (shows(LEAD, token(ticket=0)), None),
    "A token that was sent to a team gives the lead nothing": (
        shows(LEAD, token(PAYMENTS, of_author=False)),
        (RefusalKind.OUTSIDER, False),
    ),
    "Somebody else with the lead's token has no power": (
        shows("eve@evil.example", token(of_author=False)),
        (RefusalKind.OUTSIDER, False),
    ),
    "Nor has a member of a team": (shows("ana@example.com", token(of_author=False)), (RefusalKind.OUTSIDER, False)),
    "Who was the lead before has none": (shows(LEAD, OWN, lead="new@example.com"), (RefusalKind.OUTSIDER, False)),
    "Without a lead nobody has": (shows(LEAD, OWN, lead=""), (RefusalKind.OUTSIDER, False)),
    "An unreadable From is not the lead, nor is nobody where there is none": (
        shows(None, OWN, lead=""),
        (RefusalKind.OUTSIDER, False),
    ),
    "A customer's token gives the lead nothing": (
        shows(LEAD, replace(OWN, token=replace(OWN.token, purpose=Purpose.CUSTOMER))),
        None,
    ),
    "An expired token has no power, and the lead hears of it": (shows(LEAD, OLD), (RefusalKind.EXPIRED, True)),
    "A machine at the lead's address has no power": (shows(LEAD, OWN, by_person=False), (RefusalKind.MACHINE, True)),
    "The lead who writes to the customer with our token corrects at most": (
        shows(LEAD, token(place=PARENT), dmarc=True, to=(ANN, SUPPORT)),
        CORRECTS,
    ),
    "A lead who is in a team acts for it": (shows(LEAD, OWN, teams=MEMBER), ("PAYMENTS", 7)),
}


def may(ruling: Ruling | None) -> object:
    match ruling:
        case Power(corrects_only=True):
            return ("corrects", ruling.ticket_id)
        case Power():
            return (ruling.team.name, ruling.ticket_id)
        case Refusal():
            return (ruling.kind, ruling.corrects_only)
    return None


@pytest.mark.parametrize("sentence", CASES)
def test_what_the_lead_may_do(sentence: str) -> None:
    evidence, expected = CASES[sentence]
    assert may(authorize(evidence)) == expected


def test_tokens_of_two_tickets_are_unclear() -> None:
    stored = Candidates({7: TICKET, 8: replace(TICKET, ticket_id=8)}, {}, {})
    ruling = authorize(replace(shows(LEAD, OWN, token(ticket=8)), candidates=stored))
    assert may(ruling) == (RefusalKind.CONTRADICTORY, True)


def test_a_lead_who_is_in_another_team_wrote_nothing_for_it() -> None:
    ruling = authorize(shows(LEAD, OWN, teams=MEMBER))
    assert isinstance(ruling, Power)
    assert not ruling.former


def test_what_is_refused_goes_back_to_the_lead() -> None:
    ruling = authorize(shows(LEAD, OLD))
    assert isinstance(ruling, Refusal)
    assert ruling.team is not None
    assert (ruling.team.address, ruling.member) == (LEAD, LEAD)


@pytest.mark.parametrize(
    ("verbs", "has_text", "beyond"),
    [
        ((Verb.CATEGORY,), False, ()),
        ((Verb.PRIORITY,), False, ()),
        ((Verb.SPAM,), False, ()),
        ((Verb.CATEGORY, Verb.PRIORITY), False, ()),
        ((Verb.CATEGORY,), True, (TEXT,)),
        ((), True, (TEXT,)),
        ((Verb.CATEGORY, Verb.CLOSE), False, ("#close",)),
        ((Verb.ASSIGN,), True, ("#assign", TEXT)),
        *(((verb,), False, (f"#{verb}",)) for verb in Verb if verb not in CORRECTIONS),
    ],
)
def test_the_power_of_correction_covers_category_priority_and_spam(
    verbs: Sequence[Verb], has_text: bool, beyond: tuple[str, ...]
) -> None:
    assert beyond_correction(verbs, has_text=has_text) == beyond
