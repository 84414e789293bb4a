"""One daemon per embedded store: a lock on a file in the state directory, which the kernel releases when we die."""

import contextlib
import fcntl
import os
from pathlib import Path
from typing import Final

FILE: Final = "daemon.lock"


class LockedError(Exception):
    """Another daemon uses the state directory; the message has its process id."""


class StateLock:
    """Locks a state directory until it is closed or the process ends. Raises LockedError."""

    def __init__(self, directory: Path) -> None:
        path = directory / FILE
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.read(self._fd, 32).decode("ascii", "replace").strip()
            os.close(self._fd)
            raise LockedError(f"{directory} is in use by the daemon with process id {holder or 'unknown'}") from None
        os.ftruncate(self._fd, 0)
        os.write(self._fd, f"{os.getpid()}\n".encode())

    def close(self) -> None:
        """Release the lock."""
        os.close(self._fd)


def probe(directory: Path) -> None:
    """Raise OSError if a lock that is there cannot be opened; it is neither taken nor created."""
    with contextlib.suppress(FileNotFoundError):
        os.close(os.open(directory / FILE, os.O_RDWR | os.O_CLOEXEC))
