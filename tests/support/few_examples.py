"""A few of the shipped examples: enough to learn from, quick to learn."""

import csv
from pathlib import Path

from tests.support.paths import CONFIG

FILES = ("general", "login", "payments", "plain", "technical")


def few_examples(folder: Path, each: int = 40) -> Path:
    """Write the first examples of each of these files into a folder that exists, and return it."""
    for name in FILES:
        with (CONFIG / "examples" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as out:
            csv.writer(out).writerows(rows[: each + 1])
    return folder
