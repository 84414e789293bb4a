"""Decisions are broken down by language, length and priority."""

from collections.abc import Callable, Sequence

import pytest

from daemon.vocabulary import Priority, Triage
from workers.learning.breakdown import Decided, Part, by_language, by_length, compared, length, part, priorities
from workers.learning.examples import Example
from workers.learning.metrics import Answer

RIGHT, WRONG = Answer("Login", "Login", 0.9), Answer("Login", "General", 0.8)
REVIEW = "REVIEW_TEAM"


def decided(
    answer: Answer = RIGHT,
    truth: Priority | None = None,
    found: Priority = Priority.MEDIUM,
    language: str = "English",
    words: int = 10,
    *,
    routed: bool = True,
    unknown: bool = False,
) -> Decided:
    return Decided(answer, truth, found, language, words, routed, unknown)


def test_the_most_frequent_language_comes_first() -> None:
    parts = by_language([decided(language="Thai"), decided(), decided(WRONG)])
    assert [(part.name, part.count, part.accuracy) for part in parts] == [("English", 2, 0.5), ("Thai", 1, 1.0)]


def test_the_shortest_length_comes_first() -> None:
    parts = by_length([decided(words=500), decided(WRONG, words=3), decided(words=4)])
    assert [(part.name, part.accuracy) for part in parts] == [("1 to 5 words", 0.5), ("more than 80 words", 1.0)]


@pytest.mark.parametrize(
    ("words", "name"), [(0, "1 to 5 words"), (5, "1 to 5 words"), (6, "6 to 20 words"), (81, "more than 80 words")]
)
def test_a_length_has_a_name(words: int, name: str) -> None:
    assert length(words) == name


@pytest.mark.parametrize(("by", "name"), [(by_language, "Thai"), (by_length, "1 to 5 words")])
def test_each_part_tells_what_is_routed_unknown_and_too_low(
    by: Callable[[Sequence[Decided]], list[Part]], name: str
) -> None:
    own = [
        decided(language="Thai", words=3, truth=Priority.HIGH, found=Priority.LOW),
        decided(WRONG, language="Thai", words=3),
        decided(WRONG, language="Thai", words=3, routed=False, unknown=True),
        decided(language="Thai", words=3, routed=False),
    ]
    found = {part.name: part for part in by([*own, decided(words=30)])}[name]
    assert (found.routed, found.routed_right, found.unknown) == (0.5, 0.5, 0.25)
    assert found.priority is not None
    assert (found.priority.count, found.priority.too_low) == (1, 1.0)


def test_where_nothing_is_routed_no_share_of_it_is_right() -> None:
    found = part("all", [decided(routed=False)])
    assert (found.routed, found.routed_right, found.priority) == (0.0, None, None)


@pytest.mark.parametrize(
    ("team", "reason", "routed", "unknown"),
    [
        ("LOGIN_TEAM", "90.0% confidence, 60.0% needed: fixed threshold", True, False),
        (REVIEW, "low confidence (40.0% confidence, 60.0% needed: fixed threshold)", False, False),
        (REVIEW, "nothing in this email is known to me (language: unknown, Thai script)", False, True),
        (REVIEW, "the email has no text to read", False, False),
    ],
)
def test_a_decision_is_put_beside_the_truth(team: str, reason: str, routed: bool, unknown: bool) -> None:
    example = Example("no code", "I get no code", "Login", Priority.HIGH)
    found = compared(example, Triage("Login", Priority.LOW, 0.9, team, (reason,)), "English", REVIEW)
    wanted = decided(RIGHT, Priority.HIGH, Priority.LOW, words=6, routed=routed, unknown=unknown)
    assert found == wanted


def test_priorities_are_compared_where_the_truth_is_known() -> None:
    found = priorities(
        [
            decided(truth=Priority.HIGH, found=Priority.LOW),
            decided(truth=Priority.HIGH, found=Priority.HIGH),
            decided(truth=Priority.HIGH, found=Priority.MEDIUM),
            decided(truth=Priority.LOW, found=Priority.URGENT),
            decided(truth=Priority.MEDIUM, found=Priority.HIGH),
            decided(found=Priority.HIGH),
        ]
    )
    assert found is not None
    assert (found.count, found.accuracy, found.too_low, found.too_high) == (5, 0.2, 0.4, 0.4)
    assert found.confusion["High"] == {"Urgent": 0, "High": 1, "Medium": 1, "Low": 1}
    assert sum(found.confusion["Urgent"].values()) == 0


def test_without_a_known_priority_there_is_nothing_to_compare() -> None:
    assert priorities([decided(found=Priority.HIGH), decided(truth=Priority.PENDING, found=Priority.LOW)]) is None
