"""Which blocks of text are learned, so that triage does not read them."""

import pytest

from daemon.tickets.boilerplate import is_learned


@pytest.mark.parametrize(
    ("domains", "days", "learned"), [(5, 3, True), (4, 3, False), (5, 2, False), (20, 1, False), (20, 3, True)]
)
def test_a_block_is_learned_from_five_domains_on_three_days(domains: int, days: int, learned: bool) -> None:
    assert is_learned([f"d{n}" for n in range(domains)], [f"2026-11-{n:02}" for n in range(days)]) is learned
