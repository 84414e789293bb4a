"""Orphans: leased jobs whose owner died or hangs, and how they are rescued."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from daemon.store.jobs import AT_ONCE, STATE, JobState
from daemon.store.models import Job

RESCUE_INTERVAL: Final = timedelta(seconds=0.5)
RESCUE_TIME: Final = timedelta(seconds=3)


def leased(session: Session, limit: int) -> dict[int, int]:
    """Return the beat of every leased job, by id."""
    rows = session.execute(select(Job.id, Job.beat).where(Job.state == JobState.LEASED).limit(limit))
    return {row.id: row.beat for row in rows}


def orphaned(session: Session, is_gone: Callable[[str], bool]) -> list[tuple[int, int]]:
    """Return the leased jobs whose owner is gone, each with its beat."""
    rows = session.execute(select(Job.id, Job.beat, Job.owner).where(Job.state == JobState.LEASED))
    return [(row.id, row.beat) for row in rows if is_gone(row.owner or "")]


def rescue(session: Session, dead: Sequence[tuple[int, int]], now: datetime) -> None:
    """Take jobs from owners that died, each with the beat that was last seen of it.

    One of them may have killed its worker. They become due one after the other, those with the fewest attempts first,
    so that it does not take the others with it again.
    """
    tried = select(Job.id).where(Job.id.in_([job_id for job_id, _ in dead])).order_by(Job.attempts, Job.id.desc())
    beats, apart = dict(dead), min(RESCUE_INTERVAL, RESCUE_TIME / len(dead))
    for position, job_id in enumerate(session.execute(tried).scalars().all()):
        rescue_one(session, job_id, beats[job_id], now + position * apart if position else AT_ONCE)


def rescue_one(session: Session, job_id: int, seen_beat: int, due_at: datetime = AT_ONCE) -> bool:
    """Take a job from an owner that stopped beating; return False if it did beat after all."""
    done = session.execute(
        update(Job)
        .where(Job.id == job_id, STATE == JobState.LEASED, Job.beat == seen_beat)
        .values(state=JobState.READY, owner=None, due_at=due_at, last_error="the worker died or hung")
    )
    return isinstance(done, CursorResult) and done.rowcount == 1
