"""Change the status of a ticket: close, resolve, reopen, wait, wake, spam, and the times that depend on it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from daemon.store import events, jobs, tickets
from daemon.store.events import MARKED_AS_SPAM
from daemon.store.jobs import JobKind, JobState, Lease, NewJob
from daemon.store.models import Job, Ticket
from daemon.store.sql import table
from daemon.tickets.action_base import ActionResult, lock_any, lock_ticket, record
from daemon.tickets.actor import Actor
from daemon.vocabulary import Status, Subject, SubjectKind

TICKET: Final = table(Ticket)
ENDED: Final = (Status.RESOLVED, Status.CLOSED)
# An email of the customer changes the status of these only, and an answer of a member that of all but the final ones.
AWAITING_CUSTOMER: Final = (Status.WAITING, Status.RESOLVED)
FINAL: Final = (Status.CLOSED, Status.SPAM)
WOKEN: Final = "woken"
BY_EMAIL: Final = "opened by an email"


def close(session: Session, ticket_id: int, actor: Actor, now: datetime) -> ActionResult:
    """Close a ticket; a later reply of the customer opens a new one that refers to it."""
    return _change(session, ticket_id, Status.CLOSED, "closed", actor, now)


def resolve(session: Session, ticket_id: int, actor: Actor, now: datetime) -> ActionResult:
    """Mark a ticket as resolved; the customer's next email opens it."""
    return _change(session, ticket_id, Status.RESOLVED, "resolved", actor, now)


def reopen(session: Session, ticket_id: int, actor: Actor, now: datetime) -> ActionResult:
    """Open a ticket again, whatever its status was."""
    return _change(session, ticket_id, Status.OPEN, "opened", actor, now)


def await_customer(session: Session, ticket_id: int, actor: Actor, now: datetime) -> ActionResult:
    """Let a ticket wait for the customer, without an end."""
    return _change(session, ticket_id, Status.WAITING, "waiting", actor, now)


def spam(session: Session, ticket_id: int, actor: Actor, now: datetime) -> ActionResult:
    """Mark a ticket as spam: no email joins it, and what waited to be sent for it is not sent."""
    return _change(session, ticket_id, Status.SPAM, MARKED_AS_SPAM, actor, now)


# The action that sets each status.
BY_STATUS: Final = {
    Status.OPEN: reopen,
    Status.WAITING: await_customer,
    Status.RESOLVED: resolve,
    Status.CLOSED: close,
    Status.SPAM: spam,
}


def wait(session: Session, ticket_id: int, time: timedelta, actor: Actor, now: datetime) -> ActionResult:
    """Let a ticket wait for the customer, and open it again after a time unless something happens before."""
    ticket, until = lock_ticket(session, ticket_id), now + time
    if ticket.status == Status.WAITING and ticket.wait_until == until:
        return ActionResult(ticket_id)
    record(session, "waiting", ticket_id, actor, now, was=ticket.status, until=until.isoformat(timespec="minutes"))
    wait_until(session, ticket, until, now)
    return ActionResult(ticket_id, changed=True, done=(f"waiting until {until:%Y-%m-%d %H:%M} UTC",))


def wait_until(session: Session, ticket: Ticket, until: datetime, now: datetime) -> None:
    """Set a ticket to WAITING until a time, and add the job that opens it then."""
    set_status(session, ticket, Status.WAITING, now, until=until)
    jobs.add(session, [NewJob(JobKind.WAKE, Subject(SubjectKind.TICKET, ticket.id), now, until)])


def set_status(
    session: Session, ticket: Ticket, status: Status, now: datetime, *, until: datetime | None = None
) -> None:
    """Set the status of a locked ticket with the times that depend on it.

    `resolved_at` is when it was resolved or closed first, None while it is neither; `wait_until` is `until`.
    """
    resolved_at = (ticket.resolved_at or now) if status in ENDED else None
    values = {"status": status, "resolved_at": resolved_at, "wait_until": until, "updated_at": now}
    _write(session, ticket, values)


def wake(session: Session, leases: Sequence[Lease], now: datetime) -> list[list[Lease]]:
    """Finish wake jobs: open the tickets whose wait is over; return their notify jobs, leased to the same worker.

    A ticket whose status changed meanwhile stays as it is. One that waits for longer keeps a job that is due then.
    """
    jobs.finish(session, leases, now)
    return jobs.add_leased(session, [(lease, _wake(session, lease.subject.id, now)) for lease in leases])


def note_customer(session: Session, ticket_id: int, inbound_id: int, after: Status, now: datetime) -> None:
    """Note that a customer wrote on a ticket: one that waits for them or was resolved gets the status `after`."""
    was = tickets.lock_status(session, ticket_id)
    status = after if was in AWAITING_CUSTOMER else was
    tickets.note_customer(session, ticket_id, status, now)
    note_email(session, ticket_id, inbound_id, was, status, now)


def note_answer(session: Session, ticket_id: int, member: str, after: Status, now: datetime) -> tuple[str, str]:
    """Note that a member answered the customer of a locked ticket, which gets the status `after` unless that is final.

    Returns the status before and after.
    """
    was = tickets.status_of(session, ticket_id)
    status = was if was in FINAL else str(after)
    tickets.note_answer(session, ticket_id, member, status, now)
    return was, status


def note_email(session: Session, ticket_id: int, inbound_id: int, was: str, status: str, now: datetime) -> None:
    """Note the change of the status that an email brought, if it brought one."""
    if status != was:
        events.add(session, BY_EMAIL, now, ticket_id=ticket_id, inbound_id=inbound_id, was=was, status=status)


def _wake(session: Session, ticket_id: int, now: datetime) -> Sequence[NewJob]:
    ticket = lock_any(session, ticket_id)
    if ticket.status != Status.WAITING or ticket.wait_until is None:
        return ()
    if ticket.wait_until > now:
        _wake_later(session, ticket_id, ticket.wait_until, now)
        return ()
    set_status(session, ticket, Status.OPEN, now)
    event = events.add(session, WOKEN, now, ticket_id=ticket_id, was=Status.WAITING)
    return (NewJob(JobKind.NOTIFY, Subject(SubjectKind.EVENT, event), now),)


def _wake_later(session: Session, ticket_id: int, until: datetime, now: datetime) -> None:
    """Add a wake job unless one waits: the time to wait was changed, or a clock that was set back made ours due."""
    subject = Subject(SubjectKind.TICKET, ticket_id)
    waiting = select(Job.id).where(Job.subject == subject, Job.kind == JobKind.WAKE, Job.state == JobState.READY)
    if session.execute(waiting.limit(1)).scalar_one_or_none() is None:
        jobs.add(session, [NewJob(JobKind.WAKE, subject, now, until)])


def _change(session: Session, ticket_id: int, status: Status, kind: str, actor: Actor, now: datetime) -> ActionResult:
    ticket = lock_ticket(session, ticket_id)
    if ticket.status == status:
        return ActionResult(ticket_id)
    record(session, kind, ticket_id, actor, now, was=ticket.status)
    set_status(session, ticket, status, now)
    return ActionResult(ticket_id, changed=True, done=(kind,))


def _write(session: Session, ticket: Ticket, values: dict[str, Any]) -> None:
    session.execute(update(TICKET).where(TICKET.c.id == ticket.id).values(values))
    session.refresh(ticket)
