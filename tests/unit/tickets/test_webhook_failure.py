"""How long an endpoint that fails is left alone, and when it is disabled."""

from datetime import timedelta

import pytest

from daemon.tickets.webhook_failure import after_failure
from tests.support.fakes import NOON


@pytest.mark.parametrize(
    ("failing", "pause"),
    [
        (timedelta(), timedelta(seconds=5)),
        (timedelta(minutes=4), timedelta(minutes=1)),
        (timedelta(days=2), timedelta(minutes=15)),
    ],
)
def test_the_pause_is_a_quarter_of_the_time_since_the_first_failure_within_bounds(
    failing: timedelta, pause: timedelta
) -> None:
    found = after_failure(NOON - failing, NOON, gone=False)
    assert (found.since, found.paused_until, found.disables) == (NOON - failing, NOON + pause, False)


def test_the_first_failure_begins_the_time_that_an_endpoint_fails() -> None:
    assert after_failure(None, NOON, gone=False).since == NOON


def test_an_endpoint_is_disabled_after_three_days_and_not_before() -> None:
    almost, long = timedelta(days=3) - timedelta(seconds=1), timedelta(days=3)
    assert not after_failure(NOON - almost, NOON, gone=False).disables
    assert after_failure(NOON - long, NOON, gone=False).disables


def test_an_endpoint_that_is_gone_is_disabled_at_its_first_failure() -> None:
    assert after_failure(None, NOON, gone=True).disables
