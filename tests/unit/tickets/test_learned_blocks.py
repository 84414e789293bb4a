"""Which blocks of text are learned, so that triage does not read them."""

import pytest

from daemon.tickets.boilerplate import OUTSIDE, is_learned


@pytest.mark.parametrize(
    ("domains", "outside", "days", "learned"),
    [
        (5, 2, 3, True),
        (4, 4, 3, False),
        (5, 5, 2, False),
        (20, 20, 1, False),
        (20, 1, 3, False),
        (20, 20, 3, True),
    ],
)
def test_a_block_is_learned_from_five_domains_on_three_days(
    domains: int, outside: int, days: int, *, learned: bool
) -> None:
    sent = [f"d{n}" + OUTSIDE * (n < outside) for n in range(domains)]
    assert is_learned(sent, [f"2026-11-{n:02}" for n in range(days)]) is learned
