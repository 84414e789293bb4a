"""Write the CSV files that commands read."""

import csv
from pathlib import Path


def write_csv(path: Path, rows: list[list[str]], header: tuple[str, ...] = ("subject", "body", "category")) -> Path:
    """Write rows with a header; return the path."""
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([list(header), *rows])
    return path
