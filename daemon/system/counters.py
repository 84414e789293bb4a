"""Count what only this process sees, for its metrics: SMTP replies and sessions, durations of commits, HTTP answers.

Counting is off until somebody can ask for the metrics; then each hook costs an addition. Each figure is changed by one
thread at a time: the event loop, or the leader of a commit.
"""

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

# Upper bounds in seconds; a commit is one fsync and takes milliseconds.
COMMIT_BOUNDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)

# What is answered sooner or later begins with 0: the first error is an increase then, and not a new series.
SMTP_CODES: Final = (
    *("220", "221", "235", "250", "252", "334", "354"),
    *("421", "451", "452", "454"),
    *("500", "501", "502", "503", "504", "530", "535", "538", "550", "552", "553", "554", "555"),
)
HTTP_STATUSES: Final = (
    *("200", "201", "204", "303", "304"),
    *("400", "401", "403", "404", "405", "408", "409", "412", "413", "415", "422", "429"),
    *("500", "503"),
)


@dataclass(slots=True)
class Histogram:
    """Durations in seconds: the number in each bucket, the last without a bound, and their sum."""

    bounds: tuple[float, ...]
    numbers: list[int] = field(default_factory=list)
    sum: float = 0.0

    def __post_init__(self) -> None:
        """Begin with empty buckets."""
        self.numbers = self.numbers or [0] * (len(self.bounds) + 1)

    def add(self, value: float) -> None:
        """Count a value."""
        self.numbers[bisect_left(self.bounds, value)] += 1
        self.sum += value

    def cumulative(self) -> list[tuple[float, int]]:
        """Return for each bound, the last one infinite, the number of values up to it."""
        found, total = [], 0
        for bound, number in zip((*self.bounds, float("inf")), list(self.numbers), strict=True):
            total += number
            found.append((bound, total))
        return found


@dataclass(slots=True)
class ProcessCounters:
    """The counts of a process since its start. `on` is false where nobody can ask for them."""

    on: bool = False
    smtp_replies: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(SMTP_CODES, 0)))
    smtp_sessions: int = 0
    smtp_sessions_ended: int = 0
    http_answers: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(HTTP_STATUSES, 0)))
    commits: Histogram = field(default_factory=lambda: Histogram(COMMIT_BOUNDS))

    def smtp_reply(self, reply: str | bytes) -> None:
        """Count a reply of the listener by its code; a reply of several lines counts once."""
        if self.on:
            code = reply[:3]
            self.smtp_replies[code.decode("ascii", "replace") if isinstance(code, bytes) else code] += 1

    def session_began(self) -> None:
        """Count an SMTP session that was admitted."""
        if self.on:
            self.smtp_sessions += 1

    def session_ended(self) -> None:
        """Count the end of an SMTP session."""
        if self.on:
            self.smtp_sessions_ended += 1

    def committed(self, seconds: float) -> None:
        """Count a commit that succeeded."""
        if self.on:
            self.commits.add(seconds)

    def http_answered(self, status: int) -> None:
        """Count an HTTP answer by its status."""
        if self.on:
            self.http_answers[str(status)] += 1


COUNTERS: Final = ProcessCounters()
