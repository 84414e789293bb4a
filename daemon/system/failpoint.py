"""Points on an email's way at which a fault test makes the process die, fail or wait; nothing where no test asks.

`TRIAGED_TEST_FAILPOINTS` names a directory. There the file POINT holds "ACTION [NTH [SECONDS]]": at the NTH passing of
that point in a process the action happens, once in all processes. The file `any` counts the passings of all points.
"""

import errno
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Final, NoReturn

VARIABLE: Final = "TRIAGED_TEST_FAILPOINTS"
ANY: Final = "any"
FIRED: Final = "fired"
# Points inside a transaction: what goes wrong there is told by the database.
COMMIT: Final = "commit."


class InjectedError(Exception):
    """A fault that a test asked for."""


class Failpoints:
    """The faults that are armed in a directory; a fault that happens is moved to `fired` first."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._passed: dict[str, tuple[int, int]] = {}
        self._lock = Lock()

    def __call__(self, point: str) -> None:
        """Pass a point."""
        for name in (point, ANY):
            action, nth, seconds = self._armed(name)
            if action and self._passing(name) == nth and self._taken(name, point, action):
                act(point, action, seconds)

    def _armed(self, name: str) -> tuple[str, int, float]:
        try:
            words = (self._directory / name).read_text().split()
        except FileNotFoundError:
            return "", 1, 0.0
        action, nth, seconds, *_ = [*words, *("", "1", "0")[len(words) :]]
        return action, int(nth), float(seconds)

    def _passing(self, name: str) -> int:
        """Return the number of this passing since the fault was armed."""
        with self._lock, suppress(FileNotFoundError):
            armed_at = (self._directory / name).stat().st_mtime_ns
            before, count = self._passed.get(name, (armed_at, 0))
            self._passed[name] = armed_at, count + 1 if before == armed_at else 1
            return self._passed[name][1]
        return 0

    def _taken(self, name: str, point: str, action: str) -> bool:
        with suppress(FileNotFoundError):
            fired = f"{point} {action} {os.getpid()} {time.time_ns()}"
            (self._directory / name).rename(self._directory / FIRED / fired)
            return True
        return False


def act(point: str, action: str, seconds: float) -> None:
    """Do what a test armed a point with."""
    match action:
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "sleep":
            time.sleep(seconds)
        case "enospc":
            _fail(point, OSError(errno.ENOSPC, "No space left on device"))
        case "eio":
            _fail(point, OSError(errno.EIO, "Input/output error"))
        case "drop":
            _fail(point, ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"))
        case _:
            raise InjectedError(point)


def _fail(point: str, error: OSError) -> NoReturn:
    from sqlalchemy.exc import OperationalError  # noqa: PLC0415 - a process that nobody tests does not need it here

    raise OperationalError("a statement", {}, error) if point.startswith(COMMIT) else error


def _inert(point: str) -> None:
    """Pass a point of a process that nobody tests."""


_directory: Final = os.environ.get(VARIABLE, "")
failpoint: Final[Callable[[str], None]] = Failpoints(Path(_directory)) if _directory else _inert
