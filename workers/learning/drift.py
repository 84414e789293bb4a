"""Detect drift: a sequential test on the decisions that people override, which stops automatic routing."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

# Shares of overridden decisions, and the probabilities of a false alarm and of a missed one.
HEALTHY = 0.05
UNHEALTHY = 0.20
ALPHA = 0.01
BETA = 0.05


class DriftState(StrEnum):
    """The result of the test: not yet decided, healthy, or drifting."""

    WATCHING = "watching"
    HEALTHY = "healthy"
    ALARM = "alarm"


@dataclass(frozen=True, slots=True)
class Drift:
    """The state of the test: the log-likelihood ratio since it was last healthy, and the number of reviews `seen`."""

    state: DriftState = DriftState.WATCHING
    ratio: float = 0.0
    seen: int = 0


def observe(drift: Drift, *, overridden: bool) -> Drift:
    """Add one reviewed ticket (Wald's sequential probability ratio test). An alarm is final.

    The test starts afresh whenever it finds the model healthy, so that good results of the past do not hide new errors.
    """
    if drift.state is DriftState.ALARM:
        return Drift(DriftState.ALARM, drift.ratio, drift.seen + 1)
    start = 0.0 if drift.state is DriftState.HEALTHY else drift.ratio
    step = math.log(UNHEALTHY / HEALTHY) if overridden else math.log((1 - UNHEALTHY) / (1 - HEALTHY))
    ratio = start + step
    if ratio >= math.log((1 - BETA) / ALPHA):
        return Drift(DriftState.ALARM, ratio, drift.seen + 1)
    if ratio <= math.log(BETA / (1 - ALPHA)):
        return Drift(DriftState.HEALTHY, ratio, drift.seen + 1)
    return Drift(DriftState.WATCHING, ratio, drift.seen + 1)


def watch(overrides: Iterable[bool]) -> Drift:
    """Run the test over reviewed automatic decisions, oldest first; each item says whether it was overridden."""
    drift = Drift()
    for overridden in overrides:
        drift = observe(drift, overridden=overridden)
    return drift
