"""What people do with tickets: correct, assign, close. Each is recorded with its actor."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from daemon.store import decisions, events, jobs
from daemon.store.jobs import JobKind, NewJob, Offer
from daemon.store.models import Ticket
from daemon.store.queries import labels
from daemon.vocabulary import PENDING, DecidedBy, Priority, Status, Subject, SubjectKind, Triage


@dataclass(frozen=True, slots=True)
class Correction:
    """What a person decided. Without `priority` the current one stays, or is `default_priority` while it is pending."""

    category: str
    team: str
    priority: Priority | None
    default_priority: Priority
    actor: str


@dataclass(frozen=True, slots=True)
class ActionResult:
    """The id of the new decision, if any, whether it changed the ticket, and the jobs to offer."""

    decision: int | None = None
    changed: bool = False
    offers: tuple[Offer, ...] = ()


def correct(
    session: Session, ticket_id: int, correction: Correction, now: datetime, *, retrain_after: int = 0
) -> ActionResult:
    """Record the decision of a person, and add a job that notifies the team if the ticket changes.

    A confirmation makes the ticket a verified example and notifies nobody; a second one does nothing. Adds a train job
    after every `retrain_after` verified tickets.
    """
    ticket = session.get_one(Ticket, ticket_id)
    priority = correction.priority or _kept(ticket.priority, correction.default_priority)
    same = (ticket.category, ticket.priority, ticket.assigned_team) == (correction.category, priority, correction.team)
    before = decisions.newest(session, ticket_id)
    if same and before is not None and before.by == DecidedBy.PERSON:
        return ActionResult()
    verb = "confirmed" if same else "corrected"
    was = "" if same or before is None else f"; it was {ticket.category}, {ticket.priority}, {ticket.assigned_team}"
    triage = Triage(
        category=correction.category,
        priority=priority,
        confidence=1.0,
        team=correction.team,
        reasons=(f"{verb} by {correction.actor}{was}",),
        model=before.model if before else None,
    )
    decision = decisions.apply(session, ticket_id, triage, now, by=DecidedBy.PERSON, actor=correction.actor)
    offers = () if same else (_notify(session, decision, now),)
    return ActionResult(decision, not same, (*offers, *labels.add_training(session, retrain_after, now)))


def assign(session: Session, ticket_id: int, team: str, actor: str, now: datetime) -> ActionResult:
    """Assign a ticket to a team and keep its category; raises ValueError while triage is pending."""
    ticket = session.get_one(Ticket, ticket_id)
    if ticket.category == PENDING:
        raise ValueError("triage has not decided yet")
    if ticket.assigned_team == team:
        return ActionResult()
    triage = Triage(
        category=ticket.category,
        priority=Priority(ticket.priority),
        confidence=ticket.confidence or 0.0,
        team=team,
        reasons=(f"assigned by {actor}; it was with {ticket.assigned_team}",),
    )
    decision = decisions.apply(session, ticket_id, triage, now, by=DecidedBy.ASSIGNMENT, actor=actor)
    return ActionResult(decision, True, (_notify(session, decision, now),))


def close(session: Session, ticket_id: int, actor: str, now: datetime) -> bool:
    """Close a ticket; return False if it is closed already."""
    ticket = session.get_one(Ticket, ticket_id)
    if ticket.status == Status.CLOSED:
        return False
    events.add(session, "closed", now, ticket_id=ticket_id, actor=actor, was=ticket.status)
    session.execute(update(Ticket).where(Ticket.id == ticket_id).values(status=Status.CLOSED, updated_at=now))
    return True


def _notify(session: Session, decision: int, now: datetime) -> Offer:
    return jobs.add(session, [NewJob(JobKind.NOTIFY, Subject(SubjectKind.DECISION, decision), now)])[0]


def _kept(priority: str, default: Priority) -> Priority:
    return default if priority == PENDING else Priority(priority)
