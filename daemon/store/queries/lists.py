"""Lists and counts of emails, jobs, deliveries and mailboxes."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, case, func, select
from sqlalchemy.orm import Session

from daemon.store.jobs import JobState
from daemon.store.models import DeliveryRow, ImapCursor, InboundRow, Job, MessageRow, Person, Ticket
from daemon.store.queries.text_search import has_words
from daemon.vocabulary import Disposition, Status

Counts = dict[str, int]
# A page reads the compressed bytes of parked emails up to this size for the head of each.
HEAD_BYTES: Final = 128 * 1024


@dataclass(frozen=True, slots=True)
class LaterJobs:
    """The jobs that are due later: their number, and the next one with its reason, "" where it was never tried."""

    number: int
    job: str
    due_at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class EmailHead:
    """Who wrote an email, and its subject, "" where unknown; `raw` are the compressed bytes of a parked one, if few."""

    name: str = ""
    email: str = ""
    subject: str = ""
    raw: bytes | None = None


def list_jobs(
    session: Session, state: str, kind: str | None, limit: int, before: int | None = None
) -> list[dict[str, Any]]:
    """Return jobs in a state, the newest first; only those with an id below `before`."""
    # Nearly all jobs are done. For the other states, `+ 0` makes the database use their index instead of the ids.
    newest = Job.id if state == JobState.DONE else Job.id + 0
    query = select(Job).where(Job.state == state).order_by(newest.desc()).limit(limit)
    if kind is not None:
        query = query.where(Job.kind == kind)
    if before is not None:
        query = query.where(Job.id < before)
    return [_job(row) for row in session.execute(query).scalars()]


def job(session: Session, number: int) -> dict[str, Any] | None:
    """Return a job, None where there is none."""
    row = session.get(Job, number)
    return _job(row) if row is not None else None


def _job(row: Job) -> dict[str, Any]:
    names = ("id", "kind", "subject", "state", "attempts", "due_at", "created_at", "finished_at", "owner", "last_error")
    return {name: getattr(row, name) for name in names} | {"subject": str(row.subject)}


def dead_jobs(session: Session, kind: str | None) -> Sequence[int]:
    """Return the ids of all dead jobs, oldest first."""
    query = select(Job.id).where(Job.state == JobState.DEAD).order_by(Job.id)
    return session.execute(query if kind is None else query.where(Job.kind == kind)).scalars().all()


def list_emails(
    session: Session,
    states: Sequence[Disposition],
    limit: int,
    *,
    since: datetime | None = None,
    sender: str = "",
    searched: int | None = None,
    before: int | None = None,
) -> list[dict[str, Any]]:
    """Return ledger rows in any of some states, the newest first, with the reference of their ticket.

    `sender` is a part of the envelope sender's address, looked for in the newest `searched` emails of each state, or of
    all if all states are wanted; None: in every email. `before` is above all ids that are returned.
    """
    filters = []
    if since is not None:
        filters.append(InboundRow.received_at >= since)
    if before is not None:
        filters.append(InboundRow.id < before)
    if sender:
        filters.append(has_words(session, InboundRow.mail_from, sender))
    # One query a state: each walks its index to the limit, where one for several states would sort them first.
    groups = [[]] if set(states) == set(Disposition) else [[InboundRow.disposition == state] for state in states]
    rows = []
    for group in groups:
        newest = _newest(session, group, searched) if sender and searched is not None else []
        rows += _emails(session, [*group, *newest, *filters], limit)
    return sorted(rows, key=lambda row: row["id"], reverse=True)[:limit]


def _newest(session: Session, group: list[ColumnElement[bool]], number: int) -> list[ColumnElement[bool]]:
    """Return the condition that an email is among the newest of a group."""
    ids = select(InboundRow.id).where(*group).order_by(InboundRow.id.desc())
    last = session.execute(ids.offset(number).limit(1)).scalar_one_or_none()
    return [] if last is None else [InboundRow.id > last]


def _emails(session: Session, conditions: list[ColumnElement[bool]], limit: int) -> list[dict[str, Any]]:
    query = (
        select(InboundRow, Ticket.reference)
        .outerjoin(Ticket, Ticket.id == InboundRow.ticket_id)
        .where(*conditions)
        .order_by(InboundRow.id.desc())
        .limit(limit)
    )
    return [_mail(row, reference) for row, reference in session.execute(query)]


def heads(session: Session, inbound_ids: Collection[int]) -> dict[int, EmailHead]:
    """Return who wrote each of these emails, and its subject: of those that became messages, as the messages say.

    A duplicate has those of its original. A parked email has no message, but its bytes if they are few.
    """
    few = and_(InboundRow.disposition == Disposition.PARKED, func.length(InboundRow.raw) <= HEAD_BYTES)
    query = (
        select(InboundRow.id, Person.name, Person.email, MessageRow.subject, case((few, InboundRow.raw)).label("raw"))
        .outerjoin(MessageRow, MessageRow.inbound_id == func.coalesce(InboundRow.duplicate_of, InboundRow.id))
        .outerjoin(Person, Person.id == MessageRow.person_id)
        .where(InboundRow.id.in_(inbound_ids))
    )
    return {
        row.id: EmailHead(row.name or "", row.email or "", row.subject or "", row.raw) for row in session.execute(query)
    }


def mail(session: Session, inbound_id: int) -> dict[str, Any] | None:
    """Return a ledger row with the reference of its ticket, None where there is none."""
    row = session.execute(
        select(InboundRow, Ticket.reference)
        .outerjoin(Ticket, Ticket.id == InboundRow.ticket_id)
        .where(InboundRow.id == inbound_id)
    ).one_or_none()
    return _mail(row[0], row[1]) if row else None


def _mail(row: InboundRow, reference: str | None) -> dict[str, Any]:
    names = ("id", "disposition", "received_at", "source", "peer", "mail_from", "rcpt_tos", "size", "message_id")
    return {name: getattr(row, name) for name in (*names, "reasons")} | {"ticket": reference}


def counts(session: Session) -> dict[str, Counts]:
    """Count emails by disposition, tickets by status and team, jobs and deliveries by state."""
    return {
        "emails": _count(session, InboundRow.disposition),
        "tickets": _count(session, Ticket.status),
        "teams": _count(session, Ticket.assigned_team),
        "categories": _count(session, Ticket.category),
        "jobs": _count(session, Job.state),
        "deliveries": _count(session, DeliveryRow.state),
    }


def oldest_due(session: Session, now: datetime) -> tuple[datetime, str] | None:
    """Return when the job that has waited longest became due, and its kind and subject; None if no job is due."""
    row = session.execute(
        select(Job.due_at, Job.created_at, Job.kind, Job.subject)
        .where(Job.state == JobState.READY, Job.due_at <= now)
        .order_by(Job.due_at, Job.id)
        .limit(1)
    ).one_or_none()
    return (max(row.due_at, row.created_at), f"{row.kind} {row.subject}") if row else None


def later_jobs(session: Session, now: datetime) -> LaterJobs | None:
    """Return the jobs that wait for their time: emails to try again, tickets that open again. None: there are none."""
    later = (Job.state == JobState.READY, Job.due_at > now)
    first = session.execute(select(Job).where(*later).order_by(Job.due_at, Job.id).limit(1)).scalar_one_or_none()
    if first is None:
        return None
    number = session.execute(select(func.count()).select_from(Job).where(*later)).scalar_one()
    return LaterJobs(number, f"{first.kind} {first.subject}", first.due_at, first.last_error)


def mailboxes(session: Session) -> list[dict[str, Any]]:
    """Return the cursor and the last error of each folder of each mailbox."""
    names = ("account", "folder", "last_uid", "polled_at", "last_mail_at", "error")
    rows = session.execute(select(ImapCursor).order_by(ImapCursor.account, ImapCursor.folder)).scalars()
    return [{name: getattr(row, name) for name in names} for row in rows]


def _count(session: Session, column: Any) -> Counts:  # noqa: ANN401 - any column of ours
    rows = session.execute(select(column, func.count()).group_by(column).order_by(column))
    return {str(value or "none"): number for value, number in rows}


def other_teams(session: Session, known: Collection[str]) -> list[str]:
    """Return the teams of tickets that are open or wait, without those that are known."""
    return _others(session, Ticket.assigned_team, known)


def other_addresses(session: Session, known: Collection[str]) -> list[str]:
    """Return the support addresses of tickets that are open or wait, without those that are known, in lower case."""
    return _others(session, Ticket.address, {"", *known})


def _others(session: Session, column: Any, known: Collection[str]) -> list[str]:  # noqa: ANN401 - any column of ours
    found = (
        select(column)
        .where(Ticket.status.in_((Status.OPEN, Status.WAITING)), column.not_in(known))
        .distinct()
        .order_by(column)
    )
    return [str(value) for value in session.execute(found).scalars()]
