"""Named places in the code where a fault test makes the process die, fail or wait. Without a test they do nothing.

`TRIAGED_TEST_FAILPOINTS` names a directory. There the file POINT holds "ACTION [NTH [SECONDS]]": when a process passes
that point for the NTH time, the action happens, once among all processes. The file `any` counts all points together.
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
# Points inside a transaction, where faults appear as errors of the database.
COMMIT: Final = "commit."


class InjectedError(Exception):
    """A fault that a test requested."""


class Failpoints:
    """The faults armed in a directory; the file of a fault is moved to `fired` before the fault happens."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._passed: dict[str, tuple[int, int]] = {}
        self._lock = Lock()

    def __call__(self, point: str) -> None:
        """Pass a point, and run the action armed for it."""
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
    """Run the action that a test armed a point with."""
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
    from sqlalchemy.exc import OperationalError  # noqa: PLC0415 - not needed without a test

    raise OperationalError("a statement", {}, error) if point.startswith(COMMIT) else error


def _inert(point: str) -> None:
    """Do nothing: no test armed any point."""


_directory: Final = os.environ.get(VARIABLE, "")
failpoint: Final[Callable[[str], None]] = Failpoints(Path(_directory)) if _directory else _inert
