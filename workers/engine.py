"""Perform jobs: claim, work, finish; retry or give up as the row says, whatever the broker remembers."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Protocol

import structlog
from dramatiq.middleware import Interrupt
from sqlalchemy.orm import Session

from daemon.clock import Clock
from daemon.failpoint import failpoint
from daemon.intake import UNREACHABLE, Wake
from daemon.store import jobs
from daemon.store.jobs import JobKind, Lease, LeaseLostError, Offer
from daemon.store.store import Store
from workers.heart import Heart

log = structlog.get_logger(__name__)


class PostponeError(Exception):
    """Nothing is wrong with the job, but it cannot be done now; the message says why."""

    def __init__(self, reason: str, delay: timedelta) -> None:
        super().__init__(reason)
        self.delay = delay


class Actor(Protocol):
    """Does the work of one kind of job."""

    def perform(self, lease: Lease) -> Sequence[Offer]:
        """Do the work and finish the job in one transaction; return the jobs that it promised."""

    def give_up(self, session: Session, lease: Lease, error: str) -> Sequence[Offer]:
        """Leave what the job was for in a named state, in the transaction that buries it."""


class Engine:
    """Runs jobs for one process. Attempts are counted in the row before the work starts."""

    def __init__(
        self, store: Store, clock: Clock, wake: Wake, heart: Heart, attempts: int, actors: Mapping[JobKind, Actor]
    ) -> None:
        self._store = store
        self._clock = clock
        self._wake = wake
        self._heart = heart
        self._attempts = attempts
        self._actors = actors

    def perform(self, job_id: int) -> None:
        """Do one job. Never raises but when the store cannot be reached."""
        lease = self._store.write(lambda session: jobs.claim(session, job_id, self._heart.owner, self._clock.now()))
        if lease is None:
            return
        with self._heart.beating(lease.job_id):
            try:
                self._work(lease)
            except LeaseLostError:
                log.warning("job finished late, result discarded", job=lease.job_id, kind=str(lease.kind))
            except UNREACHABLE:
                log.warning("store not reached, job will be taken back", job=lease.job_id, kind=str(lease.kind))

    def _work(self, lease: Lease) -> None:
        if lease.attempts > self._attempts and lease.kind is not JobKind.DELIVER:
            self._bury(lease, "it ended its worker, or ran out of time, in each of its attempts")
            return
        try:
            failpoint(f"{lease.kind}.claimed")
            offers = self._actors[lease.kind].perform(lease)
            failpoint(f"{lease.kind}.committed")
            self._wake(tuple(offers))
        except (LeaseLostError, *UNREACHABLE):
            raise
        except PostponeError as error:
            self._retry(lease, str(error), error.delay)
        except (Exception, Interrupt) as error:
            log.exception("job failed", job=lease.job_id, kind=str(lease.kind), attempt=lease.attempts)
            reason = f"{type(error).__name__}: {error}"
            if lease.attempts >= self._attempts:
                self._bury(lease, reason)
            else:
                self._retry(lease, reason, jobs.backoff(lease.attempts))

    def _retry(self, lease: Lease, reason: str, delay: timedelta) -> None:
        due = self._clock.now() + delay
        self._store.write(lambda session: jobs.retry(session, lease, reason, due))
        log.info("job postponed", job=lease.job_id, kind=str(lease.kind), attempt=lease.attempts, reason=reason[:200])

    def _bury(self, lease: Lease, reason: str) -> None:
        def bury(session: Session) -> None:
            jobs.bury(session, lease, reason, self._clock.now())

        def write(session: Session) -> Sequence[Offer]:
            bury(session)
            return self._actors[lease.kind].give_up(session, lease, reason)

        try:
            self._wake(tuple(self._store.write(write)))
        except (LeaseLostError, *UNREACHABLE):
            raise
        except Exception:
            # What the job was for may be gone; the job would come back for ever.
            log.exception("job given up without a word on its subject", job=lease.job_id, kind=str(lease.kind))
            self._store.write(bury)
        log.error("job given up", job=lease.job_id, kind=str(lease.kind), subject=lease.subject, reason=reason[:200])
