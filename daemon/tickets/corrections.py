"""What people decide about a ticket: category, priority and team. Each is a decision that replaces the one before."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from daemon.store import decisions
from daemon.store.models import Ticket
from daemon.store.sql import table
from daemon.tickets import training
from daemon.tickets.action_base import ActionError, ActionResult, lock_ticket, notify, record
from daemon.tickets.actor import Actor
from daemon.tickets.address_teams import AddressTeam, team_after
from daemon.vocabulary import BY_PEOPLE, PENDING, DecidedBy, Priority, Subject, SubjectKind, Triage

TICKET = table(Ticket)


@dataclass(frozen=True, slots=True)
class Correction:
    """What a person decided. Without `priority` the current one stays, or is `default_priority` while it is pending.

    `addresses` are those of ours with a team of their own, in lower case: it may get the ticket instead of `team`.
    """

    category: str
    team: str
    priority: Priority | None
    default_priority: Priority
    addresses: Mapping[str, AddressTeam] = field(default_factory=dict)


def correct(
    session: Session, ticket_id: int, correction: Correction, actor: Actor, now: datetime, *, retrain_after: int = 0
) -> ActionResult:
    """Record the decision of a person, and add a job that notifies the team if the ticket changes.

    A confirmation makes the ticket a verified example and notifies nobody; a second one does nothing. Adds a train job
    after every `retrain_after` verified tickets.
    """
    ticket = lock_ticket(session, ticket_id)
    priority = correction.priority or _kept(ticket.priority, correction.default_priority)
    before = decisions.newest(session, ticket_id)
    team = _team(ticket, correction, before.by if before else None)
    same = (ticket.category, ticket.priority, ticket.assigned_team) == (correction.category, priority, team)
    if same and before is not None and before.by == DecidedBy.PERSON:
        return ActionResult(ticket_id)
    verb = "confirmed" if same else "corrected"
    was = "" if same or before is None else f"; it was {ticket.category}, {ticket.priority}, {ticket.assigned_team}"
    triage = Triage(
        category=correction.category,
        priority=priority,
        confidence=1.0,
        team=team,
        reasons=(f"{verb} by {actor.name}{was}",),
        model=before.model if before else None,
    )
    if retrain_after:
        training.lock(session)
    decision = _put_in_force(session, ticket, triage, verb, DecidedBy.PERSON, actor, now)
    offers = () if same else (notify(session, Subject(SubjectKind.DECISION, decision), now),)
    trainings = training.add_if_due(session, retrain_after, now)
    done = f"{verb}: {triage.category}, priority {triage.priority}, team {triage.team}"
    return ActionResult(ticket_id, decision, not same, (*offers, *trainings), (done,), team)


def assign(
    session: Session, ticket_id: int, team: str, actor: Actor, now: datetime, *, priority: Priority | None = None
) -> ActionResult:
    """Assign a ticket to a team, with another priority if given; raises ActionError while triage is pending."""
    ticket = _decided(session, ticket_id)
    priority = priority or Priority(ticket.priority)
    if (ticket.assigned_team, ticket.priority) == (team, priority):
        return ActionResult(ticket_id)
    reason = f"assigned by {actor.name}; it was with {ticket.assigned_team}"
    return _reassign(session, ticket, team, priority, "assigned", reason, actor, now)


def prioritise(session: Session, ticket_id: int, priority: Priority, actor: Actor, now: datetime) -> ActionResult:
    """Set the priority of a ticket; raises ActionError while triage is pending.

    The category stays unverified: triage does not learn from this.
    """
    ticket = _decided(session, ticket_id)
    if ticket.priority == priority:
        return ActionResult(ticket_id)
    reason = f"priority set by {actor.name}; it was {ticket.priority}"
    return _reassign(session, ticket, ticket.assigned_team or "", priority, "priority set", reason, actor, now)


def _reassign(
    session: Session,
    ticket: Ticket,
    team: str,
    priority: Priority,
    verb: str,
    reason: str,
    actor: Actor,
    now: datetime,
) -> ActionResult:
    """Change team or priority by a decision that says nothing of the category."""
    triage = Triage(
        category=ticket.category,
        priority=priority,
        confidence=ticket.confidence or 0.0,
        team=team,
        reasons=(reason,),
    )
    done = f"{verb}: priority {priority}, team {team}"
    decision = _put_in_force(session, ticket, triage, verb, DecidedBy.ASSIGNMENT, actor, now)
    offers = (notify(session, Subject(SubjectKind.DECISION, decision), now),)
    return ActionResult(ticket.id, decision, changed=True, offers=offers, done=(done,), team=team)


def _put_in_force(
    session: Session, ticket: Ticket, triage: Triage, verb: str, by: DecidedBy, actor: Actor, now: datetime
) -> int:
    """Apply a decision with its event; who took the ticket for another team does not keep it."""
    moved = ticket.assigned_team != triage.team
    decision = decisions.apply(session, ticket.id, triage, now, by=by, actor=actor.name)
    if moved and ticket.taken_by is not None:
        session.execute(update(TICKET).where(TICKET.c.id == ticket.id).values(taken_by=None))
    record(session, verb, ticket.id, actor, now, decision=decision)
    return decision


def _team(ticket: Ticket, correction: Correction, by: str | None) -> str:
    at = correction.addresses.get(ticket.address)
    by_person = by in BY_PEOPLE
    return team_after(correction.category, correction.team, at, ticket.assigned_team, by_person=by_person)


def _decided(session: Session, ticket_id: int) -> Ticket:
    ticket = lock_ticket(session, ticket_id)
    if ticket.category == PENDING:
        raise ActionError("triage has not decided yet")
    return ticket


def _kept(priority: str, default: Priority) -> Priority:
    return default if priority == PENDING else Priority(priority)
