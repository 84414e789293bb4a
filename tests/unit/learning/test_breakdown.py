"""Decisions are broken down by language, length and priority."""

import pytest

from daemon.vocabulary import Priority
from workers.learning.breakdown import Decided, by_language, by_length, length, priorities
from workers.learning.metrics import Answer

RIGHT, WRONG = Answer("Login", "Login", 0.9), Answer("Login", "General", 0.8)


def decided(
    answer: Answer = RIGHT,
    truth: Priority | None = None,
    found: Priority | None = None,
    language: str = "English",
    words: int = 10,
) -> Decided:
    return Decided(answer, truth, found, language, words)


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


def test_priorities_are_compared_where_the_truth_is_known() -> None:
    found = priorities(
        [
            decided(truth=Priority.HIGH, found=Priority.LOW),
            decided(truth=Priority.HIGH, found=Priority.HIGH),
            decided(truth=Priority.HIGH, found=Priority.MEDIUM),
            decided(truth=Priority.LOW, found=Priority.URGENT),
            decided(truth=Priority.MEDIUM),
            decided(found=Priority.HIGH),
        ]
    )
    assert found is not None
    assert (found.count, found.accuracy, found.too_low) == (5, 0.2, 0.4)
    assert found.confusion["High"] == {"Urgent": 0, "High": 1, "Medium": 1, "Low": 1}
    assert sum(found.confusion["Medium"].values()) == 0


def test_without_a_known_priority_there_is_nothing_to_compare() -> None:
    assert priorities([decided(found=Priority.HIGH), decided(truth=Priority.PENDING, found=Priority.LOW)]) is None
