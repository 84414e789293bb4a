"""Floors of each language and length: what was measured, less a margin of two emails.

Training is the same in each run, but the last digits of its sums are not the same on each processor: the margin is for
emails that these move. A floor is a number of emails, so it says nothing of another number of emails: then, and for a
part without a floor, floors have to be written.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from workers.learning.breakdown import Part

FLOORS: Final = Path(__file__).with_name("part_floors.csv")
MARGIN: Final = 2
# Of the calibration error, the only figure that is no number of emails.
DIGITS: Final = 4
# Each gated figure, and whether more of it is better.
FIGURES: Final[Mapping[str, bool]] = {
    "right": True,
    "ece": False,
    "routed": True,
    "misrouted": False,
    "unknown": False,
    "priority": True,
    "too_low": False,
}
Row = Mapping[str, float]
Floors = dict[str, dict[str, Row]]


def figures(part: Part) -> dict[str, float]:
    """Return the figures of a part, as numbers of emails except for the calibration error."""
    routed, rated = round(part.routed * part.count), part.priority
    return {
        "emails": part.count,
        "right": round(part.accuracy * part.count),
        "ece": round(part.ece, DIGITS),
        "routed": routed,
        "misrouted": round(routed * (1 - (part.routed_right or 0))),
        "unknown": round(part.unknown * part.count),
        "priority": round(rated.accuracy * rated.count) if rated else 0,
        "too_low": round(rated.too_low * rated.count) if rated else 0,
    }


def floors_of(found: Row) -> dict[str, float]:
    """Return the floors that figures give: two emails worse than they are."""
    floors = {"emails": found["emails"]}
    for name, more_is_better in FIGURES.items():
        margin = MARGIN / found["emails"] if name == "ece" else MARGIN
        floors[name] = round(max(0.0, found[name] - margin) if more_is_better else found[name] + margin, DIGITS)
    return floors


def worse(found: Row, floors: Row) -> Iterator[str]:
    """Yield what is worse than its floor; also used to compare new floors with those before."""
    for name, more_is_better in FIGURES.items():
        if found[name] < floors[name] if more_is_better else found[name] > floors[name]:
            yield f"{name} {found[name]:g}, was {floors[name]:g}"


def problems(found: Row, floors: Row | None) -> list[str]:
    """Return why the gate refuses a part."""
    if floors is None or floors["emails"] != found["emails"]:
        return ["there is no floor for these emails: use --write-floors"]
    return list(worse(found, floors))


def judge(parts: Sequence[Part], model: str, path: Path = FLOORS) -> bool:
    """Print the figures of each part; return whether one is worse than its floor."""
    floors, dropped = read(path).get(model, {}), False
    print(f"{'part':24s} emails  right    ECE  routed  routed right  unknown  priority right  too low")
    for part in parts:
        priority = f"{part.priority.accuracy:15.3f} {part.priority.too_low:8.3f}" if part.priority else ""
        print(
            f"{part.name:24s} {part.count:6d} {part.accuracy:6.3f} {part.ece:6.3f} {part.routed:7.3f}"
            f" {part.routed_right or 0:13.3f} {part.unknown:8.3f} {priority}"
        )
        for problem in problems(figures(part), floors.get(part.name)):
            print(f"    DROPPED  {problem}")
            dropped = True
    return dropped


def write(parts: Sequence[Part], model: str, path: Path = FLOORS) -> None:
    """Write the floors of one model, keep those of the other, and print each floor that is lower than before."""
    every = read(path)
    before, every[model] = every.get(model, {}), {part.name: floors_of(figures(part)) for part in parts}
    for name, row in every[model].items():
        for fall in worse(row, before.get(name, row)):
            print(f"LOWER FLOOR  {name}: {fall}")
    for name in before.keys() - every[model].keys():
        print(f"NO FLOOR ANY MORE  {name}")
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["model", "part", "emails", *FIGURES])
        for kind, found in sorted(every.items()):
            rows.writerows([kind, name, *(f"{value:g}" for value in row.values())] for name, row in found.items())


def read(path: Path) -> Floors:
    """Read the floors of each model; none if there is no file."""
    floors: Floors = {}
    if path.exists():
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                numbers = {name: float(row[name]) for name in ("emails", *FIGURES)}
                floors.setdefault(row["model"], {})[row["part"]] = numbers
    return floors
