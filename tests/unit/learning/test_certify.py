"""Certified thresholds and the drift alarm, also in simulations."""

import random

import numpy as np
import pytest

from workers.learning import certify, drift
from workers.learning.drift import DriftState


@pytest.mark.parametrize(("errors", "count"), [(0, 45), (1, 77), (2, 105)])
def test_the_number_of_tickets_needed_for_95_percent(errors: int, count: int) -> None:
    assert certify.lower_bound(count - errors, count) >= 0.95
    assert certify.lower_bound(count - 1 - errors, count - 1) < 0.95


@pytest.mark.parametrize("count", [0, 1, 44])
def test_too_few_tickets_certify_nothing(count: int) -> None:
    assert certify.threshold([(0.99, True)] * count, 0.95) is None


def test_the_threshold_is_where_the_errors_begin() -> None:
    verified = [(0.6 + n / 1000, True) for n in range(300)] + [(0.3 + n / 1000, n % 2 == 0) for n in range(200)]
    found = certify.threshold(verified, 0.95)
    assert found is not None
    assert 0.45 < found <= 0.62


def test_a_model_that_is_never_good_enough_is_never_certified() -> None:
    assert certify.threshold([(n / 500, n % 3 != 0) for n in range(500)], 0.95) is None


def test_each_category_is_certified_separately() -> None:
    assert certify.certify({"A": [(0.9, True)] * 200, "B": [(0.9, False)] * 200}, 0.95) == {"A": 0.9, "B": None}


@pytest.mark.parametrize("count", [150, 400, 1200])
def test_the_promised_accuracy_is_kept_in_nine_of_ten_simulated_companies(count: int) -> None:
    generator = np.random.default_rng(7)
    kept = certified = 0
    for _ in range(100):
        worst, shape = generator.uniform(0.05, 0.6), generator.uniform(1, 4)
        confidence = generator.beta(2, 1, count)
        right = generator.uniform(0, 1, count) < 1 - worst * (1 - confidence) ** shape
        needed = certify.threshold(list(zip(confidence.tolist(), right.tolist(), strict=True)), 0.95)
        if needed is None:
            continue
        certified += 1
        later = generator.beta(2, 1, 20_000)
        kept += float((1 - worst * (1 - later[later >= needed]) ** shape).mean()) >= 0.95
    assert certified > 30
    assert kept >= 0.9 * certified


def test_a_model_just_below_its_promise_is_rarely_certified() -> None:
    generator = np.random.default_rng(3)
    runs = [
        list(zip(generator.uniform(0, 1, 400).tolist(), (generator.uniform(0, 1, 400) < 0.949).tolist(), strict=True))
        for _ in range(200)
    ]
    assert sum(certify.threshold(run, 0.95) is not None for run in runs) <= 20


@pytest.mark.parametrize(
    ("share", "state"), [(0.0, DriftState.HEALTHY), (0.5, DriftState.ALARM), (1.0, DriftState.ALARM)]
)
def test_the_drift_test_decides_within_30_reviews(share: float, state: DriftState) -> None:
    chance = random.Random(3)
    seen = drift.Drift()
    while seen.state is DriftState.WATCHING:
        seen = drift.observe(seen, overridden=chance.random() < share)
    assert seen.state is state
    assert seen.seen <= 30


def test_a_drift_alarm_is_final() -> None:
    assert drift.watch([True] * 10 + [False] * 1000).state is DriftState.ALARM


def test_old_good_results_do_not_hide_new_errors() -> None:
    assert drift.watch([False] * 1000 + [True] * 5).state is DriftState.ALARM


@pytest.mark.parametrize(("share", "most", "least"), [(0.05, 0.05, 0.0), (0.20, 1.0, 0.9)])
def test_false_and_missed_drift_alarms_are_rare(share: float, most: float, least: float) -> None:
    chance = random.Random(11)
    alarms = 0
    for _ in range(400):
        seen = drift.Drift()
        while seen.state is DriftState.WATCHING:
            seen = drift.observe(seen, overridden=chance.random() < share)
        alarms += seen.state is DriftState.ALARM
    assert least <= alarms / 400 <= most
