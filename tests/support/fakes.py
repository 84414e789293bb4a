"""Stand-ins for what tests must command: the clock, and whoever is woken."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from daemon.store.jobs import Offer

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


class FakeClock:
    """Stands still until it is moved."""

    def __init__(self, now: datetime = NOON) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def advance(self, **step: float) -> None:
        """Move by keywords of timedelta."""
        self._now += timedelta(**step)


class Woken:
    """Takes the place of the relay and remembers what it was told."""

    def __init__(self) -> None:
        self.offers: list[Offer] = []

    def __call__(self, offers: tuple[Offer, ...]) -> None:
        self.offers.extend(offers)


def eventually(condition: Callable[[], object], seconds: float = 30.0) -> None:
    """Wait for a condition; the deadline is far, so that a slow machine fails no test."""
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            raise AssertionError(f"not within {seconds} s")
        time.sleep(0.01)


class SteppingClock(FakeClock):
    """A second passes whenever it is asked."""

    def now(self) -> datetime:
        self.advance(seconds=1)
        return super().now()
