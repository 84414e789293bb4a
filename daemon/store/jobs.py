"""The queue of record: promise, claim, beat, finish, retry, give up."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from math import ceil
from typing import Any

from sqlalchemy import Row, bindparam, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningUpdate

from daemon.store.models import Job
from daemon.store.sql import BulkInsert, table, unindexed
from daemon.system.failpoint import failpoint
from daemon.vocabulary import Subject

# Due whatever the clock says: a clock that steps back delays no new work.
AT_ONCE = datetime(1970, 1, 1, tzinfo=UTC)
APART = timedelta(seconds=0.5)
RESCUED_WITHIN = timedelta(seconds=3)

JOB = table(Job)
STATE = unindexed(JOB.c.state)
INSERT_JOBS = BulkInsert.to(JOB)


class JobKind(StrEnum):
    """What a job does; each kind has its queue of the same name."""

    TRIAGE = "triage"
    NOTIFY = "notify"
    DELIVER = "deliver"
    TRAIN = "train"


class JobState(StrEnum):
    """Where a job stands."""

    READY = "ready"
    LEASED = "leased"
    DONE = "done"
    DEAD = "dead"


class LeaseLostError(Exception):
    """Another worker has this job by now: whatever was done for it here must not be kept."""


@dataclass(frozen=True, slots=True)
class Lease:
    """A claimed job. `attempts` includes this one and fences: only its holder can finish the job."""

    job_id: int
    kind: JobKind
    subject: Subject
    attempts: int
    created_at: datetime
    owner: str


@dataclass(frozen=True, slots=True)
class Offer:
    """What the broker is told of a job."""

    job_id: int
    kind: JobKind


LEASED = {
    "state": JobState.LEASED,
    "owner": bindparam("by"),
    "attempts": JOB.c.attempts + 1,
    "beat": JOB.c.beat + 1,
}
LEASE = (JOB.c.id, JOB.c.kind, JOB.c.subject, JOB.c.attempts, JOB.c.created_at, JOB.c.owner)
CLAIM = (
    update(JOB)
    .where(JOB.c.id == bindparam("job_id"), STATE == JobState.READY, JOB.c.due_at <= bindparam("now"))
    .values(LEASED)
    .returning(*LEASE)
)
# One after the other through the index, and not far: what is due and of other kinds must not be read again and again.
AHEAD = (
    select(JOB.c.id, JOB.c.kind, JOB.c.attempts)
    .where(JOB.c.state == JobState.READY, JOB.c.due_at <= bindparam("now"))
    .order_by(JOB.c.due_at, JOB.c.id)
    .limit(bindparam("far"))
    .subquery()
)
UNTRIED = select(AHEAD.c.id).where(AHEAD.c.kind == bindparam("of"), AHEAD.c.attempts == 0)
FREE = (
    select(JOB.c.id)
    .where(JOB.c.id.in_(bindparam("jobs", expanding=True)), STATE == JobState.READY)
    .with_for_update(skip_locked=True)
)
CLAIM_MORE = update(JOB).where(JOB.c.id.in_(FREE)).values(LEASED).returning(*LEASE)
FINISH = (
    update(JOB)
    .where(JOB.c.id.in_(bindparam("jobs", expanding=True)), STATE == JobState.LEASED)
    .values(owner=None, state=JobState.DONE, last_error="", due_at=AT_ONCE, finished_at=bindparam("ended"))
    .returning(JOB.c.id, JOB.c.attempts)
)
# Who has the lease, of this attempt: nobody else may change the job.
HELD = (JOB.c.id == bindparam("job_id"), STATE == JobState.LEASED, JOB.c.attempts == bindparam("held"))
LEAVE = (
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
RELEASE = (
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
WAITING = select(JOB.c.id, JOB.c.due_at).where(JOB.c.state == JobState.READY, JOB.c.due_at > bindparam("now"))
SHIFT_DUE = update(JOB).where(JOB.c.id == bindparam("job_id"), STATE == JobState.READY).values(due_at=bindparam("due"))


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job to add. `due_at` says when it may run."""

    kind: JobKind
    subject: Subject
    now: datetime
    due_at: datetime = AT_ONCE


def add(session: Session, new: Sequence[NewJob]) -> list[Offer]:
    """Add jobs in the transaction at hand; return what to tell the broker of each, in order."""
    ids = INSERT_JOBS.rows(session, [_row(job) for job in new])
    return [Offer(job_id, job.kind) for job_id, job in zip(ids, new, strict=True)]


def _row(job: NewJob) -> dict[str, Any]:
    return {
        "kind": job.kind,
        "subject": job.subject,
        "state": JobState.READY,
        "attempts": 0,
        "due_at": job.due_at,
        "owner": None,
        "beat": 0,
        "last_error": "",
        "created_at": job.now,
        "finished_at": None,
    }


def claim(session: Session, job_id: int, owner: str, now: datetime) -> Lease | None:
    """Lease a job that is ready and due, counting the attempt; None if it is not to be had."""
    row = session.execute(CLAIM, {"job_id": job_id, "by": owner, "now": now}).one_or_none()
    return _lease(row) if row else None


def claim_more(session: Session, lease: Lease, share: float, most: int, now: datetime) -> list[Lease]:
    """Lease beside a job that was just claimed a share of those of its kind that are due too, `most` at most.

    Only what was never tried comes in company: what failed or died before must not take others with it again.
    """
    if lease.attempts > 1:
        return []
    far = {"now": now, "of": lease.kind, "far": ceil(most / share)}
    waiting = session.execute(UNTRIED, far).scalars().all()
    mine = waiting[: ceil(len(waiting) * share)]
    if not mine:
        return []
    found = session.execute(CLAIM_MORE, {"jobs": mine, "by": lease.owner})
    return sorted(map(_lease, found), key=lambda more: more.job_id)


def _lease(row: Row[Any]) -> Lease:
    return Lease(row.id, JobKind(row.kind), row.subject, row.attempts, row.created_at, row.owner)


def add_leased(session: Session, after: Sequence[tuple[Lease, Sequence[NewJob]]]) -> list[list[Lease]]:
    """Add jobs that the holder of each lease starts at once: leased to them from the start, with one attempt counted.

    The relay rescues those that they never start, like any other job.
    """
    rows = [
        _row(promise) | {"state": JobState.LEASED, "owner": lease.owner, "attempts": 1}
        for lease, promises in after
        for promise in promises
    ]
    ids = iter(INSERT_JOBS.rows(session, rows))
    return [[Lease(next(ids), p.kind, p.subject, 1, p.now, lease.owner) for p in promises] for lease, promises in after]


def beat(session: Session, owner: str, running: Sequence[int]) -> None:
    """Show that these jobs of an owner are being worked on."""
    session.execute(
        update(Job).where(Job.id.in_(running), Job.owner == owner, STATE == JobState.LEASED).values(beat=Job.beat + 1)
    )


def finish(session: Session, leases: Sequence[Lease], now: datetime) -> None:
    """Mark jobs done, in the transaction of their effects; raises LeaseLostError if a lease is not ours any more."""
    held = {(lease.job_id, lease.attempts) for lease in leases}
    rows = session.execute(FINISH, {"jobs": [lease.job_id for lease in leases], "ended": now})
    lost = held - {(row.id, row.attempts) for row in rows}
    if lost:
        raise LeaseLostError(", ".join(f"job {job}, attempt {attempt}" for job, attempt in sorted(lost)))
    for lease in leases:
        failpoint(f"commit.{lease.kind}")


def retry(session: Session, lease: Lease, error: str, due_at: datetime) -> None:
    """Give a job back to be tried again at `due_at`."""
    _leave(session, lease, JobState.READY, error, due_at=due_at)


def release(session: Session, lease: Lease, due_at: datetime) -> None:
    """Give a job back that was not attempted in earnest, because the store failed: the attempt does not count."""
    _change(session, lease, RELEASE, {"again": due_at})


def bury(session: Session, lease: Lease, error: str, now: datetime) -> None:
    """Give a job up. It stays until somebody retries or dismisses it."""
    _leave(session, lease, JobState.DEAD, error, finished_at=now)


def _leave(
    session: Session,
    lease: Lease,
    state: JobState,
    error: str = "",
    due_at: datetime = AT_ONCE,
    finished_at: datetime | None = None,
) -> None:
    _change(session, lease, LEAVE, {"to": state, "error": error[:1000], "again": due_at, "ended": finished_at})


def _change(session: Session, lease: Lease, statement: ReturningUpdate[Any], values: dict[str, Any]) -> None:
    """Change a job that is held; raises LeaseLostError where it is not held any more."""
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


def leased(session: Session, limit: int) -> dict[int, int]:
    """Return the beat of every leased job, by id."""
    rows = session.execute(select(Job.id, Job.beat).where(Job.state == JobState.LEASED).limit(limit))
    return {row.id: row.beat for row in rows}


def orphaned(session: Session, is_gone: Callable[[str], bool]) -> list[tuple[int, int]]:
    """Return the leased jobs whose owner is gone, each with its beat."""
    rows = session.execute(select(Job.id, Job.beat, Job.owner).where(Job.state == JobState.LEASED))
    return [(row.id, row.beat) for row in rows if is_gone(row.owner or "")]


def rescue(session: Session, dead: Sequence[tuple[int, int]], now: datetime) -> None:
    """Take jobs, each with the beat that was seen of it, from owners that died.

    One of them may have been the death of its worker. They become due one after the other, those that were tried least
    first, so that it does not take the others with it again.
    """
    tried = select(Job.id).where(Job.id.in_([job_id for job_id, _ in dead])).order_by(Job.attempts, Job.id.desc())
    beats, apart = dict(dead), min(APART, RESCUED_WITHIN / len(dead))
    for position, job_id in enumerate(session.execute(tried).scalars().all()):
        rescue_one(session, job_id, beats[job_id], now + position * apart if position else AT_ONCE)


def rescue_one(session: Session, job_id: int, seen_beat: int, due_at: datetime = AT_ONCE) -> bool:
    """Take a job from an owner whose beat has not moved; False if it moved after all."""
    done = session.execute(
        update(Job)
        .where(Job.id == job_id, STATE == JobState.LEASED, Job.beat == seen_beat)
        .values(state=JobState.READY, owner=None, due_at=due_at, last_error="the worker died or hung")
    )
    return isinstance(done, CursorResult) and done.rowcount == 1


def shift_due(session: Session, step: timedelta, now: datetime) -> int:
    """Let the jobs that wait be due earlier by the time that the clock was set back; return how many."""
    waiting = session.execute(WAITING, {"now": now}).all()
    if waiting:
        session.execute(SHIFT_DUE, [{"job_id": row.id, "due": row.due_at - step} for row in waiting])
    return len(waiting)


def backoff(attempts: int) -> timedelta:
    """Return how long to wait after so many attempts: 2 s, 8 s, 32 s ... up to an hour."""
    return timedelta(seconds=min(2 * 4 ** (attempts - 1), 3600))
