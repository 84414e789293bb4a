"""Train a model on verified tickets."""

from collections.abc import Callable, Sequence

from sqlalchemy.orm import Session

from daemon.store import events, jobs
from daemon.store.jobs import Lease
from daemon.system.clock import Clock
from workers.jobs import batching
from workers.jobs.batching import BatchedWork
from workers.jobs.executor import WorkWindow


class TrainActor:
    """Trains a model on what people verified."""

    def __init__(self, clock: Clock, train: Callable[[], object]) -> None:
        self._clock, self._train = clock, train

    def perform(self, lease: Lease, window: WorkWindow) -> BatchedWork[Sequence[Lease]]:
        """Train, and promote the model when it is not worse than the current one."""
        del window
        self._train()
        return (yield from batching.write(self._finish, lease))

    def give_up(self, session: Session, lease: Lease, error: str) -> Sequence[Lease]:
        """Keep the current model."""
        events.add(session, "training failed", self._clock.now(), job=lease.job_id, error=error[:300])
        return ()

    def _finish(self, session: Session, leases: Sequence[Lease]) -> list[list[Lease]]:
        jobs.finish(session, leases, self._clock.now())
        return [[] for _ in leases]
