"""Perform jobs: claim, work, finish; retry or give up as the row says, whatever the broker remembers."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from datetime import timedelta
from time import monotonic
from typing import Final, Protocol

import structlog
from dramatiq.middleware import Interrupt
from sqlalchemy.orm import Session

from daemon.clock import Clock
from daemon.failpoint import failpoint
from daemon.intake import UNREACHABLE
from daemon.store import jobs
from daemon.store.jobs import JobKind, Lease, LeaseLostError
from daemon.store.store import Store
from workers.heart import Heart

log = structlog.get_logger(__name__)

# For so long a worker goes on with what a job promised; a job has three times as much before it is interrupted.
SHIFT_SECONDS: Final = 30.0
FORGIVEN: Final = timedelta(hours=6)
AGAIN: Final = timedelta(seconds=5)


class PostponeError(Exception):
    """Nothing is wrong with the job, but it cannot be done now; the message says why."""

    def __init__(self, reason: str, delay: timedelta) -> None:
        super().__init__(reason)
        self.delay = delay


class Actor(Protocol):
    """Does the work of one kind of job."""

    def perform(self, lease: Lease) -> Sequence[Lease]:
        """Do the work and finish the job in one transaction; return the jobs it promised, leased to the same holder."""

    def give_up(self, session: Session, lease: Lease, error: str) -> Sequence[Lease]:
        """Leave what the job was for in a named state, in the transaction that buries it."""


class Engine:
    """Runs jobs for one process. Attempts are counted in the row before the work starts.

    Whoever does a job goes on with what it promised: a mail needs no more claims, offers and messages than one.
    """

    def __init__(
        self, store: Store, clock: Clock, heart: Heart, attempts: int, actors: Mapping[JobKind, Actor]
    ) -> None:
        self._store = store
        self._clock = clock
        self._heart = heart
        self._attempts = attempts
        self._actors = actors
        self._closing = False

    def close(self) -> None:
        """Begin nothing more: what is promised from now on is left to others."""
        self._closing = True

    def perform(self, job_id: int) -> None:
        """Do one job, and those that it promises. Never raises but when the store cannot be reached."""
        lease = self._store.write(lambda session: jobs.claim(session, job_id, self._heart.owner, self._clock.now()))
        if lease is not None:
            self._perform([lease], monotonic() + SHIFT_SECONDS)

    def _perform(self, leases: Sequence[Lease], until: float) -> None:
        with ExitStack() as beating:
            for lease in leases:
                beating.enter_context(self._heart.beating(lease.job_id))
            for lease in leases:
                try:
                    promised = self._work(lease) if monotonic() < until and not self._closing else self._leave(lease)
                except LeaseLostError:
                    log.warning("job finished late, result discarded", job=lease.job_id, kind=str(lease.kind))
                except UNREACHABLE:
                    self._give_back(lease)
                else:
                    self._perform(promised, until)

    def _work(self, lease: Lease) -> Sequence[Lease]:
        if lease.attempts > self._attempts and lease.kind is not JobKind.DELIVER:
            return self._bury(lease, "it ended its worker, or ran out of time, in each of its attempts")
        try:
            failpoint(f"{lease.kind}.claimed")
            promised = self._actors[lease.kind].perform(lease)
            failpoint(f"{lease.kind}.committed")
        except (LeaseLostError, *UNREACHABLE):
            raise
        except PostponeError as error:
            self._retry(lease, str(error), error.delay)
        except (Exception, Interrupt) as error:
            log.exception("job failed", job=lease.job_id, kind=str(lease.kind), attempt=lease.attempts)
            reason = f"{type(error).__name__}: {error}"
            if lease.attempts >= self._attempts:
                return self._bury(lease, reason)
            self._retry(lease, reason, jobs.backoff(lease.attempts))
        else:
            return promised
        return ()

    def _leave(self, lease: Lease) -> Sequence[Lease]:
        self._store.write(lambda session: jobs.retry(session, lease, "left to another worker", jobs.AT_ONCE))
        return ()

    def _give_back(self, lease: Lease) -> None:
        """Give a job back for which the store failed; where it fails for that too, the relay takes it back.

        A job may also be such that the store always fails for it: after some hours the attempts count.
        """
        log.warning("store not reached, job will be tried again", job=lease.job_id, kind=str(lease.kind))
        now = self._clock.now()
        if now - lease.created_at < FORGIVEN:
            with suppress(LeaseLostError, *UNREACHABLE):
                self._store.write(lambda session: jobs.give_back(session, lease, now + AGAIN))

    def _retry(self, lease: Lease, reason: str, delay: timedelta) -> None:
        due = self._clock.now() + delay
        self._store.write(lambda session: jobs.retry(session, lease, reason, due))
        log.info("job postponed", job=lease.job_id, kind=str(lease.kind), attempt=lease.attempts, reason=reason[:200])

    def _bury(self, lease: Lease, reason: str) -> Sequence[Lease]:
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
