"""Certify automatic routing: find the confidence from which verified tickets show the promised accuracy."""

from collections.abc import Mapping, Sequence
from functools import lru_cache

from scipy.special import betaincinv

CONFIDENCE = 0.9
GROWTH = 1.35
# The tested sets contain each other, so their tests are not independent and the error need not be divided by their
# number. With the error divided by three, simulations certify a model just below the promised accuracy in 8 % of runs.
ERROR_SHARES = 3

Verified = tuple[float, bool]


@lru_cache(maxsize=10_000)
def lower_bound(right: int, count: int, confidence: float = CONFIDENCE) -> float:
    """Return the one-sided Clopper-Pearson bound: the true accuracy is at least this, with this confidence."""
    if right == 0:
        return 0.0
    return float(betaincinv(right, count - right + 1, 1 - confidence))


def threshold(verified: Sequence[Verified], promised: float, confidence: float = CONFIDENCE) -> float | None:
    """Return the lowest confidence from which the promised accuracy is certain enough, or None.

    `verified` has (confidence, prediction was right) for each ticket that a person checked, routed or not. Sets of the
    most confident tickets are tested, from the smallest that can pass to the largest. Each test gets a share of the
    allowed error, so that choosing the best set does not break the promise.
    """
    ordered = sorted(verified, key=lambda pair: -pair[0])
    sizes = set_sizes(len(ordered), promised, confidence)
    certain = 1 - (1 - confidence) / max(1, min(ERROR_SHARES, len(sizes)))
    found = None
    for size in sizes:
        chosen = ordered[:size]
        if lower_bound(sum(right for _, right in chosen), size, certain) >= promised:
            found = chosen[-1][0]
    return found


def set_sizes(count: int, promised: float, confidence: float) -> list[int]:
    """Return the sizes to test: from the smallest that could pass, growing by a third, to all tickets."""
    sizes: list[int] = []
    size = min_tickets(promised, confidence)
    while size < count:
        sizes.append(size)
        size = int(size * GROWTH) + 1
    return [*sizes, count] if count >= min_tickets(promised, confidence) else []


@lru_cache(maxsize=100)
def min_tickets(promised: float, confidence: float = CONFIDENCE) -> int:
    """Return the number of tickets without an error that is needed to certify anything."""
    count = 1
    while lower_bound(count, count, confidence) < promised:
        count += 1
    return count


def certify(verified: Mapping[str, Sequence[Verified]], promised: float) -> dict[str, float | None]:
    """Return the certified threshold of each predicted category, None if it has none yet."""
    return {name: threshold(pairs, promised) for name, pairs in verified.items()}
