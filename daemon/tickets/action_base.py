"""What every action of a person on a ticket shares: its result, its refusal, the lock, the event and the jobs."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from daemon.store import events, jobs
from daemon.store.jobs import JobKind, NewJob, Offer
from daemon.store.models import Ticket
from daemon.store.tickets import reference_of
from daemon.tickets.actor import Actor
from daemon.vocabulary import Subject, SubjectKind


class ActionError(ValueError):
    """An action cannot be done, and nothing was changed; the message says why, in one sentence for people."""


@dataclass(frozen=True, slots=True)
class ActionResult:
    """What an action did.

    `decision` is the id of the new decision, if any; `changed` says whether the ticket changed. `offers` are the jobs
    to offer once the transaction is durable. `done` are short sentences, such as "closed". `ticket_id` is the ticket
    that has the conversation from now on: after a merge, the other one. `team` is the team of the new decision.
    """

    ticket_id: int
    decision: int | None = None
    changed: bool = False
    offers: tuple[Offer, ...] = ()
    done: tuple[str, ...] = ()
    team: str = ""


def lock_ticket(session: Session, ticket_id: int) -> Ticket:
    """Return a ticket as it is now, locked until the transaction ends; raises ActionError if it was merged."""
    ticket = lock_any(session, ticket_id)
    if ticket.merged_into_id is not None:
        survivor = reference_of(session, ticket.merged_into_id)
        raise ActionError(f"{ticket.reference} was merged into {survivor}; use {survivor}")
    return ticket


def lock_any(session: Session, ticket_id: int) -> Ticket:
    """Return a ticket as it is now, merged or not, locked until the transaction ends."""
    return session.get_one(Ticket, ticket_id, populate_existing=True, with_for_update=True)


def record(session: Session, kind: str, ticket_id: int, actor: Actor, now: datetime, **data: object) -> int:
    """Add the event of an action, with who did it and by which door, and return its id."""
    return events.add_to_ticket(session, kind, now, ticket_id, actor.event_data | data)


def notify(session: Session, subject: Subject, now: datetime) -> Offer:
    """Add the job that notifies people of a decision, a message, an answer, a delivery or an event."""
    return jobs.add(session, [NewJob(JobKind.NOTIFY, subject, now)])[0]


def notify_of_event(session: Session, event: int, now: datetime) -> Offer:
    """Add the job that notifies the team of an event on its ticket."""
    return notify(session, Subject(SubjectKind.EVENT, event), now)
