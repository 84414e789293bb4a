"""Claim a job together with others of its kind."""

from collections.abc import Mapping
from datetime import datetime
from math import ceil

from sqlalchemy.orm import Session

from daemon.store import jobs
from daemon.store.jobs import JobKind, Lease


def claim_batch(
    session: Session, job_id: int, owner: str, share: float, sizes: Mapping[JobKind, int], now: datetime
) -> list[Lease]:
    """Lease a job and a share of the other due jobs of its kind, as many as `sizes` allows for the kind.

    Only jobs that were never tried run in a batch: a job that failed, or killed its worker, must not take others along.
    """
    first = jobs.claim(session, job_id, owner, now)
    if first is None:
        return []
    if first.attempts > 1:
        return [first]
    waiting = jobs.untried(session, first.kind, ceil((sizes[first.kind] - 1) / share), now)
    return [first, *jobs.claim_free(session, waiting[: ceil(len(waiting) * share)], owner)]
