"""What people's decisions say: verified tickets, and which decisions of the model were right."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from daemon.store import jobs
from daemon.store.first_message import first_message
from daemon.store.jobs import JobKind, NewJob, Offer
from daemon.store.models import Decision, Job, MessageRow
from daemon.store.sql import advisory_lock, table, unindexed
from daemon.vocabulary import DecidedBy, Subject, SubjectKind

LABELS_LIMIT = 20_000
ADVISORY_LOCK = 0x7472_6E67


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
    """A decision of the model that a person checked; `right` if the person kept its category.

    `confidence`, `team` and `model` are those of the model's decision, `at` is the time of the check.
    """

    predicted: str
    confidence: float
    team: str
    right: bool
    model: str | None
    at: datetime


def labelled_tickets(session: Session) -> list[LabelledTicket]:
    """Return up to LABELS_LIMIT newest verified tickets, oldest first, each with the last decision of a person."""
    newest = (
        select(func.max(Decision.id).label("id"))
        .where(Decision.by == DecidedBy.PERSON)
        .group_by(Decision.ticket_id)
        .order_by(func.max(Decision.id).desc())
        .limit(LABELS_LIMIT)
        .subquery()
    )
    rows = session.execute(
        select(Decision, MessageRow)
        .join(newest, newest.c.id == Decision.id)
        .join(MessageRow, MessageRow.id == first_message(table(Decision).c.ticket_id))
        .order_by(Decision.id)
    )
    return [LabelledTicket(d.ticket_id, m.subject, m.text, d.category, d.priority, d.at) for d, m in rows]


def reviews(session: Session, since: datetime | None = None) -> list[Review]:
    """Return up to LABELS_LIMIT newest decisions of the model that a person checked, in the order of the checks."""
    predicted, checked = aliased(Decision), aliased(Decision)
    # With a time, the index of times finds fewer than that of who decided.
    person, model = (one.by if since is None else unindexed(one.by) for one in (checked, predicted))
    statement = (
        select(predicted, checked.category, checked.at)
        .join(checked, checked.replaces == predicted.id)
        .where(person == DecidedBy.PERSON, model == DecidedBy.MODEL)
        .limit(LABELS_LIMIT)
    )
    if since is None:
        statement = statement.order_by(checked.id.desc())
    else:
        statement = statement.where(checked.at >= since).order_by(checked.at.desc(), checked.id.desc())
    found = [
        Review(d.category, d.confidence, d.team, d.category == truth, d.model, at)
        for d, truth, at in session.execute(statement)
    ]
    return found[::-1]


def lock_training(session: Session) -> None:
    """Let people decide one after another until this transaction has ended; otherwise two would each add a training.

    It comes before the decision, so that the numbers of decisions are committed in their order.
    """
    advisory_lock(session, ADVISORY_LOCK)


def add_training(session: Session, after: int, now: datetime) -> Sequence[Offer]:
    """Add a train job if `after` tickets were verified since the last one; never if `after` is 0.

    The transaction must have called `lock_training` before the decision.
    """
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
