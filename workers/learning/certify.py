"""Earn automatic routing: the confidence from which a category keeps its promise, shown by verified tickets."""

from collections.abc import Mapping, Sequence
from functools import lru_cache

from scipy.special import betaincinv

CONFIDENCE = 0.9
NEXT_LOOK = 1.35
# The sets looked at contain each other, so looking often costs less than as many independent looks: with the error
# split in three, a model that is just below its promise at every confidence is certified in 8 % of simulations.
SHARES = 3

Verified = tuple[float, bool]


@lru_cache(maxsize=10_000)
def lower_bound(right: int, count: int, confidence: float = CONFIDENCE) -> float:
    """Return the one-sided Clopper-Pearson bound: with this confidence the true accuracy is at least so high."""
    if right == 0:
        return 0.0
    return float(betaincinv(right, count - right + 1, 1 - confidence))


def threshold(verified: Sequence[Verified], promised: float, confidence: float = CONFIDENCE) -> float | None:
    """Return the lowest confidence from which the promised accuracy is certain enough, or None.

    `verified` are (confidence, was it right) of tickets a person checked, whatever became of them. Sets of the most
    confident tickets are tested from the smallest that can pass to the largest, each with a share of the error allowed,
    so that choosing the best of them does not undo the promise.
    """
    ordered = sorted(verified, key=lambda pair: -pair[0])
    sizes = looks(len(ordered), promised, confidence)
    certain = 1 - (1 - confidence) / max(1, min(SHARES, len(sizes)))
    found = None
    for size in sizes:
        chosen = ordered[:size]
        if lower_bound(sum(right for _, right in chosen), size, certain) >= promised:
            found = chosen[-1][0]
    return found


def looks(count: int, promised: float, confidence: float) -> list[int]:
    """Return the sizes to test: from the fewest tickets that could pass, growing by a third, to all of them."""
    sizes: list[int] = []
    size = fewest(promised, confidence)
    while size < count:
        sizes.append(size)
        size = int(size * NEXT_LOOK) + 1
    return [*sizes, count] if count >= fewest(promised, confidence) else []


@lru_cache(maxsize=100)
def fewest(promised: float, confidence: float = CONFIDENCE) -> int:
    """Return how many tickets without an error are needed before anything can be certified."""
    count = 1
    while lower_bound(count, count, confidence) < promised:
        count += 1
    return count


def certify(
    verified: Mapping[str, Sequence[Verified]], promised: float, confidence: float = CONFIDENCE
) -> dict[str, float | None]:
    """Return the certified threshold of each category the model decided for, None where there is none yet."""
    return {name: threshold(pairs, promised, confidence) for name, pairs in verified.items()}
