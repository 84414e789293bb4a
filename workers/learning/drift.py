"""Watch what people override: a sequential test that stops automatic routing as soon as it is likely going wrong."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

HEALTHY = 0.05
SICK = 0.20
ALPHA = 0.01
BETA = 0.05


class State(StrEnum):
    """What the test says: keep watching, shown healthy, or going wrong."""

    WATCHING = "watching"
    HEALTHY = "healthy"
    ALARM = "alarm"


@dataclass(frozen=True, slots=True)
class Drift:
    """The state of the test. `ratio` is the log-likelihood ratio since it last showed health; `seen` counts checks."""

    state: State = State.WATCHING
    ratio: float = 0.0
    seen: int = 0


def observe(drift: Drift, *, overridden: bool, healthy: float = HEALTHY, sick: float = SICK) -> Drift:
    """Add one checked ticket (Wald's sequential probability ratio test). An alarm stays until somebody resets it.

    Each time health is shown the test starts afresh, so that old good days do not hide new bad ones.
    """
    if drift.state is State.ALARM:
        return Drift(State.ALARM, drift.ratio, drift.seen + 1)
    start = 0.0 if drift.state is State.HEALTHY else drift.ratio
    step = math.log(sick / healthy) if overridden else math.log((1 - sick) / (1 - healthy))
    ratio = start + step
    if ratio >= math.log((1 - BETA) / ALPHA):
        return Drift(State.ALARM, ratio, drift.seen + 1)
    if ratio <= math.log(BETA / (1 - ALPHA)):
        return Drift(State.HEALTHY, ratio, drift.seen + 1)
    return Drift(State.WATCHING, ratio, drift.seen + 1)


def watch(overrides: Iterable[bool]) -> Drift:
    """Run the test over checks, oldest first: say of each automatic decision whether it was overridden."""
    drift = Drift()
    for overridden in overrides:
        drift = observe(drift, overridden=overridden)
    return drift
