"""What damages a database: statements that bypass its constraints, or bytes of its file."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

PAGE = 4096


@dataclass(frozen=True, slots=True)
class Damage:
    """What happens to a database: statements, or a change of its file.

    `row` and `says` are what the verification answers, "" where it notices nothing. `only` names the one database on
    which this can happen.
    """

    what: str
    row: str
    says: str
    statements: tuple[str, ...] = ()
    file: Callable[[Path], None] | None = None
    only: str = ""


def sql(what: str, row: str, says: str, *statements: str, only: str = "") -> Damage:
    """Return a damage by statements."""
    return Damage(what, row, says, statements, only=only)


def cut(share: float) -> Callable[[Path], None]:
    """Cut the file to a share of its size."""

    def shorten(path: Path) -> None:
        with path.open("r+b") as file:
            file.truncate(int(path.stat().st_size * share))

    return shorten


def overwrite(offset: int, length: int = PAGE) -> Callable[[Path], None]:
    """Overwrite bytes of the file; a negative offset counts from the end."""

    def write(path: Path) -> None:
        with path.open("r+b") as file:
            file.seek(offset, 2 if offset < 0 else 0)
            file.write(b"\xa5" * length)

    return write


def overwrite_root(table: str) -> Callable[[Path], None]:
    """Overwrite the first page of a table."""

    def write(path: Path) -> None:
        connection = sqlite3.connect(path)
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()
        connection.close()
        overwrite((page - 1) * PAGE)(path)

    return write
