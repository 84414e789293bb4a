"""What people's decisions say: verified tickets, and which decisions of the model were right."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session, aliased

from daemon.store.first_message import first_message
from daemon.store.jobs import JobKind
from daemon.store.models import Decision, Job, MessageRow, Ticket
from daemon.store.sql import table, unindexed
from daemon.vocabulary import DecidedBy, Status

LABELS_LIMIT = 20_000
# Undecided tickets that are returned, and decisions that are searched for them.
UNDECIDED_LIMIT = 400
UNDECIDED_SEARCHED = 2_000


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
class UndecidedTicket:
    """A ticket that the model decided, or that waits for a person."""

    ticket_id: int
    subject: str
    text: str


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


def undecided_tickets(session: Session) -> list[UndecidedTicket]:
    """Return up to UNDECIDED_LIMIT newest tickets that the model decided last, without spam, newest first.

    Only one of each customer, because somebody who writes much must not teach what all others write.
    """
    newest = (
        select(Decision.id)
        .where(Decision.by == DecidedBy.MODEL)
        .order_by(Decision.id.desc())
        .limit(UNDECIDED_SEARCHED)
        .subquery()
    )
    later = aliased(Decision)
    rows = session.execute(
        select(Decision.ticket_id, Ticket.requester_id, MessageRow.subject, MessageRow.text)
        .join(newest, newest.c.id == Decision.id)
        .join(Ticket, Ticket.id == Decision.ticket_id)
        .join(MessageRow, MessageRow.id == first_message(table(Decision).c.ticket_id))
        .where(
            unindexed(Ticket.status) != Status.SPAM,
            Ticket.merged_into_id.is_(None),
            ~exists().where(later.ticket_id == Decision.ticket_id, later.id > Decision.id),
        )
        .order_by(Decision.id.desc())
    )
    found: dict[int, UndecidedTicket] = {}
    for ticket, customer, subject, text in rows:
        if len(found) < UNDECIDED_LIMIT and (subject or text):
            found.setdefault(customer or -ticket, UndecidedTicket(ticket, subject, text))
    return list(found.values())


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


def last_training(session: Session) -> int:
    """Return the id of the last decision that a training was added after, 0 if there was none."""
    last = session.execute(
        select(Job.subject).where(Job.kind == JobKind.TRAIN).order_by(Job.id.desc()).limit(1)
    ).scalar_one_or_none()
    return last.id if last else 0


def verified_after(session: Session, decision_id: int, limit: int) -> Sequence[int]:
    """Return the first decisions of people after another decision, at most `limit`, in their order."""
    return (
        session.execute(
            select(Decision.id)
            .where(Decision.by == DecidedBy.PERSON, Decision.id > decision_id)
            .order_by(Decision.id)
            .limit(limit)
        )
        .scalars()
        .all()
    )
