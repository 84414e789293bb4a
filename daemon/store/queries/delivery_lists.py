"""Lists of outgoing emails, for the admin."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from daemon.store.deliveries import NOT_SENT, DeliveryState
from daemon.store.jobs import JobKind
from daemon.store.models import DeliveryRow, Job, Ticket
from daemon.vocabulary import Subject, SubjectKind

NAMES = ("id", "kind", "recipient", "state", "reason", "attempts", "message_id", "created_at", "sent_at")


def list_deliveries(
    session: Session, state: DeliveryState, limit: int, before: int | None = None
) -> list[dict[str, Any]]:
    """Return deliveries in a state and below an id, the newest first, with the reference of their ticket."""
    query = (
        select(DeliveryRow, Ticket.reference)
        .outerjoin(Ticket, Ticket.id == DeliveryRow.ticket_id)
        .where(*_in_state(state))
        .order_by(DeliveryRow.id.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(DeliveryRow.id < before)
    return [_row(row, reference) for row, reference in session.execute(query)]


def ids_in(session: Session, state: DeliveryState) -> Sequence[int]:
    """Return the ids of all deliveries in a state, the oldest first."""
    return session.execute(select(DeliveryRow.id).where(*_in_state(state)).order_by(DeliveryRow.id)).scalars().all()


def delivery_of(session: Session, number: int) -> dict[str, Any] | None:
    """Return a delivery with its cause and its job; None if there is none of this id."""
    row = session.get(DeliveryRow, number)
    if row is None:
        return None
    ticket = session.get(Ticket, row.ticket_id) if row.ticket_id else None
    subject = Subject(SubjectKind.DELIVERY, number)
    newest = select(Job).where(Job.subject == subject, Job.kind == JobKind.DELIVER).order_by(Job.id.desc()).limit(1)
    job = session.execute(newest).scalar_one_or_none()
    return _row(row, ticket.reference if ticket else None) | {
        "cause": str(row.cause),
        "job": job and job.id,
        "job_state": job and job.state,
        "due_at": job.due_at if job and job.finished_at is None else None,
    }


def _in_state(state: DeliveryState) -> list[ColumnElement[bool]]:
    """Return conditions that let the index of the deliveries that are not sent be used."""
    return [DeliveryRow.state == state, *([] if state is DeliveryState.SENT else [NOT_SENT])]


def _row(row: DeliveryRow, reference: str | None) -> dict[str, Any]:
    return {name: getattr(row, name) for name in NAMES} | {"ticket": reference}
