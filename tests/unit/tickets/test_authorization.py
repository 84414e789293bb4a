"""Who may act on a ticket: the table of cases. A row is a sentence, what an email shows, and what it may do."""

import re
from dataclasses import replace
from datetime import date, timedelta
from typing import Final

import pytest

from daemon.mail.analyze import FromAuthor
from daemon.mail.follow_up import Candidate, Candidates, FoundToken, Keys
from daemon.mail.roster import Team
from daemon.mail.token import Purpose, Token
from daemon.tickets.authorization import DirectAnswer, Evidence, Power, Refusal, RefusalKind, Ruling, authorize
from daemon.vocabulary import Authentication, Status
from workers.notify.refusals import detail
from workers.notify.translate import Translations

ANA: Final = "ana@example.com"
ANN: Final = "ann@customer.example"
EVE: Final = "eve@evil.example"
SUPPORT: Final = "support@example.com"
PAYMENTS: Final = Team.of("PAYMENTS", "payments@example.com", (ANA, "@agents.example.com"))
LOGIN: Final = Team.of("LOGIN", "login@example.com", ("leo@example.com", "both@example.com"))
REFUNDS: Final = Team.of("REFUNDS", "refunds@example.com", ("both@example.com",))
LAST_DAY: Final = date(2026, 3, 2)

TICKET: Final = Candidate(7, Status.WAITING, "Payment failed", frozenset({ANN}), "PAYMENTS")
OTHER: Final = Candidate(8, Status.OPEN, "Cannot log in", frozenset({"bob@customer.example"}), "LOGIN")
STORED: Final = Candidates({7: TICKET, 8: OTHER, 5: TICKET}, {"<question@customer.example>": 7, "<bob@x>": 8}, {})

ADDRESS, PARENT, TEXT = "signed address", "signed Message-ID", "signed reference in the text"


def team_token(*teams: Team, ticket: int = 7, place: str = ADDRESS, of_author: bool = False) -> FoundToken:
    token = Token(Purpose.TEAM, ticket, b"sent to", LAST_DAY)
    names = tuple(team.name for team in teams)
    return FoundToken(token, place, is_senders=of_author, is_authors=of_author, teams=names)


def customer_token(ticket: int = 7, place: str = ADDRESS, *, of_author: bool = False) -> FoundToken:
    token = Token(Purpose.CUSTOMER, ticket, b"sent to", LAST_DAY + timedelta(days=370))
    return FoundToken(token, place, is_senders=of_author, is_authors=of_author)


def expired(found: FoundToken) -> FoundToken:
    return replace(found, has_expired=True)


def shows(
    from_: str | None,
    *tokens: FoundToken,
    dmarc: bool = False,
    login: bool = False,
    demanded: Authentication = Authentication.TOKEN,
    by_person: bool = True,
    by_list: bool = False,
    to: tuple[str, ...] = (SUPPORT,),
    answers: tuple[str, ...] = (),
    stored: Candidates = STORED,
    teams: tuple[Team, ...] = (PAYMENTS, LOGIN, REFUNDS),
) -> Evidence:
    return Evidence(
        from_author=FromAuthor(from_, by_dmarc=dmarc, by_login=login),
        by_person=by_person,
        keys=Keys(tokens, answers),
        candidates=stored,
        recipients=frozenset(to),
        own=frozenset({SUPPORT}),
        teams=teams,
        demanded=demanded,
        by_list=by_list,
    )


DMARC, SUBMISSION = Authentication.DMARC, Authentication.SUBMISSION
SENT: Final = team_token(PAYMENTS)
TO_ANN: Final = (ANN, SUPPORT)
KNOWN: Final = ("<question@customer.example>",)
LEFT: Final = Team.of("PAYMENTS", "payments@example.com")
LOGIN_HAS_IT: Final = replace(STORED, by_id={7: replace(TICKET, team="LOGIN"), 8: OTHER})
UNTRIAGED: Final = replace(STORED, by_id={7: replace(TICKET, team=None)})

# What an email may do: a team's name and the ticket, "direct" with both, the kind of refusal and the ticket, or None.
CASES: Final[dict[str, tuple[Evidence, object]]] = {
    # The token.
    "A member with a token of the team in the address has power": (shows(ANA, SENT), ("PAYMENTS", 7)),
    "A token in a parent's Message-ID is as good": (shows(ANA, team_token(PAYMENTS, place=PARENT)), ("PAYMENTS", 7)),
    "A token in the text is as good, for clients that strip headers": (
        shows(ANA, team_token(PAYMENTS, place=TEXT)),
        ("PAYMENTS", 7),
    ),
    "A member without a token opens a ticket like anybody else": (shows(ANA), None),
    "A token for a ticket that is gone, as in a digest, is like none": (
        shows(ANA, team_token(PAYMENTS, ticket=0)),
        None,
    ),
    "A token of a merged ticket has power over the ticket that is left": (
        shows(ANA, team_token(PAYMENTS, ticket=5)),
        ("PAYMENTS", 7),
    ),
    "A token has power before triage has chosen a team": (shows(ANA, SENT, stored=UNTRIAGED), ("PAYMENTS", 7)),
    "A token of another ticket has power over that ticket only": (
        shows("leo@example.com", team_token(LOGIN, ticket=8)),
        ("LOGIN", 8),
    ),
    "A member's expired token has no power and asks for a fresh one": (
        shows(ANA, expired(SENT)),
        (RefusalKind.EXPIRED, 7),
    ),
    "A stranger's expired token has none either": (shows(EVE, expired(SENT)), (RefusalKind.EXPIRED, 7)),
    "A valid token of the same ticket in the text helps an expired one in the address": (
        shows(ANA, expired(SENT), team_token(PAYMENTS, place=TEXT)),
        ("PAYMENTS", 7),
    ),
    "A valid token of another ticket in a quoted text does not": (
        shows("both@example.com", expired(team_token(LOGIN)), team_token(LOGIN, ticket=8, place=TEXT)),
        (RefusalKind.EXPIRED, 7),
    ),
    "An expired token of a customer is like none": (shows(ANN, expired(customer_token())), None),
    # The author.
    "The address of the team has power": (shows("payments@example.com", SENT), ("PAYMENTS", 7)),
    "An address of a domain that is a member has power": (shows("any@agents.example.com", SENT), ("PAYMENTS", 7)),
    "An address of a subdomain of it has none": (
        shows("any@sub.agents.example.com", SENT),
        (RefusalKind.OUTSIDER, 7),
    ),
    "An address that looks like a member's has none": (shows("аna@example.com", SENT), (RefusalKind.OUTSIDER, 7)),  # noqa: RUF001 - a Cyrillic letter
    "A stranger with a forwarded token has none": (shows(EVE, SENT), (RefusalKind.OUTSIDER, 7)),
    "An authenticated stranger has none either": (
        shows(EVE, SENT, dmarc=True, login=True),
        (RefusalKind.OUTSIDER, 7),
    ),
    "The customer with the team's token has none": (shows(ANN, SENT), (RefusalKind.OUTSIDER, 7)),
    "Two authors, a group, or an unreadable From have none": (shows(None, SENT), (RefusalKind.OUTSIDER, 7)),
    "A Reply-To with a member's address lends a stranger nothing": (
        shows(EVE, replace(SENT, is_senders=True)),
        (RefusalKind.OUTSIDER, 7),
    ),
    "One of our own addresses has none, also where its whole domain is a member": (
        shows(SUPPORT, SENT, teams=(Team.of("PAYMENTS", "payments@example.com", ("@example.com",)),)),
        (RefusalKind.OUTSIDER, 7),
    ),
    "A member of one team has no power by the token of another": (
        shows("leo@example.com", SENT),
        (RefusalKind.OUTSIDER, 7),
    ),
    "Somebody who left the team has none": (shows(ANA, SENT, teams=(LEFT,)), (RefusalKind.OUTSIDER, 7)),
    "Somebody who left has none by a token that was sent to them": (
        shows(ANA, team_token(of_author=True), teams=(LEFT,)),
        (RefusalKind.OUTSIDER, 7),
    ),
    "A member has power by a token that was sent to them alone": (
        shows(ANA, team_token(of_author=True)),
        ("PAYMENTS", 7),
    ),
    "A member has none by a token that was sent to a colleague alone": (
        shows("any@agents.example.com", team_token()),
        (RefusalKind.OUTSIDER, 7),
    ),
    "A token that was bound to nobody has none": (
        shows("payments@example.com", team_token()),
        (RefusalKind.OUTSIDER, 7),
    ),
    # A person.
    "An accepted machine, or an email that was released, has none": (
        shows(ANA, SENT, by_person=False),
        (RefusalKind.MACHINE, 7),
    ),
    "An answer that the list of a team brought has none, whatever proves its author": (
        shows(ANA, SENT, by_person=False, by_list=True, dmarc=True, login=True),
        (RefusalKind.LIST, 7),
    ),
    "A machine that wrote to a customer is no answer": (
        shows(ANA, by_person=False, dmarc=True, to=TO_ANN, answers=KNOWN),
        None,
    ),
    # Proof.
    "Where DMARC is demanded, a pass has power": (shows(ANA, SENT, dmarc=True, demanded=DMARC), ("PAYMENTS", 7)),
    "Where DMARC is demanded, a forged From with a leaked token has none": (
        shows(ANA, SENT, demanded=DMARC),
        (RefusalKind.UNAUTHENTICATED, 7),
    ),
    "Where DMARC is demanded, a login is not enough": (
        shows(ANA, SENT, login=True, demanded=DMARC),
        (RefusalKind.UNAUTHENTICATED, 7),
    ),
    "Where a login is demanded, a login as that address has power": (
        shows(ANA, SENT, login=True, demanded=SUBMISSION),
        ("PAYMENTS", 7),
    ),
    "Where a login is demanded, a DMARC pass is not enough": (
        shows(ANA, SENT, dmarc=True, demanded=SUBMISSION),
        (RefusalKind.UNAUTHENTICATED, 7),
    ),
    "A stranger who is not authenticated stays a stranger, and gets nothing back": (
        shows(EVE, SENT, demanded=DMARC),
        (RefusalKind.OUTSIDER, 7),
    ),
    # Tokens of customers.
    "The customer with their own token is a customer": (shows(ANN, customer_token(of_author=True)), None),
    "A member with the customer's token has no power": (shows(ANA, customer_token(), dmarc=True), None),
    "A customer who is a member has no power by their own customer's token": (
        shows(ANA, customer_token(of_author=True), dmarc=True),
        None,
    ),
    "A customer's token in the address outweighs a team's in the quoted text": (
        shows(ANA, customer_token(), team_token(PAYMENTS, ticket=8, place=TEXT)),
        None,
    ),
    "A team's token in the address outweighs a customer's in the quoted text": (
        shows(ANA, SENT, customer_token(ticket=8, place=TEXT)),
        ("PAYMENTS", 7),
    ),
    "A stranger with a customer's token beside a team's is a customer": (shows(EVE, customer_token(), SENT), None),
    # Two teams' tokens.
    "Of two teams' tokens, the one that the author may use counts": (
        shows(ANA, team_token(LOGIN, ticket=8), SENT),
        ("PAYMENTS", 7),
    ),
    "Two usable tokens of one ticket: the team that has it now acts": (
        shows("both@example.com", team_token(REFUNDS), team_token(LOGIN), stored=LOGIN_HAS_IT),
        ("LOGIN", 7),
    ),
    "Two usable tokens of two tickets in one place are unclear": (
        shows("both@example.com", team_token(LOGIN), team_token(REFUNDS, ticket=8)),
        (RefusalKind.CONTRADICTORY, 7),
    ),
    "A token in a quoted text does not make the address unclear": (
        shows("both@example.com", team_token(LOGIN), team_token(LOGIN, ticket=8, place=TEXT), stored=LOGIN_HAS_IT),
        ("LOGIN", 7),
    ),
    "Teams that share an address: the one that has the ticket now acts": (
        shows("both@example.com", team_token(REFUNDS, LOGIN), stored=LOGIN_HAS_IT),
        ("LOGIN", 7),
    ),
    # A ticket that moved.
    "A team that had the ticket before keeps the power of its token": (
        shows(ANA, SENT, stored=LOGIN_HAS_IT),
        ("PAYMENTS", 7, "former"),
    ),
    # A member who writes to the customer without us.
    "A member's email to the customer with us in Cc or Bcc is an answer that was sent": (
        shows(ANA, dmarc=True, to=TO_ANN, answers=KNOWN),
        ("direct", "PAYMENTS", 7),
    ),
    "So is one with the customer's token in the address": (
        shows(ANA, customer_token(), dmarc=True, to=TO_ANN, answers=KNOWN),
        ("direct", "PAYMENTS", 7),
    ),
    "So is one to the customer that answers our notification": (
        shows(ANA, team_token(PAYMENTS, place=PARENT), dmarc=True, to=TO_ANN),
        ("direct", "PAYMENTS", 7),
    ),
    "An answer to the token's address with the customer in Cc has power": (
        shows(ANA, SENT, dmarc=True, to=TO_ANN),
        ("PAYMENTS", 7),
    ),
    "A member who writes to the customer without authentication is like anybody else": (
        shows(ANA, to=TO_ANN, answers=KNOWN),
        None,
    ),
    "A DMARC pass is no login for such an email either": (
        shows(ANA, dmarc=True, to=TO_ANN, answers=KNOWN, demanded=SUBMISSION),
        None,
    ),
    "A member who answers an email of the ticket to us only is like anybody else": (
        shows(ANA, dmarc=True, answers=KNOWN),
        None,
    ),
    "A stranger who writes to the customer is like anybody else": (
        shows(EVE, dmarc=True, to=TO_ANN, answers=KNOWN),
        None,
    ),
    "A member who takes part in the ticket as its customer is a customer": (
        shows(
            ANA,
            dmarc=True,
            to=TO_ANN,
            answers=KNOWN,
            stored=replace(STORED, by_id={7: replace(TICKET, participants=frozenset({ANN, ANA}))}),
        ),
        None,
    ),
}


def may(ruling: Ruling | None) -> object:
    match ruling:
        case Power(former=True):
            return (ruling.team.name, ruling.ticket_id, "former")
        case Power():
            return (ruling.team.name, ruling.ticket_id)
        case DirectAnswer():
            return ("direct", ruling.team.name, ruling.ticket_id)
        case Refusal():
            return (ruling.kind, ruling.ticket_id)
    return None


@pytest.mark.parametrize("sentence", CASES)
def test_who_may_act(sentence: str) -> None:
    evidence, expected = CASES[sentence]
    assert may(authorize(evidence)) == expected


@pytest.mark.parametrize("sentence", [name for name, (evidence, _) in CASES.items() if authorize(evidence)])
def test_a_ruling_says_why(sentence: str) -> None:
    ruling = authorize(CASES[sentence][0])
    assert ruling is not None
    assert ruling.reason


@pytest.mark.parametrize("language", [code for code in Translations().languages() if code != "en"])
def test_why_an_email_was_not_obeyed_is_said_in_the_language_of_the_team(language: str) -> None:
    texts = Translations().first_of([language])
    reasons = {ruling.reason for evidence, _ in CASES.values() if isinstance(ruling := authorize(evidence), Refusal)}
    said = {reason: texts.say(detail(f"This email was kept and not obeyed: {reason}.")) for reason in reasons}
    assert len(said) > 8
    assert [
        one
        for one in said.values()
        if re.search(r"\b(the|that|its|sent|looks|readable)\b", re.sub(r"\S+@\S+", "", one))
    ] == []


def test_only_a_members_refused_email_goes_back_and_only_to_the_address_of_the_team() -> None:
    member = authorize(shows(ANA, SENT, demanded=DMARC))
    stranger = authorize(shows(EVE, SENT, demanded=DMARC))
    assert isinstance(member, Refusal)
    assert (member.team, member.member) == (PAYMENTS, ANA)
    assert isinstance(stranger, Refusal)
    assert (stranger.team, stranger.member) == (None, "")
