"""Run jobs: claim, work, finish; retry or discard as the row says, whatever the broker remembers.

One execution:

    broker wakes a thread with a job id
      -> claim the job and its share of the waiting jobs of that kind     attempts + 1, one transaction
      -> run them as one batch (batching.run_batched), with heartbeats
           finished      effects, the end of the job and follow-up jobs in one transaction
           SnoozeError   nothing is wrong: due again later, and the attempt does not count
           store away    release: the attempt does not count, for six hours
           lease lost    the relay gave the job to another worker: discard our result
           other error   retry with back-off, until the attempts are used up; then bury it and name what is left
      -> run the follow-up jobs, which were leased to us when they were added, until the window is over
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
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
from daemon.system.logs import RateLimitedLog
from daemon.tickets.claiming import claim_batch
from workers.jobs.batching import BatchedWork, run_batched
from workers.jobs.heartbeat import Heartbeat

log = structlog.get_logger(__name__)
# A bug that every email meets fails thousands of jobs: each is a line, but only some of them need a traceback.
tracebacks = RateLimitedLog(log)

# How long a worker starts follow-up jobs; a single job is interrupted after three times as long.
WINDOW_SECONDS: Final = 30.0
# A job of this age may itself be why the store fails, so its attempts count from then on.
UNCOUNTED_FOR: Final = timedelta(hours=6)
RELEASE_DELAY: Final = timedelta(seconds=5)
# Must be below the relay's takeover time: an offer of a rescued job must not be skipped.
SKIP_OFFER_SECONDS: Final = 2.0
# Number of jobs of a kind in a batch. Each email that was being sent when a process died is sent once more, so few.
BATCH_SIZE: Final = {
    JobKind.TRIAGE: 16,
    JobKind.ANSWER: 4,
    JobKind.NOTIFY: 16,
    JobKind.DELIVER: 8,
    JobKind.TRAIN: 1,
    JobKind.WAKE: 16,
    JobKind.CHECK: 16,
    # A webhook may wait for its endpoint, so it lets no other wait.
    JobKind.WEBHOOK: 1,
}
# Counts the deaths of its workers itself: an email may be tried for days.
TRIED_FOR_DAYS: Final = (JobKind.DELIVER,)


class SnoozeError(Exception):
    """Nothing is wrong with the job, but it cannot be done now; the message says why."""

    def __init__(self, reason: str, delay: timedelta) -> None:
        super().__init__(reason)
        self.delay = delay


def backoff(attempts: int) -> timedelta:
    """Return how long a job waits after a number of attempts: 2 s, 8 s, 32 s ... up to an hour."""
    return timedelta(seconds=min(2 * 4 ** (attempts - 1), 3600))


def shutting_down() -> SnoozeError:
    """Return the error for a job that we will not start because we are shutting down."""
    return SnoozeError("left to another worker", timedelta())


class WorkWindow:
    """The time in which a worker starts follow-up jobs; it ends early when the worker is closed."""

    def __init__(self, seconds: float, closing: threading.Event) -> None:
        self._until = monotonic() + seconds
        self._closing = closing

    @property
    def over(self) -> bool:
        """Say whether no further job may be started."""
        return monotonic() >= self._until or self._closing.is_set()


class JobActor(Protocol):
    """Does the work of one kind of job."""

    def perform(self, lease: Lease, window: WorkWindow) -> BatchedWork[Sequence[Lease]]:
        """Do the work and finish the job in one transaction; return its follow-up jobs, leased to the same worker."""

    def give_up(self, session: Session, lease: Lease, error: str) -> Sequence[Lease]:
        """Leave the subject of the job in a named state, in the transaction that buries the job."""


class JobExecutor:
    """Runs jobs for one process. Attempts are counted in the row before the work starts.

    A worker claims up to 16 waiting jobs at once and runs their follow-up jobs itself: many emails need few claims and
    transactions, and one email needs one offer.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        heartbeat: Heartbeat,
        attempts: int,
        threads: int,
        actors: Mapping[JobKind, JobActor],
    ) -> None:
        self._store = store
        self._clock = clock
        self._heartbeat = heartbeat
        self._attempts = attempts
        self._share = 1 / threads
        self._actors = actors
        self._closing = threading.Event()
        # When jobs were claimed in a batch. Replaced as a whole, because all threads read it without a lock.
        self._claimed_in_batch: Mapping[int, float] = {}

    def close(self) -> None:
        """Start no further job; follow-up jobs are left to other workers."""
        self._closing.set()

    def perform(self, job_id: int) -> None:
        """Run a job, others of its kind, and their follow-up jobs. Raises only when the store cannot be reached."""
        if monotonic() - self._claimed_in_batch.get(job_id, -SKIP_OFFER_SECONDS) < SKIP_OFFER_SECONDS:
            return
        leases = self._claim(job_id)
        self._remember(leases[1:])
        window = WorkWindow(WINDOW_SECONDS, self._closing)
        while leases:
            with self._heartbeat.beating([lease.job_id for lease in leases]):
                leases = [lease for group in _grouped(leases) for lease in self._run_batch(group, window)]

    def _claim(self, job_id: int) -> list[Lease]:
        claim = partial(
            claim_batch,
            job_id=job_id,
            owner=self._heartbeat.owner,
            share=self._share,
            sizes=BATCH_SIZE,
            now=self._clock.now(),
        )
        return self._store.write(claim)

    def _remember(self, batch: Sequence[Lease]) -> None:
        """Remember the other jobs of the batch for a moment: their own offers are on their way and can be skipped."""
        now = monotonic()
        fresh = {job_id: at for job_id, at in self._claimed_in_batch.items() if now - at < SKIP_OFFER_SECONDS}
        self._claimed_in_batch = fresh | {lease.job_id: now for lease in batch}

    def _run_batch(self, leases: Sequence[Lease], window: WorkWindow) -> Sequence[Lease]:
        """Run jobs of one kind as a batch and return their follow-up jobs."""
        follow_ups: list[Lease] = []
        unsettled = {lease.job_id: lease for lease in leases}
        try:
            for lease, outcome in run_batched(self._store, {lease: self._run(lease, window) for lease in leases}):
                del unsettled[lease.job_id]
                follow_ups += self._settle(lease, outcome) if isinstance(outcome, BaseException) else outcome
        except Interrupt as interrupt:
            # It came between two steps, not in the code of one job, so every unfinished job is tried again.
            for lease in unsettled.values():
                follow_ups += self._settle(lease, interrupt)
        return follow_ups

    def _run(self, lease: Lease, window: WorkWindow) -> BatchedWork[Sequence[Lease]]:
        if window.over:
            raise shutting_down()
        if lease.tries > self._attempts and lease.kind not in TRIED_FOR_DAYS:
            return self._discard(lease, "it ended its worker, or ran out of time, in each of its attempts")
        failpoint(f"{lease.kind}.claimed")
        follow_ups = yield from self._actors[lease.kind].perform(lease, window)
        failpoint(f"{lease.kind}.committed")
        return follow_ups

    def _settle(self, lease: Lease, error: BaseException) -> Sequence[Lease]:
        """Settle a job that was not finished: snooze, retry, bury or release it."""
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
            self._postpone(jobs.snooze, lease, str(error), error.delay)
            return ()
        reason, what = f"{type(error).__name__}: {error}", {"job": lease.job_id, "kind": str(lease.kind)}
        log.error(
            "job failed", **what, attempt=lease.attempts, reason=reason[:200], exc_info=_traceback("job failed", error)
        )
        if lease.tries >= self._attempts:
            return self._discard(lease, reason)
        self._postpone(jobs.retry, lease, reason, backoff(lease.tries))
        return ()

    def _release(self, lease: Lease) -> None:
        """Release a job because the store failed, without counting the attempt; failing that, the relay rescues it.

        The store may also fail because of this very job, so after six hours the attempts count.
        """
        log.warning("store not reached, job will be tried again", job=lease.job_id, kind=str(lease.kind))
        now = self._clock.now()
        if now - lease.created_at < UNCOUNTED_FOR:
            with suppress(LeaseLostError, *UNREACHABLE):
                self._store.write(lambda session: jobs.release(session, lease, now + RELEASE_DELAY))

    def _postpone(
        self, give_back: Callable[[Session, Lease, str, datetime], None], lease: Lease, reason: str, delay: timedelta
    ) -> None:
        due = self._clock.now() + delay
        self._store.write(lambda session: give_back(session, lease, reason, due))
        log.info("job postponed", job=lease.job_id, kind=str(lease.kind), attempt=lease.attempts, reason=reason[:200])

    def _discard(self, lease: Lease, reason: str) -> Sequence[Lease]:
        def bury(session: Session) -> Sequence[Lease]:
            jobs.bury(session, lease, reason, self._clock.now())
            return ()

        def write(session: Session) -> Sequence[Lease]:
            bury(session)
            return self._actors[lease.kind].give_up(session, lease, reason)

        try:
            follow_ups = self._store.write(write)
        except (LeaseLostError, *UNREACHABLE):
            raise
        except Exception as error:
            # What the job was for may be gone; the job would come back for ever.
            log.error(  # noqa: TRY400 - the traceback is limited
                "job given up without a note on its subject",
                job=lease.job_id,
                kind=str(lease.kind),
                exc_info=_traceback("job given up without a note on its subject", error),
            )
            follow_ups = self._store.write(bury)
        what = {"job": lease.job_id, "kind": str(lease.kind), "subject": str(lease.subject)}
        log.error("job given up", **what, reason=reason[:200])
        return follow_ups


def _traceback(event: str, error: BaseException) -> BaseException | None:
    """Return the error of an event for its traceback, None where errors of its type have been shown often enough."""
    return error if tracebacks.is_due(event, key=type(error).__name__) else None


def _grouped(leases: Sequence[Lease]) -> Iterator[Sequence[Lease]]:
    """Yield batches of jobs of one kind."""
    for kind in dict.fromkeys(lease.kind for lease in leases):
        alike = iter([lease for lease in leases if lease.kind is kind])
        while group := list(islice(alike, BATCH_SIZE[kind])):
            yield group
