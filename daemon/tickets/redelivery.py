"""Resend or dismiss an email whose delivery ended without success."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from daemon.store import events, jobs
from daemon.store.deliveries import DeliveryState
from daemon.store.jobs import JobKind, JobState, NewJob
from daemon.store.models import DeliveryRow, Job
from daemon.tickets.retry import MissingRowError, RetryError, dismiss_job, retry_job
from daemon.vocabulary import Subject, SubjectKind

RESENDABLE: Final = frozenset({DeliveryState.UNCERTAIN, DeliveryState.FAILED, DeliveryState.DISMISSED})
DISMISSABLE: Final = frozenset({DeliveryState.UNCERTAIN, DeliveryState.FAILED})
# Why the others are not, in words that help.
INSTEAD: Final[Mapping[str, str]] = {
    DeliveryState.PLANNED: "it will be sent",
    DeliveryState.SENDING: "it will be sent once more",
    DeliveryState.RESENDING: "its outcome is not known yet",
    DeliveryState.SENT: "the mail server has it",
    DeliveryState.SUPPRESSED: "a limit or a rule forbids it",
    DeliveryState.DEFERRED: "it will be sent when its limit allows",
    DeliveryState.FAILED: "it ended",
    DeliveryState.UNCERTAIN: "it ended",
    DeliveryState.DISMISSED: "it ended",
}


def resend(session: Session, delivery_id: int, actor: str, now: datetime) -> str:
    """Send an email again as if it were new, under the same Message-ID; return its recipient. Raises RetryError."""
    row = _ended(session, delivery_id, RESENDABLE, "be sent again")
    _note(session, "delivery sent again", row, actor, now)
    row.state, row.reason, row.unended = DeliveryState.PLANNED, f"sent again by {actor}", 0
    dead = _dead_job(session, delivery_id)
    if dead is None:
        jobs.add(session, [NewJob(JobKind.DELIVER, Subject(SubjectKind.DELIVERY, delivery_id), now)])
    else:
        retry_job(session, dead, actor, now)
    return row.recipient


def dismiss(session: Session, delivery_id: int, actor: str, now: datetime) -> str:
    """Accept that an email may not have arrived; return its recipient. Raises RetryError."""
    row = _ended(session, delivery_id, DISMISSABLE, "be dismissed")
    _note(session, "delivery dismissed", row, actor, now)
    row.state, row.reason = DeliveryState.DISMISSED, f"dismissed by {actor}: {row.reason}"[:500]
    dead = _dead_job(session, delivery_id)
    if dead is not None:
        dismiss_job(session, dead, actor, now)
    return row.recipient


def _ended(session: Session, delivery_id: int, states: frozenset[DeliveryState], wish: str) -> DeliveryRow:
    row = session.get(DeliveryRow, delivery_id, with_for_update=True)
    if row is None:
        raise MissingRowError(f"there is no delivery {delivery_id}")
    if row.state not in states:
        raise RetryError(f"delivery {delivery_id} is {row.state} and cannot {wish}: {INSTEAD[row.state]}")
    return row


def _dead_job(session: Session, delivery_id: int) -> int | None:
    subject = Subject(SubjectKind.DELIVERY, delivery_id)
    dead = select(Job.id).where(Job.subject == subject, Job.kind == JobKind.DELIVER, Job.state == JobState.DEAD)
    return session.execute(dead).scalars().first()


def _note(session: Session, kind: str, row: DeliveryRow, actor: str, now: datetime) -> None:
    events.add(
        session,
        kind,
        now,
        ticket_id=row.ticket_id,
        delivery_id=row.id,
        actor=actor,
        state=row.state,
        reason=row.reason[:300],
    )
