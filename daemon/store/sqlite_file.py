"""The files of an SQLite database: private to us, and still those that we opened."""

import contextlib
import os
import stat
from pathlib import Path
from sqlite3 import OperationalError as SqliteError
from typing import Final

import structlog
from sqlalchemy import make_url
from sqlalchemy.exc import OperationalError

from daemon.system.logs import RateLimitedLog

limited = RateLimitedLog(structlog.get_logger(__name__), burst=1)

PRIVATE: Final = 0o600
SIDE_FILES: Final = ("-wal", "-shm", "-journal")
Identity = tuple[int, int]


class SqliteFile:
    """The file of one engine and its write-ahead log.

    A file that is removed or replaced while it is open still takes writes, which nobody can read after a restart.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._log_path = Path(f"{path}-wal")
        self._opened: Identity | None = None
        self._log_opened: Identity | None = None
        self._connections = 0

    def prepare(self) -> None:
        """Before the first connection, create the file for us alone, or take the rights of others away.

        SQLite gives its log the same rights. A file that cannot be created is left to SQLite, which raises.
        """
        if self._opened is not None:
            return
        with contextlib.suppress(OSError):
            os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE))
        for path in (self.path, *(Path(f"{self.path}{suffix}") for suffix in SIDE_FILES)):
            with contextlib.suppress(OSError):
                # Not of a device, such as /dev/null, which every process of the host needs.
                if stat.S_ISREG(path.stat().st_mode):
                    path.chmod(PRIVATE)

    def note_connect(self) -> None:
        """Note a new connection."""
        self._connections += 1
        if self._opened is None:
            self._opened = _identity(self.path)

    def note_close(self) -> None:
        """Note a closed connection. SQLite removes the log when the last one is closed."""
        self._connections -= 1
        if self._connections == 0:
            self._log_opened = None

    def is_lost(self) -> bool:
        """Return whether the file or its log was removed or replaced since it was opened."""
        if self._opened is None:
            return False
        if self._log_opened is None:
            self._log_opened = _identity(self._log_path)
        elif _identity(self._log_path) != self._log_opened:
            return True
        return _identity(self.path) != self._opened

    def check(self) -> None:
        """Raise OperationalError where the file is lost."""
        if not self.is_lost():
            return
        text = f"{self.path} was removed or replaced while it was open"
        limited.error("database file lost", path=str(self.path))
        raise OperationalError("COMMIT", None, SqliteError(text))


def sqlite_file(url: str) -> SqliteFile | None:
    """Return the file of a database URL; None for PostgreSQL and for a database in memory."""
    parts = make_url(url)
    if parts.get_backend_name() != "sqlite" or not parts.database or parts.database == ":memory:":
        return None
    return SqliteFile(Path(parts.database))


def _identity(path: Path) -> Identity | None:
    """Return the device and inode of a file; None if there is none."""
    try:
        found = os.stat(path)  # noqa: PTH116 - at each commit; a third of the time of Path.stat
    except OSError:
        return None
    return found.st_dev, found.st_ino
