"""The one clock: what time it is, so that tests can say."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Protocol

# Tests step the clock of a running process by the seconds in this file.
STEPPED_BY: Final = os.environ.get("TRIAGED_TEST_CLOCK_FILE", "")


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """Return the present moment in UTC."""


class SystemClock:
    """The clock of this machine."""

    def now(self) -> datetime:
        """Return the present moment in UTC."""
        step = float(Path(STEPPED_BY).read_text()) if STEPPED_BY else 0.0
        return datetime.now(UTC) + timedelta(seconds=step)
