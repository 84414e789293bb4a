"""Whether an answer is sent, held or returned, and who gets it."""

from dataclasses import replace

import pytest

from daemon.tickets.answer_decision import LONGEST_ANSWER, AnswerFacts, EarlierSent, decide
from daemon.tickets.readers import MAX_READERS, Addressed, OurAddresses, Parties, Readers, choose
from daemon.vocabulary import AnswerState, ReturnCause
from tests.support.fakes import NOON

ANN, BOB, EVE = "ann@customer.example", "bob@customer.example", "eve@other.example"
SUPPORT, TEAM, ANA = "support@example.com", "team@example.com", "ana@example.com"
OURS = OurAddresses(frozenset({SUPPORT}), frozenset({TEAM, "@example.com"}))
PARTIES = Parties(ANN, frozenset({ANN, BOB}), (), TEAM)
ELSEWHERE = Readers((ANN,), (), team_copied=False, elsewhere=True)
FORWARDED = Readers((ANN,), (), team_copied=False, forwarded=True)
STRANGERS = Readers((ANN, EVE), (), team_copied=False, strangers=(EVE,))
MANY = tuple(f"{number}@customer.example" for number in range(MAX_READERS + 1))
OUTAGE = Readers((ANN, *MANY), (), team_copied=False, strangers=MANY)
CROWD = Readers(MANY, (), team_copied=False)
FACTS = AnswerFacts(
    is_empty=False,
    length=20,
    readers=Readers((ANN,), (), team_copied=False),
    internal=(),
    omitted=(),
    written_at=NOON,
    answers_delivery=5,
    about_answer=None,
    others=(),
    is_repeated=False,
    sent=0,
    allowed=30,
)


@pytest.mark.parametrize(
    ("changes", "state", "cause"),
    [
        ({}, AnswerState.SENT, None),
        ({"is_empty": True}, AnswerState.RETURNED, ReturnCause.EMPTY),
        ({"readers": Readers((), (), team_copied=False)}, AnswerState.RETURNED, ReturnCause.NO_READER),
        ({"length": LONGEST_ANSWER}, AnswerState.SENT, None),
        ({"length": LONGEST_ANSWER + 1}, AnswerState.RETURNED, ReturnCause.TOO_LONG),
        ({"internal": ("a token",)}, AnswerState.HELD, ReturnCause.INTERNAL_TEXT),
        ({"others": [EarlierSent(1, NOON, 5)]}, AnswerState.HELD, ReturnCause.ANSWERED_MEANWHILE),
        ({"others": [EarlierSent(1, NOON, 4)]}, AnswerState.SENT, None),
        ({"others": [EarlierSent(1, NOON, 9)], "about_answer": 1}, AnswerState.SENT, None),
        (
            {"others": [EarlierSent(1, NOON, 0)], "answers_delivery": None},
            AnswerState.HELD,
            ReturnCause.ANSWERED_MEANWHILE,
        ),
        ({"readers": ELSEWHERE}, AnswerState.HELD, ReturnCause.COPIED_TO_US),
        ({"readers": ELSEWHERE, "others": [EarlierSent(1, NOON, 5)]}, AnswerState.HELD, ReturnCause.ANSWERED_MEANWHILE),
        ({"readers": FORWARDED}, AnswerState.HELD, ReturnCause.FORWARDED),
        ({"readers": STRANGERS}, AnswerState.SENT, None),
        ({"quotes_customer": True}, AnswerState.SENT, None),
        ({"quotes_customer": True, "readers": STRANGERS}, AnswerState.HELD, ReturnCause.QUOTES_CUSTOMER),
        ({"readers": OUTAGE}, AnswerState.SENT, None),
        ({"readers": CROWD}, AnswerState.RETURNED, ReturnCause.REFUSED),
        ({"is_repeated": True}, AnswerState.HELD, ReturnCause.SENT_ALREADY),
        ({"is_repeated": True, "others": [EarlierSent(1, NOON, 5)]}, AnswerState.HELD, ReturnCause.ANSWERED_MEANWHILE),
        ({"sent": 30}, AnswerState.HELD, ReturnCause.TOO_MANY),
    ],
)
def test_an_answer_is_sent_held_or_returned(changes: dict[str, object], state: AnswerState, cause: object) -> None:
    found = decide(replace(FACTS, **changes))  # type: ignore[arg-type]
    assert (found.state, found.reasons[0] if found.reasons else None) == (state, cause)


@pytest.mark.parametrize(
    "changes", [{"is_empty": True}, {}, {"others": [EarlierSent(1, NOON, 5)]}, {"sent": 30}, {"readers": None}]
)
def test_what_was_left_out_is_named_whatever_becomes_of_an_answer(changes: dict[str, object]) -> None:
    if "readers" in changes:
        changes = {"readers": Readers((ANN,), (), team_copied=False, direct=True)}
    found = decide(replace(FACTS, omitted=("a line below the quote: x",), **changes))  # type: ignore[arg-type]
    assert "a line below the quote: x" in found.reasons


def test_an_answer_of_which_every_line_is_in_doubt_names_them() -> None:
    found = decide(replace(FACTS, is_empty=True, internal=("a line that may be ours: x",)))
    assert found.reasons == (ReturnCause.EMPTY, "a line that may be ours: x")


@pytest.mark.parametrize(
    ("addressed", "recipients", "added"),
    [
        (Addressed((SUPPORT,)), (ANN,), ()),
        (Addressed((SUPPORT,), (BOB,)), (ANN, BOB), ()),
        (Addressed((SUPPORT,), (EVE,)), (ANN, EVE), (EVE,)),
        (Addressed((SUPPORT,), (ANA, TEAM, "support+tag@example.com")), (ANN,), ()),
        (Addressed((ANN,), (SUPPORT,)), (), ()),
        (Addressed((SUPPORT,), (BOB,), (EVE,)), (EVE,), (EVE,)),
    ],
)
def test_who_gets_an_answer(addressed: Addressed, recipients: tuple[str, ...], added: tuple[str, ...]) -> None:
    found = choose(addressed, PARTIES, OURS)
    assert (found.recipients, found.added) == (recipients, added)


@pytest.mark.parametrize(
    ("to", "cc", "forwarded"),
    [
        ((SUPPORT,), (), False),
        ((SUPPORT, ANN, BOB), (), False),
        ((SUPPORT, ANA), (), True),
        ((SUPPORT,), (TEAM,), True),
        ((SUPPORT, EVE), (), True),
    ],
)
def test_a_forward_that_names_others_than_customers_is_for_them(
    to: tuple[str, ...], cc: tuple[str, ...], *, forwarded: bool
) -> None:
    assert choose(Addressed(to, cc, is_forward=True), PARTIES, OURS).forwarded is forwarded
    assert not choose(Addressed(to, cc), PARTIES, OURS).forwarded
    assert not choose(Addressed(to, cc, (BOB,), is_forward=True), PARTIES, OURS).forwarded


def test_the_customers_of_merged_tickets_get_an_answer_unless_it_names_others_only() -> None:
    merged = replace(PARTIES, merged=(EVE, "support+x@example.com", ANN))
    found = choose(Addressed((SUPPORT,), (BOB,)), merged, OURS)
    assert (found.recipients, found.strangers) == ((ANN, EVE, BOB), (EVE,))
    assert choose(Addressed((SUPPORT,), (), (BOB,)), merged, OURS).recipients == (BOB,)


@pytest.mark.parametrize(
    ("addressed", "elsewhere"),
    [
        (Addressed((ANA,), (SUPPORT,)), True),
        (Addressed((TEAM,), (SUPPORT, ANN)), True),
        (Addressed((EVE,), (SUPPORT,)), True),
        (Addressed((ANA,)), True),
        (Addressed((ANA, "support+tag@example.com")), False),
        (Addressed((SUPPORT,), (ANA,)), False),
        # Written to the customer by their own mail server: nothing is sent again.
        (Addressed((ANN,), (SUPPORT,)), False),
        # Whom #to names is meant.
        (Addressed((ANA,), (SUPPORT,), (EVE,)), False),
        # A page, a request, or a program that hides all recipients.
        (Addressed(), False),
        (Addressed((), (SUPPORT,)), False),
    ],
)
def test_an_email_that_names_us_as_a_copy_only_is_for_somebody_else(addressed: Addressed, *, elsewhere: bool) -> None:
    assert choose(addressed, PARTIES, OURS).elsewhere is elsewhere
