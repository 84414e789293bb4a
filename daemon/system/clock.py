"""The clock, which tests can replace or step."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Protocol

# Tests step the clock of a running process: the file holds a number of seconds to add.
TEST_CLOCK_FILE: Final = os.environ.get("TRIAGED_TEST_CLOCK_FILE", "")


class Clock(Protocol):
    """Returns the current time."""

    def now(self) -> datetime:
        """Return the current time in UTC."""


class SystemClock:
    """The clock of this machine."""

    def now(self) -> datetime:
        """Return the current time in UTC."""
        step = float(Path(TEST_CLOCK_FILE).read_text()) if TEST_CLOCK_FILE else 0.0
        return datetime.now(UTC) + timedelta(seconds=step)
