"""Decide when people verified enough tickets for another training, and add its job."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from daemon.store import jobs
from daemon.store.jobs import JobKind, NewJob, Offer
from daemon.store.queries import labels
from daemon.store.sql import advisory_lock
from daemon.vocabulary import Subject, SubjectKind

ADVISORY_LOCK: Final = 0x7472_6E67


def lock(session: Session) -> None:
    """Let people decide one after another until this transaction has ended; otherwise two would each add a training.

    It comes before the decision, so that the numbers of decisions are committed in their order.
    """
    advisory_lock(session, ADVISORY_LOCK)


def add_if_due(session: Session, after: int, now: datetime) -> Sequence[Offer]:
    """Add a train job if `after` tickets were verified since the last one; never if `after` is 0.

    The transaction must have called `lock` before the decision.
    """
    if not after:
        return ()
    verified = labels.verified_after(session, labels.last_training(session), after)
    if len(verified) < after:
        return ()
    return jobs.add(session, [NewJob(JobKind.TRAIN, Subject(SubjectKind.DECISION, verified[-1]), now)])
