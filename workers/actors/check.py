"""Check who sent an email, and admit the email with the result.

The check comes after 250, because a slow DNS must not keep the client waiting, and before everything else, because the
result decides: whether a reference joins a ticket, what a team member may do, what an acknowledgement quotes.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from sqlalchemy.orm import Session

from daemon.authentication.checker import Checker, not_checked
from daemon.store.jobs import Lease
from daemon.system.clock import Clock
from daemon.tickets import checking
from daemon.tickets.checking import CheckedEmail
from daemon.tickets.intake import Intake
from workers.jobs import batching
from workers.jobs.batching import BatchedWork
from workers.jobs.executor import WorkWindow

# From this attempt on an email is admitted unchecked: the check may be what ended the process.
UNCHECKED_ATTEMPT: Final = 3


class CheckActor:
    """Checks the senders of a batch of emails side by side, and admits the emails."""

    def __init__(self, clock: Clock, intake: Intake, checker: Checker) -> None:
        self._clock, self._intake, self._checker = clock, intake, checker

    def perform(self, lease: Lease, window: WorkWindow) -> BatchedWork[Sequence[Lease]]:
        """Check the sender of the email of a job."""
        del window
        inbound = yield from batching.read(checking.stored_emails, lease.subject.id)
        started = self._checker.start(inbound) if lease.attempts < UNCHECKED_ATTEMPT else None
        # The other jobs of the batch reach this step, so their checks run too before any result is waited for.
        yield from batching.read(checking.still_waiting, lease.subject.id)
        found = started.result() if started else not_checked("earlier attempts failed")
        email = replace(self._intake.prepare(inbound, check=found), replaces=lease.subject.id)
        return (yield from batching.write(self._admit, CheckedEmail(lease, email)))

    def give_up(self, session: Session, lease: Lease, error: str) -> Sequence[Lease]:
        """Park the email."""
        checking.park(session, lease, error)
        return ()

    def _admit(self, session: Session, checked: Sequence[CheckedEmail]) -> list[list[Lease]]:
        return checking.admit_checked(session, checked, self._intake.identity, self._clock.now())
