"""Bounds of what HTTP may use: requests at a time, bytes of their bodies, requests of a token in a minute."""

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from math import ceil
from time import monotonic
from typing import Final

from daemon.web.problems import ProblemError, unavailable

REMEMBERED: Final = 10_000
# All request bodies together that are held at a time.
BODIES_BYTES: Final = 32 * 1024 * 1024

# The key in the scope of a request that came over a connection beyond http.connections.
CROWDED: Final = "triaged.crowded"


def too_many_clients() -> ProblemError:
    """Return the error for a client beyond http.connections, whose connection ends with it."""
    error = unavailable("too many clients at a time; see http.connections")
    error.headers["Connection"] = "close"
    return error


class TokenBuckets:
    """How many requests each token has left; they come back evenly over a minute. Counted in this process only."""

    def __init__(self, per_minute: int) -> None:
        self._most = float(per_minute)
        self._buckets: OrderedDict[int, tuple[float, float]] = OrderedDict()

    def wait(self, token_id: int) -> int:
        """Take one request of a token; return 0, or in how many seconds the next one is left."""
        now = monotonic()
        left, at = self._buckets.pop(token_id, (self._most, now))
        left = min(self._most, left + (now - at) * self._most / 60)
        allowed = left >= 1
        self._buckets[token_id] = (left - 1 if allowed else left, now)
        if len(self._buckets) > REMEMBERED:
            self._buckets.popitem(last=False)
        return 0 if allowed else ceil((1 - left) * 60 / self._most)


class Budget:
    """An amount of which several requests each hold a part."""

    def __init__(self, most: int, refusal: str) -> None:
        self._most, self._refusal = most, refusal
        self.held = 0

    def take(self, amount: int = 1) -> None:
        """Take an amount; raises ProblemError (503) where it is not left."""
        if self.held + amount > self._most:
            raise unavailable(self._refusal)
        self.held += amount

    def give_back(self, amount: int = 1) -> None:
        """Give an amount back."""
        self.held -= amount

    @contextmanager
    def one(self) -> Iterator[None]:
        """Hold one unit."""
        self.take()
        try:
            yield
        finally:
            self.give_back()
