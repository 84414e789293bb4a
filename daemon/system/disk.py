"""Watch the room on the disk: below the floor nothing new is taken in, so that what is stored stays whole."""

import shutil
from pathlib import Path
from time import monotonic

ASKED_EVERY = 1.0


class FreeSpace:
    """Answers whether there is room, asking the file system at most once a second."""

    def __init__(self, directory: Path, floor: int) -> None:
        self._directory = directory
        self._floor = floor
        self._asked_at = -ASKED_EVERY
        self._enough = True

    def __call__(self) -> bool:
        """Say whether more than the floor is free."""
        if monotonic() - self._asked_at >= ASKED_EVERY:
            self._asked_at = monotonic()
            self._enough = shutil.disk_usage(self._directory).free >= self._floor
        return self._enough
