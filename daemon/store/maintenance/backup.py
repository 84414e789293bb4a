"""Copy a SQLite database while it is in use."""

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Final

PAGES_AT_ONCE: Final = 512


class BackupError(Exception):
    """The copy was not made, or is not whole; the message says why."""


def backup(source: Path, target: Path, progress: Callable[[int, int], object]) -> int:
    """Copy a database as it is at this moment into a new file for us alone, durably; return its size in bytes.

    `progress` is told (pages done, pages in all). Writers are not held up: a read transaction pins one moment, without
    which every write elsewhere would start the copy again. Raises BackupError, and leaves no half copy behind.
    """
    try:
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except OSError as error:
        raise BackupError(f"{target}: {error.strerror}") from error
    try:
        _copy(source, target, progress)
        _sync(target)
        _sync(target.absolute().parent)
    except (OSError, sqlite3.Error) as error:
        target.unlink(missing_ok=True)
        raise BackupError(f"{target}: {error}") from error
    return target.stat().st_size


def _copy(source: Path, target: Path, progress: Callable[[int, int], object]) -> None:
    here = sqlite3.connect(source, isolation_level=None)
    there = sqlite3.connect(target, isolation_level=None)
    try:
        here.execute("BEGIN")
        here.execute("SELECT count(*) FROM sqlite_master").fetchone()
        here.backup(there, pages=PAGES_AT_ONCE, progress=lambda _, left, total: progress(total - left, total), sleep=0)
        # One file to carry away, without a log beside it.
        there.execute("PRAGMA journal_mode=DELETE")
        said = there.execute("PRAGMA quick_check(1)").fetchone()[0]
        if said != "ok":
            raise sqlite3.DatabaseError(f"the copy is damaged: {said}")
    finally:
        there.close()
        here.close()


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
