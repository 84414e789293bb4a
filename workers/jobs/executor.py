"""Perform jobs: claim, work, finish; retry or give up as the row says, whatever the broker remembers."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from itertools import islice
from time import monotonic
from typing import Final, Protocol

import structlog
from dramatiq.middleware import Interrupt
from sqlalchemy.orm import Session

from daemon.store import jobs
from daemon.store.errors import UNREACHABLE
from daemon.store.jobs import JobKind, Lease, LeaseLostError
from daemon.store.store import Store
from daemon.system.clock import Clock
from daemon.system.failpoint import failpoint
from workers.jobs.batching import BatchedWork, run_batched
from workers.jobs.heartbeat import Heartbeat

log = structlog.get_logger(__name__)

# For so long a worker goes on with what a job promised; a job has three times as much before it is interrupted.
WINDOW_SECONDS: Final = 30.0
FORGIVEN: Final = timedelta(hours=6)
AGAIN: Final = timedelta(seconds=5)
# Shorter than it takes until a job is taken back from us: then it is offered in earnest.
SKIP_OFFER_SECONDS: Final = 2.0
# How many jobs of a kind are done at a time. Of mails that a process was sending when it died each is sent once more.
BATCH_SIZE: Final = {JobKind.TRIAGE: 16, JobKind.NOTIFY: 16, JobKind.DELIVER: 8, JobKind.TRAIN: 1}


class SnoozeError(Exception):
    """Nothing is wrong with the job, but it cannot be done now; the message says why."""

    def __init__(self, reason: str, delay: timedelta) -> None:
        super().__init__(reason)
        self.delay = delay


def shutting_down() -> SnoozeError:
    """Return what is said of a job that nobody here begins any more."""
    return SnoozeError("left to another worker", timedelta())


class WorkWindow:
    """The time for which a worker goes on with what a job promised, unless it is closed before."""

    def __init__(self, seconds: float, closing: threading.Event) -> None:
        self._until = monotonic() + seconds
        self._closing = closing

    @property
    def over(self) -> bool:
        """Say whether nothing more is to be begun."""
        return monotonic() >= self._until or self._closing.is_set()


class Actor(Protocol):
    """Does the work of one kind of job."""

    def perform(self, lease: Lease, window: WorkWindow) -> BatchedWork[Sequence[Lease]]:
        """Do the work and finish the job in one transaction; return the jobs it promised, leased to the same holder."""

    def give_up(self, session: Session, lease: Lease, error: str) -> Sequence[Lease]:
        """Leave what the job was for in a named state, in the transaction that buries it."""


class JobExecutor:
    """Runs jobs for one process. Attempts are counted in the row before the work starts.

    Whoever is called to a job takes its share of those that wait too, does them side by side, and goes on with what
    they promised: many mails need few claims and transactions, and a mail no more offers and messages than one.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        heartbeat: Heartbeat,
        attempts: int,
        threads: int,
        actors: Mapping[JobKind, Actor],
    ) -> None:
        self._store = store
        self._clock = clock
        self._heartbeat = heartbeat
        self._attempts = attempts
        self._share = 1 / threads
        self._actors = actors
        self._closing = threading.Event()
        # When jobs were claimed in batch; replaced, never changed, for all threads read it.
        self._claimed_in_batch: Mapping[int, float] = {}

    def close(self) -> None:
        """Begin nothing more: what is promised from now on is left to others."""
        self._closing.set()

    def perform(self, job_id: int) -> None:
        """Do one job, others of its kind, and those that they promise. Never raises but when the store is not there."""
        if monotonic() - self._claimed_in_batch.get(job_id, -SKIP_OFFER_SECONDS) < SKIP_OFFER_SECONDS:
            return
        leases = self._store.write(lambda session: self._claimed(session, job_id))
        self._remember(leases[1:])
        window = WorkWindow(WINDOW_SECONDS, self._closing)
        while leases:
            with self._heartbeat.beating([lease.job_id for lease in leases]):
                leases = [lease for group in _grouped(leases) for lease in self._run_batch(group, window)]

    def _claimed(self, session: Session, job_id: int) -> list[Lease]:
        now = self._clock.now()
        lease = jobs.claim(session, job_id, self._heartbeat.owner, now)
        if lease is None:
            return []
        return [lease, *jobs.claim_more(session, lease, self._share, BATCH_SIZE[lease.kind] - 1, now)]

    def _remember(self, batch: Sequence[Lease]) -> None:
        """Remember for a moment what was taken along: its own offer is on its way, and needs no further look."""
        now = monotonic()
        fresh = {job_id: at for job_id, at in self._claimed_in_batch.items() if now - at < SKIP_OFFER_SECONDS}
        self._claimed_in_batch = fresh | {lease.job_id: now for lease in batch}

    def _run_batch(self, leases: Sequence[Lease], window: WorkWindow) -> Sequence[Lease]:
        """Do jobs of a kind and return what they promised."""
        promised: list[Lease] = []
        open_ = {lease.job_id: lease for lease in leases}
        try:
            for lease, outcome in run_batched(self._store, {lease: self._run(lease, window) for lease in leases}):
                del open_[lease.job_id]
                promised += self._settle(lease, outcome) if isinstance(outcome, BaseException) else outcome
        except Interrupt as interrupt:
            for lease in open_.values():
                promised += self._settle(lease, interrupt)
        return promised

    def _run(self, lease: Lease, window: WorkWindow) -> BatchedWork[Sequence[Lease]]:
        if window.over:
            raise shutting_down()
        if lease.attempts > self._attempts and lease.kind is not JobKind.DELIVER:
            return self._discard(lease, "it ended its worker, or ran out of time, in each of its attempts")
        failpoint(f"{lease.kind}.claimed")
        promised = yield from self._actors[lease.kind].perform(lease, window)
        failpoint(f"{lease.kind}.committed")
        return promised

    def _settle(self, lease: Lease, error: BaseException) -> Sequence[Lease]:
        """Say what becomes of a job that was not finished."""
        self._claimed_in_batch = {job_id: at for job_id, at in self._claimed_in_batch.items() if job_id != lease.job_id}
        try:
            return self._failed(lease, error)
        except LeaseLostError:
            log.warning("job finished late, result discarded", job=lease.job_id, kind=str(lease.kind))
        except UNREACHABLE:
            self._release(lease)
        return ()

    def _failed(self, lease: Lease, error: BaseException) -> Sequence[Lease]:
        if isinstance(error, (LeaseLostError, *UNREACHABLE)):
            raise error
        if isinstance(error, SnoozeError):
            self._retry(lease, str(error), error.delay)
            return ()
        log.error("job failed", job=lease.job_id, kind=str(lease.kind), attempt=lease.attempts, exc_info=error)
        reason = f"{type(error).__name__}: {error}"
        if lease.attempts >= self._attempts:
            return self._discard(lease, reason)
        self._retry(lease, reason, jobs.backoff(lease.attempts))
        return ()

    def _release(self, lease: Lease) -> None:
        """Give a job back for which the store failed; where it fails for that too, the relay takes it back.

        A job may also be such that the store always fails for it: after some hours the attempts count.
        """
        log.warning("store not reached, job will be tried again", job=lease.job_id, kind=str(lease.kind))
        now = self._clock.now()
        if now - lease.created_at < FORGIVEN:
            with suppress(LeaseLostError, *UNREACHABLE):
                self._store.write(lambda session: jobs.release(session, lease, now + AGAIN))

    def _retry(self, lease: Lease, reason: str, delay: timedelta) -> None:
        due = self._clock.now() + delay
        self._store.write(lambda session: jobs.retry(session, lease, reason, due))
        log.info("job postponed", job=lease.job_id, kind=str(lease.kind), attempt=lease.attempts, reason=reason[:200])

    def _discard(self, lease: Lease, reason: str) -> Sequence[Lease]:
        def bury(session: Session) -> Sequence[Lease]:
            jobs.bury(session, lease, reason, self._clock.now())
            return ()

        def write(session: Session) -> Sequence[Lease]:
            bury(session)
            return self._actors[lease.kind].give_up(session, lease, reason)

        try:
            promised = self._store.write(write)
        except (LeaseLostError, *UNREACHABLE):
            raise
        except Exception:
            # What the job was for may be gone; the job would come back for ever.
            log.exception("job given up without a word on its subject", job=lease.job_id, kind=str(lease.kind))
            promised = self._store.write(bury)
        log.error("job given up", job=lease.job_id, kind=str(lease.kind), subject=lease.subject, reason=reason[:200])
        return promised


def _grouped(leases: Sequence[Lease]) -> Iterator[Sequence[Lease]]:
    """Yield groups of jobs of one kind, of the size in which they are done."""
    for kind in dict.fromkeys(lease.kind for lease in leases):
        alike = iter([lease for lease in leases if lease.kind is kind])
        while group := list(islice(alike, BATCH_SIZE[kind])):
            yield group
