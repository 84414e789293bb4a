"""Check free disk space, so that new email is refused before the disk is full."""

import shutil
from pathlib import Path
from time import monotonic

import structlog

from daemon.system.logs import RateLimitedLog

limited = RateLimitedLog(structlog.get_logger(__name__), burst=1)

CHECK_SECONDS = 1.0


class FreeSpace:
    """Says whether at least `floor` bytes are free; asks the file system at most once a second.

    A directory that cannot be asked, because it was removed or its disk is gone, has no space.
    """

    def __init__(self, directory: Path, floor: int) -> None:
        self._directory = directory
        self._floor = floor
        self._checked_at = -CHECK_SECONDS
        self._enough = True

    def __call__(self) -> bool:
        """Return whether at least the floor is free."""
        if monotonic() - self._checked_at >= CHECK_SECONDS:
            self._checked_at = monotonic()
            self._enough = self._ask()
        return self._enough

    def _ask(self) -> bool:
        try:
            return shutil.disk_usage(self._directory).free >= self._floor
        except OSError as error:
            limited.error("free space unknown", directory=str(self._directory), error=error.strerror)
            return False
