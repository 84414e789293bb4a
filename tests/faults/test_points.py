"""The faults that are chosen: in company, in pairs, and the same ones again for the same seed."""

import random

import pytest

from tests.faults.points import BEHIND, FAILURES, GROUPS, KILL, POINTS, Fault, Pair, pairs, waves

COUNT = 50


def chosen(*, same: bool, seed: int = 1) -> list[Pair]:
    return pairs(random.Random(seed), COUNT, same=same)


def test_a_wave_has_every_fault_once_and_one_of_each_group() -> None:
    faults = [Fault(point, action) for point in POINTS for action in FAILURES]
    found = list(waves(faults, random.Random(1)))
    assert sorted(map(str, faults)) == sorted(str(fault) for wave in found for fault in wave)
    assert all(sum(fault.point in group for fault in wave) <= 1 for wave in found for group in GROUPS)


@pytest.mark.parametrize("same", [False, True])
def test_the_second_fault_of_a_pair_hits_the_email_of_the_first(same: bool) -> None:
    found = chosen(same=same)
    assert len(set(found)) == COUNT
    for pair in found:
        first, second = POINTS.index(pair.first.point), POINTS.index(pair.second.point)
        assert first < second or (same and first == second and pair.first.point not in BEHIND)
        assert KILL in {pair.first.action, pair.second.action}


def test_a_seed_gives_the_same_pairs_again() -> None:
    assert chosen(same=True) == chosen(same=True) != chosen(same=True, seed=2)
