"""Check free disk space, so that new email is refused before the disk is full."""

import shutil
from pathlib import Path
from time import monotonic

CHECK_SECONDS = 1.0


class FreeSpace:
    """Says whether at least `floor` bytes are free; asks the file system at most once a second."""

    def __init__(self, directory: Path, floor: int) -> None:
        self._directory = directory
        self._floor = floor
        self._checked_at = -CHECK_SECONDS
        self._enough = True

    def __call__(self) -> bool:
        """Return whether at least the floor is free."""
        if monotonic() - self._checked_at >= CHECK_SECONDS:
            self._checked_at = monotonic()
            self._enough = shutil.disk_usage(self._directory).free >= self._floor
        return self._enough
