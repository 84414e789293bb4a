"""How long many clients waited, in a few figures; used by the programs that send emails and requests."""

from collections.abc import Sequence


def figures(waits: Sequence[float], seconds: float, refused: int) -> dict[str, float]:
    """Return the rate per second, percentiles of waits (ms) and the number of refusals; waits are in seconds."""
    ordered = sorted(waits)
    return {
        "rate": len(ordered) / seconds,
        **{f"p{percent}": 1000 * percentile(ordered, percent) for percent in (50, 95, 99)},
        "refused": refused,
    }


def percentile(ordered: Sequence[float], percent: int) -> float:
    """Return the value of a sorted sequence below which so many percent of it are."""
    return ordered[len(ordered) * percent // 100]
