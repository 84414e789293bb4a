"""Read in the logs which attempts to send ended without anybody knowing whether the mail was taken."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from tests.faults.system import System

# The worker died or hung; our own code failed in the middle, or the store did; the answer was lost. After an answer
# that says no, a mail was surely not taken, and the job is only postponed.
TAKEN_BACK: Final = ("job rescued", "orphaned jobs rescued")
FAILED: Final = ("job failed", "store not reached, job will be tried again")
POSTPONED: Final = "job postponed"
UNKNOWN: Final = "outcome unknown"
NO_ANSWER: Final = "no answer after the whole email was sent"


def unanswered(system: System) -> frozenset[int]:
    """Return the deliveries of which an attempt ended without an answer: only they may have gone out twice."""
    lines = [line for event in (*TAKEN_BACK, *FAILED, POSTPONED) for line in system.logged(event)]
    jobs = {job for line in lines for job in jobs_of(line)}
    deliveries = system.query("SELECT id, subject FROM job WHERE kind = 'deliver'")
    named = {int(row.subject.partition(":")[2]) for row in deliveries if row.id in jobs}
    return frozenset(named | {line["delivery"] for line in system.logged(NO_ANSWER)})


def jobs_of(line: Mapping[str, Any]) -> Iterator[int]:
    """Yield the jobs of which a line of the log says that an attempt ended without an answer."""
    if line["event"] != POSTPONED or line["reason"].startswith(UNKNOWN):
        yield from line.get("jobs", ())
        if "job" in line:
            yield line["job"]
