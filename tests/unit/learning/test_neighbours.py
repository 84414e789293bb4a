"""The closest examples as a classifier: how they vote, which are kept, and which are shown."""

import numpy as np
import pytest

from workers.learning import second_opinion
from workers.learning.second_opinion import held_out, neighbours
from workers.triage.second_opinion import Neighbours

LABELS = ("Login", "Payments")
EAST, NORTH, BETWEEN = np.eye(2, dtype=np.float32)[0], np.eye(2, dtype=np.float32)[1], np.array([0.8, 0.6], np.float32)


def made(names: list[str], vectors: list[np.ndarray], titles: list[str] | None = None) -> Neighbours:
    return neighbours(np.stack(vectors), np.array(names), LABELS, titles or [""] * len(names))


def test_an_email_is_likely_of_the_category_of_its_closest_examples() -> None:
    near_payments = made(["Login", "Payments"], [NORTH, EAST]).chances(BETWEEN)
    assert near_payments.sum() == pytest.approx(1.0)
    assert near_payments[1] > 0.99


def test_a_category_with_many_examples_is_not_likelier() -> None:
    even = made(["Login", *["Payments"] * 9], [EAST, *[EAST] * 9]).chances(EAST)
    assert even.tolist() == pytest.approx([0.5, 0.5])


def test_an_email_that_is_far_from_all_examples_is_of_no_category() -> None:
    found = made(["Login", "Payments"], [NORTH, EAST]).chances(np.array([-0.6, -0.8], np.float32))
    assert found.tolist() == pytest.approx([0.5, 0.5], abs=0.01)


def test_an_example_never_votes_for_itself() -> None:
    # With its own vote each of them would be of its own category.
    vectors = np.stack([EAST, NORTH, EAST, NORTH])
    names = np.array(["Login", "Login", "Payments", "Payments"])
    found = held_out(vectors, names, ["a", "b", "b", "a"], LABELS)
    assert found[0, 1] > 0.99
    assert found[2, 0] > 0.99


def test_the_newest_examples_are_kept_and_those_with_a_title_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(second_opinion, "MAX_NEIGHBOURS", 2)
    found = made(["Login", "Login", "Payments"], [EAST, EAST, NORTH], ["too old", "", "shown"])
    assert found.titles == ("shown",)
    assert found.labels == ("Payments", "Login")
    assert found.closest(NORTH) == (("shown", "Payments"),)
    assert found.closest(EAST) == ()


def test_a_category_whose_examples_are_too_old_has_no_vote(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(second_opinion, "MAX_NEIGHBOURS", 1)
    assert made(["Login", "Payments"], [NORTH, NORTH]).chances(NORTH)[0] < 0.01
