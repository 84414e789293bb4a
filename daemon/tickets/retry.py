"""Retry or dismiss a dead job, and triage a parked ticket again."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from daemon.store import answers, decisions, events, jobs, ledger, webhook_deliveries
from daemon.store.deliveries import DeliveryState
from daemon.store.jobs import AT_ONCE, JobKind, JobState, NewJob
from daemon.store.models import AnswerRow, Decision, DeliveryRow, Event, InboundRow, Job, MessageRow, Ticket
from daemon.vocabulary import PENDING, AnswerState, DecidedBy, Disposition, Subject, SubjectKind

TABLES: Final[dict[SubjectKind, Any]] = {
    SubjectKind.MESSAGE: MessageRow,
    SubjectKind.DECISION: Decision,
    SubjectKind.DELIVERY: DeliveryRow,
    SubjectKind.EVENT: Event,
    SubjectKind.INBOUND: InboundRow,
    SubjectKind.ANSWER: AnswerRow,
}


class RetryError(ValueError):
    """A job cannot be retried or dismissed; the message says why."""


class MissingRowError(RetryError):
    """There is no job or delivery of this number."""


def retry_job(session: Session, job_id: int, actor: str, now: datetime) -> Subject:
    """Make a dead job ready again, with as many attempts as a new one; return its subject. Raises RetryError."""
    job = _dead_job(session, job_id)
    if job.kind == JobKind.TRIAGE:
        _reopen(session, job.subject.id, actor)
    if job.kind == JobKind.ANSWER:
        _refuse_returned(session, job)
    if job.kind == JobKind.DELIVER:
        _plan_again(session, job.subject.id)
    if job.kind == JobKind.WEBHOOK:
        webhook_deliveries.make_pending(session, job.subject.id)
    _note(session, "job retried", job, actor, now)
    # A delivery is given up by the age of its job, so the age is reset too.
    job.state, job.attempts, job.snoozes = JobState.READY, 0, 0
    job.due_at, job.created_at = AT_ONCE, now
    job.owner, job.finished_at = None, None
    return job.subject


def dismiss_job(session: Session, job_id: int, actor: str, now: datetime) -> Subject:
    """Mark a dead job done without doing it; return its subject. Raises RetryError."""
    job = _dead_job(session, job_id)
    _note(session, "job dismissed", job, actor, now)
    job.state, job.last_error = JobState.DONE, f"dismissed by {actor}: {job.last_error}"[:1000]
    return job.subject


def triage_again(session: Session, inbound_id: int, ticket_id: int, actor: str, now: datetime) -> str:
    """Triage a ticket again whose email was parked because triage failed; return what was done."""
    dead = session.execute(
        select(Job.id).where(
            Job.subject == Subject(SubjectKind.TICKET, ticket_id),
            Job.kind == JobKind.TRIAGE,
            Job.state == JobState.DEAD,
        )
    ).scalars()
    before = decisions.newest(session, ticket_id)
    if before is not None and before.by != DecidedBy.FALLBACK:
        for job_id in dead.all():
            dismiss_job(session, job_id, actor, now)
        reasons = [f"triage failed; decided by {before.actor or before.by}"]
        ledger.settle(session, inbound_id, Disposition.TICKET, reasons, ticket_id)
        return "the ticket is decided already"
    waiting = dead.first()
    if waiting is not None:
        retry_job(session, waiting, actor, now)
    else:
        _reopen(session, ticket_id, actor)
        jobs.add(session, [NewJob(JobKind.TRIAGE, Subject(SubjectKind.TICKET, ticket_id), now)])
    return "triage will be tried again"


def ticket_of_subject(session: Session, subject: Subject) -> int | None:
    """Return the ticket of a job's subject, such as "decision:7"; None if the row is gone, or belongs to none."""
    if subject.kind is SubjectKind.TICKET:
        return subject.id
    table = TABLES.get(subject.kind)
    if table is None:
        return None
    return session.execute(select(table.ticket_id).where(table.id == subject.id)).scalar_one_or_none()


def _dead_job(session: Session, job_id: int) -> Job:
    # Locked, or a second retry would take the job from the worker that runs it after the first.
    job = session.get(Job, job_id, populate_existing=True, with_for_update=True)
    if job is None:
        raise MissingRowError(f"there is no job {job_id}")
    if job.state != JobState.DEAD:
        raise RetryError(f"job {job_id} is {job.state}, not dead")
    return job


def _refuse_returned(session: Session, job: Job) -> None:
    """Raise RetryError where the email of a member was returned: its author may have sent it again since."""
    known = answers.of_message(session, job.subject.id)
    found = answers.find(session, known.id) if known else None
    if found is not None:
        became = f"is answer {found.id} ({found.state})"
        if found.state == AnswerState.RETURNED:
            became = f"was returned to {found.return_to or found.author}, to be sent again"
        raise RetryError(f"job {job.id} is not run again: its email {became}; dismiss the job")


def _reopen(session: Session, ticket_id: int, actor: str) -> None:
    """Make a ticket PENDING again if its triage failed; a decision of a person, a rule or the model stays."""
    before = decisions.newest(session, ticket_id)
    if before is None or before.by != DecidedBy.FALLBACK:
        return
    values = {"category": PENDING, "priority": PENDING, "confidence": None, "assigned_team": None}
    session.execute(update(Ticket).where(Ticket.id == ticket_id).values(values))
    read = decisions.text_of(session, ticket_id)
    if read is not None and read.inbound_id is not None:
        reasons = [f"triage failed before; {actor} asked for another try"]
        ledger.settle(session, read.inbound_id, Disposition.TICKET, reasons, ticket_id)


def _plan_again(session: Session, delivery_id: int) -> None:
    ended = (DeliveryState.FAILED, DeliveryState.UNCERTAIN)
    session.execute(
        update(DeliveryRow)
        .where(DeliveryRow.id == delivery_id, DeliveryRow.state.in_(ended))
        .values(state=DeliveryState.PLANNED, reason="tried again", unended=0)
    )


def _note(session: Session, kind: str, job: Job, actor: str, now: datetime) -> None:
    events.add(
        session,
        kind,
        now,
        ticket_id=ticket_of_subject(session, job.subject),
        job=job.id,
        subject=str(job.subject),
        actor=actor,
        attempts=job.attempts,
        error=job.last_error[:300],
    )
