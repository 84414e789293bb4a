"""Copy a SQLite database while it is in use."""

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Final

from daemon.system.files import sync

PAGES_AT_ONCE: Final = 512


class BackupError(Exception):
    """The copy failed or is damaged; the message says why."""


def backup(source: Path, target: Path, progress: Callable[[int, int], object]) -> int:
    """Copy the current state of a database durably to a new file, readable by its owner only; return its size in bytes.

    Calls `progress` with (pages done, pages in all). Writers are not blocked: a read transaction keeps the snapshot,
    without which every write would restart the copy. Raises BackupError, and then leaves no file.
    """
    try:
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except OSError as error:
        raise BackupError(f"{target}: {error.strerror}") from error
    try:
        _copy(source, target, progress)
        sync(target)
        sync(target.absolute().parent)
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
        # A single file, without a write-ahead log beside it.
        there.execute("PRAGMA journal_mode=DELETE")
        result = there.execute("PRAGMA quick_check(1)").fetchone()[0]
        if result != "ok":
            raise sqlite3.DatabaseError(f"the copy is damaged: {result}")
    finally:
        there.close()
        here.close()
