"""The check of answers finds what it is for, and a few faults on the way of an answer are survived."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from tests.faults.answers import AnswerRun, Expected, missing
from tests.faults.kit import Kit
from tests.faults.system import SQLITE
from tests.support.emails import mail
from tests.support.smtp_sink import Received

ANN = "ann@customer.example"
WORDS = "Answer number 7 is yours."
ACCEPTED = {"a7": Expected(ANN, WORDS)}
PAIRS = 3


def row(kind: str | None = "answer", **changes: Any) -> SimpleNamespace:
    fields = {
        "sha256": "a7",
        "disposition": "answer",
        "answer": 1,
        "state": "sent",
        "kind": kind,
        "recipient": ANN if kind == "answer" else "team@example.com",
        "message_id": "<1@example.com>",
        "delivery": "sent",
    }
    return SimpleNamespace(**fields | changes)


def taken(recipient: str = ANN, message_id: str = "<1@example.com>") -> Received:
    return Received("bounces@example.com", [recipient], mail("support@example.com", body=WORDS, message_id=message_id))


BOTH = (row(), row("answered"))


@pytest.mark.parametrize("copies", [1, 2])
def test_an_answer_at_its_customer_is_no_problem_also_where_a_repetition_has_the_same_message_id(copies: int) -> None:
    assert list(missing(BOTH, ACCEPTED, [taken()] * copies)) == []


@pytest.mark.parametrize(
    ("rows", "received", "says"),
    [
        ((), (), "became 0 answers"),
        ((row(answer=None, kind=None, disposition="parked"),), (), "['parked']"),
        ((*BOTH, row(answer=2)), (taken(),), "became 2 answers"),
        ((row(state="held"), row("answered", state="held")), (taken(),), "is held"),
        ((row(), row(), row("answered")), (taken(),), "'answer': 2"),
        ((row(),), (taken(),), "led to {'answer': 1}"),
        (BOTH, (), "is lost"),
        (BOTH, (taken(), taken(message_id="<2@example.com>")), "went out as"),
        (BOTH, (taken("eve@evil.example"),), "went out as"),
        ((row(recipient="eve@evil.example"), row("answered")), (taken(),), "was planned for eve"),
    ],
)
def test_what_is_wrong_with_an_answer_is_found(rows: Sequence[Any], received: Sequence[Received], says: str) -> None:
    assert says in "\n".join(missing(rows, ACCEPTED, received))


def test_an_answer_of_which_nobody_knows_whether_it_was_taken_is_not_called_lost() -> None:
    assert list(missing((row(delivery="uncertain"), row("answered")), ACCEPTED, ())) == []


def test_pairs_of_faults_on_the_way_of_an_answer_lose_none() -> None:
    with Kit() as kit:
        run = AnswerRun(kit, SQLITE, seed=1)
        run(0, PAIRS, every_passing=False)
    assert run.outcome.problems == []
    assert sum(run.outcome.faults.values()) == 2 * PAIRS
