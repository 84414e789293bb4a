"""How long a job that failed waits for its next attempt."""

from datetime import timedelta

import pytest

from workers.jobs.executor import backoff


@pytest.mark.parametrize(("attempts", "seconds"), [(1, 2), (2, 8), (3, 32), (6, 2048), (7, 3600), (100, 3600)])
def test_the_back_off_grows_up_to_an_hour(attempts: int, seconds: int) -> None:
    assert backoff(attempts) == timedelta(seconds=seconds)
