"""How the closest examples vote, which are kept and shown, and how often those of a company count."""

import numpy as np
import pytest

from tests.support.encoders import FakeEncoder
from workers.learning import second_opinion
from workers.learning.second_opinion import held_out, neighbours
from workers.triage.features import Row
from workers.triage.linear import Probabilities, softmax
from workers.triage.second_opinion import Neighbours, SecondOpinion

LABELS = ("Login", "Payments")
EAST, NORTH, BETWEEN = np.eye(2, dtype=np.float32)[0], np.eye(2, dtype=np.float32)[1], np.array([0.8, 0.6], np.float32)


def made(
    names: list[str], vectors: list[np.ndarray], titles: list[str] | None = None, counts: list[float] | None = None
) -> Neighbours:
    often = np.array(counts or [1.0] * len(names))
    return neighbours(np.stack(vectors), np.array(names), LABELS, titles or [""] * len(names), often)


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
    found = held_out(vectors, names, ["a", "b", "b", "a"], LABELS, np.ones(4))
    assert found[0, 1] > 0.5
    assert found[2, 0] > 0.5


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


def test_an_example_that_counts_five_times_is_like_five_examples() -> None:
    names, vectors = ["Payments", "Payments", "Login"], [EAST, NORTH, NORTH]
    once = made(names, vectors, counts=[1.0, 5.0, 1.0])
    five = made([*names, *["Payments"] * 4], [*vectors, *[NORTH] * 4])
    assert once.chances(BETWEEN).tolist() == pytest.approx(five.chances(BETWEEN).tolist())
    assert once.chances(NORTH)[1] > made(names, vectors).chances(NORTH)[1] + 0.1


def opinion(*, own: bool) -> SecondOpinion:
    """Return the opinion of examples, four of which say that BETWEEN is Login, and two, maybe the company's, not."""
    vectors = np.stack([*[EAST] * 4, *[NORTH] * 4, *[BETWEEN] * 6])
    names = np.array([*["Payments"] * 4, *["Login"] * 8, *["Payments"] * 2])
    ours = [False] * 12 + [own] * 2
    groups = [str(at) for at in range(14)]
    even = np.full((14, 2), 0.5)
    return second_opinion.fit(FakeEncoder(), vectors, names, groups, ours, LABELS, even, even, [""] * 14)[0]


def test_what_a_company_says_of_a_meaning_counts_more_than_our_examples() -> None:
    theirs, ours = opinion(own=False), opinion(own=True)
    assert theirs.chances(BETWEEN)[1] < 0.5 < ours.chances(BETWEEN)[1]
    assert theirs.neighbours.chances(BETWEEN)[1] < 0.5 < ours.neighbours.chances(BETWEEN)[1]
    assert linear(theirs)[1] < 0.5 < linear(ours)[1]


def linear(of: SecondOpinion) -> Probabilities:
    return softmax(of.linear.logits(Row(np.arange(2, dtype=np.int32), BETWEEN)))


def test_examples_that_are_all_of_the_company_are_learned_like_any_others() -> None:
    vectors, names = np.stack([EAST, NORTH] * 4), np.array(["Payments", "Login"] * 4)
    groups, even = [str(at) for at in range(8)], np.full((8, 2), 0.5)
    ours, theirs = (
        second_opinion.fit(FakeEncoder(), vectors, names, groups, [own] * 8, LABELS, even, even, [""] * 8)[0]
        for own in (True, False)
    )
    assert np.allclose(ours.linear.weights, theirs.linear.weights)
