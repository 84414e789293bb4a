"""What people's decisions teach: verified tickets, and how often automatic decisions were overridden."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from daemon.store import jobs
from daemon.store.jobs import JobKind, NewJob, Offer
from daemon.store.models import Decision, Job, MessageRow
from daemon.vocabulary import DecidedBy, Subject, SubjectKind

LABELS_LIMIT = 20_000


@dataclass(frozen=True, slots=True)
class LabelledTicket:
    """A ticket whose category a person confirmed or corrected."""

    ticket_id: int
    subject: str
    text: str
    category: str
    priority: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Review:
    """What the model said of a ticket, and what a person said after it. `routed` is false for a mere suggestion."""

    predicted: str
    confidence: float
    team: str
    right: bool
    model: str | None
    at: datetime


def labelled_tickets(session: Session) -> list[LabelledTicket]:
    """Return the newest verified tickets, oldest first; of each ticket the last word of a person counts."""
    newest = (
        select(func.max(Decision.id).label("id"))
        .where(Decision.by == DecidedBy.PERSON)
        .group_by(Decision.ticket_id)
        .order_by(func.max(Decision.id).desc())
        .limit(LABELS_LIMIT)
        .subquery()
    )
    first = (
        select(func.min(MessageRow.id)).where(MessageRow.ticket_id == Decision.ticket_id).correlate(Decision)
    ).scalar_subquery()
    rows = session.execute(
        select(Decision, MessageRow)
        .join(newest, newest.c.id == Decision.id)
        .join(MessageRow, MessageRow.id == first)
        .order_by(Decision.id)
    )
    return [LabelledTicket(d.ticket_id, m.subject, m.text, d.category, d.priority, d.at) for d, m in rows]


def reviews(session: Session, since: datetime | None = None) -> list[Review]:
    """Return the model's decisions that a person checked, in the order of the checks."""
    said, checked = aliased(Decision), aliased(Decision)
    statement = (
        select(said, checked.category, checked.at)
        .join(checked, checked.replaces == said.id)
        .where(checked.by == DecidedBy.PERSON, said.by == DecidedBy.MODEL)
        .order_by(checked.id.desc())
        .limit(LABELS_LIMIT)
    )
    if since is not None:
        statement = statement.where(checked.at >= since)
    found = [
        Review(d.category, d.confidence, d.team, d.category == truth, d.model, at)
        for d, truth, at in session.execute(statement)
    ]
    return found[::-1]


def promise_training(session: Session, after: int, now: datetime) -> Sequence[Offer]:
    """Add a train job once `after` tickets were verified since the last one; 0 means never."""
    if not after:
        return ()
    last = session.execute(
        select(Job.subject).where(Job.kind == JobKind.TRAIN).order_by(Job.id.desc()).limit(1)
    ).scalar_one_or_none()
    seen = last.id if last else 0
    new = (
        select(Decision.id)
        .where(Decision.by == DecidedBy.PERSON, Decision.id > seen)
        .order_by(Decision.id)
        .limit(after)
    )
    ids = session.execute(new).scalars().all()
    if len(ids) < after:
        return ()
    return jobs.add(session, [NewJob(JobKind.TRAIN, Subject(SubjectKind.DECISION, ids[-1]), now)])
