"""Open a ticket whose wait is over."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from daemon.store import events
from daemon.store.jobs import Lease
from daemon.system.clock import Clock
from daemon.tickets import status
from workers.jobs import batching
from workers.jobs.batching import BatchedWork
from workers.jobs.executor import WorkWindow


class WakeActor:
    """Opens a ticket when its wait is over, and lets its team be notified."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def perform(self, lease: Lease, window: WorkWindow) -> BatchedWork[Sequence[Lease]]:
        """Open the ticket of a job, unless its status changed meanwhile."""
        del window
        return (yield from batching.write(self._wake, lease))

    def give_up(self, session: Session, lease: Lease, error: str) -> Sequence[Lease]:
        """Note on the ticket that it is still waiting."""
        events.add(session, "not woken", self._clock.now(), ticket_id=lease.subject.id, error=error[:300])
        return ()

    def _wake(self, session: Session, leases: Sequence[Lease]) -> list[list[Lease]]:
        return status.wake(session, leases, self._clock.now())
