"""Charts as shapes that a template draws as SVG; each is made from the rows of the table beside it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from daemon.text import shorten

WIDTH: Final = 640
HEIGHT: Final = 200
LEFT: Final = 40
BOTTOM: Final = 24
TOP: Final = 16
# As many labels as are readable below a chart on a phone.
LABELS: Final = 8
# Of a bar with its name above it, in letters that are readable on a phone.
SHARE_HEIGHT: Final = 52
LONGEST_NAME: Final = 32


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar with its label, which is "" where there is no room for it, and its value in words."""

    x: float
    y: float
    width: float
    height: float
    label: str
    value: str


@dataclass(frozen=True, slots=True)
class BarChart:
    """Bars, with the value at the top of the axis; `rows` are what a table shows."""

    bars: tuple[Bar, ...]
    top: str
    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ShareBar:
    """A bar below its name and its share in words; `width` is its length."""

    name: str
    share: str
    y: float
    width: float


@dataclass(frozen=True, slots=True)
class ShareChart:
    """One bar below the other, each a share of the whole width, and the height of them all."""

    bars: tuple[ShareBar, ...]
    height: int


@dataclass(frozen=True, slots=True)
class Reliability:
    """How often decisions were right, by their confidence: points from 0 to 1 in both directions, and table rows."""

    points: tuple[tuple[float, float], ...]
    rows: tuple[tuple[str, int, float], ...]

    @property
    def path(self) -> str:
        """Return the points as SVG writes them."""
        return " ".join(f"{x:.1f},{y:.1f}" for x, y in self.points)


def bars(values: Sequence[tuple[str, float]]) -> BarChart:
    """Return a chart of labelled values."""
    highest = max([value for _, value in values] + [1.0])
    room, every = (WIDTH - LEFT) / max(len(values), 1), -(-len(values) // LABELS)
    drawn = tuple(
        Bar(
            LEFT + number * room + room * 0.1,
            TOP + _drop(value / highest),
            room * 0.8,
            HEIGHT - TOP - BOTTOM - _drop(value / highest),
            label if number % every == 0 else "",
            f"{value:g}",
        )
        for number, (label, value) in enumerate(values)
    )
    return BarChart(drawn, f"{highest:g}", tuple((label, f"{value:g}") for label, value in values))


def shares(values: Sequence[tuple[str, int, int]]) -> ShareChart:
    """Return a chart of parts of wholes, by name; "-" stands for a share of nothing."""
    drawn = tuple(
        ShareBar(
            shorten(name, LONGEST_NAME),
            f"{part / whole:.0%}" if whole else "-",
            number * SHARE_HEIGHT,
            WIDTH * part / max(whole, 1),
        )
        for number, (name, part, whole) in enumerate(values)
    )
    return ShareChart(drawn, SHARE_HEIGHT * len(values))


def reliability(checked: Sequence[tuple[float, bool]], bins: int) -> Reliability:
    """Return how often decisions were right in each part of their confidence that has any."""
    groups: list[list[tuple[float, bool]]] = [[] for _ in range(bins)]
    for confidence, right in checked:
        groups[min(int(confidence * bins), bins - 1)].append((confidence, right))
    rows, points = [], []
    for number, group in enumerate(groups):
        if not group:
            continue
        accuracy = sum(right for _, right in group) / len(group)
        mean = sum(confidence for confidence, _ in group) / len(group)
        rows.append((f"{number / bins:.0%} to {(number + 1) / bins:.0%}", len(group), accuracy))
        points.append((LEFT + mean * (WIDTH - LEFT), TOP + _drop(accuracy)))
    return Reliability(tuple(points), tuple(rows))


def _drop(share: float) -> float:
    """Return how far below the top of a chart a value is."""
    return (1 - share) * (HEIGHT - TOP - BOTTOM)
