"""The job queue: add, claim, beat, finish, retry, release, bury."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, bindparam, select, update
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningUpdate

from daemon.store.models import Job
from daemon.store.sql import BulkInsert, table, unindexed
from daemon.system.failpoint import failpoint
from daemon.vocabulary import Subject

# Due whatever the clock says: a clock that is set back must not delay new jobs.
AT_ONCE = datetime(1970, 1, 1, tzinfo=UTC)

JOB = table(Job)
STATE = unindexed(JOB.c.state)
INSERT_JOBS = BulkInsert.to(JOB)


class JobKind(StrEnum):
    """What a job does; each kind has its queue of the same name."""

    TRIAGE = "triage"
    ANSWER = "answer"
    NOTIFY = "notify"
    DELIVER = "deliver"
    TRAIN = "train"
    WAKE = "wake"
    CHECK = "check"
    WEBHOOK = "webhook"


class JobState(StrEnum):
    """Where a job stands."""

    READY = "ready"
    LEASED = "leased"
    DONE = "done"
    DEAD = "dead"


class LeaseLostError(Exception):
    """Another worker has this job now: its effects in this transaction must not be kept."""


@dataclass(frozen=True, slots=True)
class Lease:
    """A claimed job. `attempts` includes this one and fences: only its holder can finish the job.

    `snoozes` of the attempts before were postponed: nothing was wrong with the job.
    """

    job_id: int
    kind: JobKind
    subject: Subject
    attempts: int
    created_at: datetime
    owner: str
    snoozes: int = 0

    @property
    def tries(self) -> int:
        """Return the number of attempts, with this one, that count towards giving the job up."""
        return self.attempts - self.snoozes


@dataclass(frozen=True, slots=True)
class Offer:
    """What the broker needs to start a job."""

    job_id: int
    kind: JobKind


LEASE_VALUES = {
    "state": JobState.LEASED,
    "owner": bindparam("by"),
    "attempts": JOB.c.attempts + 1,
    "beat": JOB.c.beat + 1,
}
LEASE_COLUMNS = (*(JOB.c[name] for name in ("id", "kind", "subject", "attempts", "created_at", "owner", "snoozes")),)
CLAIM_JOB = (
    update(JOB)
    .where(JOB.c.id == bindparam("job_id"), STATE == JobState.READY, JOB.c.due_at <= bindparam("now"))
    .values(LEASE_VALUES)
    .returning(*LEASE_COLUMNS)
)
# Bounded, and in the order of the index: due jobs of other kinds must not be read by every claim.
NEXT_DUE = (
    select(JOB.c.id, JOB.c.kind, JOB.c.attempts)
    .where(JOB.c.state == JobState.READY, JOB.c.due_at <= bindparam("now"))
    .order_by(JOB.c.due_at, JOB.c.id)
    .limit(bindparam("far"))
    .subquery()
)
SELECT_UNTRIED = select(NEXT_DUE.c.id).where(NEXT_DUE.c.kind == bindparam("of"), NEXT_DUE.c.attempts == 0)
SELECT_FREE = (
    select(JOB.c.id)
    .where(JOB.c.id.in_(bindparam("jobs", expanding=True)), STATE == JobState.READY)
    .with_for_update(skip_locked=True)
)
CLAIM_FREE = update(JOB).where(JOB.c.id.in_(SELECT_FREE)).values(LEASE_VALUES).returning(*LEASE_COLUMNS)
FINISH_JOBS = (
    update(JOB)
    .where(JOB.c.id.in_(bindparam("jobs", expanding=True)), STATE == JobState.LEASED)
    .values(owner=None, state=JobState.DONE, last_error="", due_at=AT_ONCE, finished_at=bindparam("ended"))
    .returning(JOB.c.id, JOB.c.attempts)
)
# Only the holder of the lease, in this attempt, may change the job.
HELD = (JOB.c.id == bindparam("job_id"), STATE == JobState.LEASED, JOB.c.attempts == bindparam("held"))
SETTLE_JOB = (
    update(JOB)
    .where(*HELD)
    .values(
        owner=None,
        state=bindparam("to"),
        last_error=bindparam("error"),
        due_at=bindparam("again"),
        finished_at=bindparam("ended"),
    )
    .returning(JOB.c.id)
)
SNOOZE_JOB = (
    update(JOB)
    .where(*HELD)
    .values(
        state=JobState.READY,
        owner=None,
        snoozes=JOB.c.snoozes + 1,
        due_at=bindparam("again"),
        last_error=bindparam("reason"),
    )
    .returning(JOB.c.id)
)
RELEASE_JOB = (
    update(JOB)
    .where(*HELD)
    .values(
        state=JobState.READY,
        owner=None,
        attempts=JOB.c.attempts - 1,
        due_at=bindparam("again"),
        last_error="the store could not be reached",
    )
    .returning(JOB.c.id)
)
SELECT_WAITING = select(JOB.c.id, JOB.c.due_at).where(JOB.c.state == JobState.READY, JOB.c.due_at > bindparam("now"))
SHIFT_DUE = update(JOB).where(JOB.c.id == bindparam("job_id"), STATE == JobState.READY).values(due_at=bindparam("due"))
# Jobs that a worker is claiming now are skipped: they run anyway, and their locks must not be waited for.
SELECT_POSTPONED = (
    select(JOB.c.id)
    .where(
        JOB.c.state == JobState.READY,
        JOB.c.due_at > bindparam("now"),
        JOB.c.kind == bindparam("of"),
        JOB.c.last_error.startswith(bindparam("because")),
    )
    .with_for_update(skip_locked=True)
)
MAKE_DUE = update(JOB).where(JOB.c.id.in_(SELECT_POSTPONED)).values(due_at=bindparam("now"))


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job to add. `due_at` says when it may run."""

    kind: JobKind
    subject: Subject
    now: datetime
    due_at: datetime = AT_ONCE


def add(session: Session, new: Sequence[NewJob]) -> list[Offer]:
    """Add jobs in this transaction; return the offer of each for the broker, in order."""
    ids = INSERT_JOBS.rows(session, [_row(job) for job in new])
    return [Offer(job_id, job.kind) for job_id, job in zip(ids, new, strict=True)]


def _row(job: NewJob) -> dict[str, Any]:
    return {
        "kind": job.kind,
        "subject": job.subject,
        "state": JobState.READY,
        "attempts": 0,
        "snoozes": 0,
        "due_at": job.due_at,
        "owner": None,
        "beat": 0,
        "last_error": "",
        "created_at": job.now,
        "finished_at": None,
    }


def subjects(session: Session, job_ids: Sequence[int]) -> list[Subject]:
    """Return what jobs are about."""
    return list(session.execute(select(JOB.c.subject).where(JOB.c.id.in_(job_ids))).scalars())


def claim(session: Session, job_id: int, owner: str, now: datetime) -> Lease | None:
    """Lease a job that is ready and due, counting the attempt; None where it is not."""
    row = session.execute(CLAIM_JOB, {"job_id": job_id, "by": owner, "now": now}).one_or_none()
    return _lease(row) if row else None


def untried(session: Session, kind: JobKind, far: int, now: datetime) -> Sequence[int]:
    """Return the jobs of a kind that were never tried, among the first `far` that are due."""
    return session.execute(SELECT_UNTRIED, {"now": now, "of": kind, "far": far}).scalars().all()


def claim_free(session: Session, job_ids: Sequence[int], owner: str) -> list[Lease]:
    """Lease those of these jobs that nobody else claims, in the order of their ids."""
    if not job_ids:
        return []
    found = session.execute(CLAIM_FREE, {"jobs": job_ids, "by": owner})
    return sorted(map(_lease, found), key=lambda lease: lease.job_id)


def _lease(row: Row[Any]) -> Lease:
    return Lease(
        job_id=row.id,
        kind=JobKind(row.kind),
        subject=row.subject,
        attempts=row.attempts,
        created_at=row.created_at,
        owner=row.owner,
        snoozes=row.snoozes,
    )


def add_leased(session: Session, after: Sequence[tuple[Lease, Sequence[NewJob]]]) -> list[list[Lease]]:
    """Add follow-up jobs that are leased from the start to the holder of each lease, with one attempt counted.

    The relay rescues those that the holder never starts, like any other job.
    """
    rows = [
        _row(job) | {"state": JobState.LEASED, "owner": lease.owner, "attempts": 1}
        for lease, new in after
        for job in new
    ]
    ids = iter(INSERT_JOBS.rows(session, rows))
    return [[Lease(next(ids), job.kind, job.subject, 1, job.now, lease.owner) for job in new] for lease, new in after]


def beat(session: Session, owner: str, running: Sequence[int]) -> None:
    """Show that an owner works on these jobs."""
    session.execute(
        update(Job).where(Job.id.in_(running), Job.owner == owner, STATE == JobState.LEASED).values(beat=Job.beat + 1)
    )


def finish(session: Session, leases: Sequence[Lease], now: datetime) -> None:
    """Mark jobs done, in the transaction of their effects; raises LeaseLostError where a lease was lost."""
    held = {(lease.job_id, lease.attempts) for lease in leases}
    rows = session.execute(FINISH_JOBS, {"jobs": [lease.job_id for lease in leases], "ended": now})
    lost = held - {(row.id, row.attempts) for row in rows}
    if lost:
        raise LeaseLostError(", ".join(f"job {job}, attempt {attempt}" for job, attempt in sorted(lost)))
    for lease in leases:
        failpoint(f"commit.{lease.kind}")


def retry(session: Session, lease: Lease, error: str, due_at: datetime) -> None:
    """Give a job back, to be tried again at `due_at`."""
    _settle(session, lease, JobState.READY, error, due_at=due_at)


def snooze(session: Session, lease: Lease, reason: str, due_at: datetime) -> None:
    """Give a job back that could not be done now, to be tried again at `due_at`; the attempt does not count."""
    _change(session, lease, SNOOZE_JOB, {"reason": reason[:1000], "again": due_at})


def release(session: Session, lease: Lease, due_at: datetime) -> None:
    """Give a job back without counting the attempt, because the store failed."""
    _change(session, lease, RELEASE_JOB, {"again": due_at})


def bury(session: Session, lease: Lease, error: str, now: datetime) -> None:
    """Give a job up. It stays dead until somebody retries or dismisses it."""
    _settle(session, lease, JobState.DEAD, error, finished_at=now)


def _settle(
    session: Session,
    lease: Lease,
    state: JobState,
    error: str = "",
    due_at: datetime = AT_ONCE,
    finished_at: datetime | None = None,
) -> None:
    _change(session, lease, SETTLE_JOB, {"to": state, "error": error[:1000], "again": due_at, "ended": finished_at})


def _change(session: Session, lease: Lease, statement: ReturningUpdate[Any], values: dict[str, Any]) -> None:
    """Change a job that is held; raises LeaseLostError where the lease was lost."""
    changed = session.execute(statement, {"job_id": lease.job_id, "held": lease.attempts, **values})
    if changed.one_or_none() is None:
        raise LeaseLostError(f"job {lease.job_id}, attempt {lease.attempts}")


def due(session: Session, now: datetime, limit: int) -> Sequence[Offer]:
    """Return jobs that are ready and due, the longest due first."""
    rows = session.execute(
        select(Job.id, Job.kind)
        .where(Job.state == JobState.READY, Job.due_at <= now)
        .order_by(Job.due_at, Job.id)
        .limit(limit)
    )
    return [Offer(row.id, JobKind(row.kind)) for row in rows]


def shift_due(session: Session, step: timedelta, now: datetime) -> int:
    """Make waiting jobs due earlier by the time that the clock was set back; return the number of jobs."""
    waiting = session.execute(SELECT_WAITING, {"now": now}).all()
    if waiting:
        session.execute(SHIFT_DUE, [{"job_id": row.id, "due": row.due_at - step} for row in waiting])
    return len(waiting)


def make_due(session: Session, kind: JobKind, because: str, now: datetime) -> None:
    """Make the jobs of a kind due that were postponed with a reason which begins so."""
    session.execute(MAKE_DUE, {"of": kind, "because": because, "now": now})
