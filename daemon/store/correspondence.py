"""Everything that a mail to somebody is written from, as one consistent snapshot."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from daemon.store import decisions
from daemon.store.models import AttachmentRow, Decision, MessageRow, Person, Ticket

MESSAGE = "message"
DECISION = "decision"


@dataclass(frozen=True, slots=True)
class FileNote:
    """An attachment by name; `part` finds its octets in the raw mail."""

    part: int
    filename: str
    content_type: str
    size: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A ticket, the mail and the decision at hand, and who wrote.

    `requester` and `author` are addresses in lower case. `trusted` says that the requester proved to read mail at
    their address. `opening` is the id of the ticket's first message.
    """

    ticket_id: int
    reference: str
    status: str
    category: str
    priority: str
    confidence: float | None
    team: str | None
    subject: str
    silent: bool
    created_at: datetime
    related: str | None
    requester: str | None
    requester_name: str
    trusted: bool
    message: "MessageNote"
    decision: "DecisionNote | None"


@dataclass(frozen=True, slots=True)
class MessageNote:
    """One mail of a ticket. `inbound_id` finds its raw mail."""

    id: int
    inbound_id: int | None
    kind: str
    acknowledge: bool
    verified: bool
    opening: bool
    message_id: str
    subject: str
    text: str
    reply: str
    author: str | None
    author_name: str
    files: tuple[FileNote, ...]


@dataclass(frozen=True, slots=True)
class DecisionNote:
    """A decision and why. `first` is false for one that replaces another."""

    id: int
    by: str
    actor: str | None
    confidence: float
    team: str
    reasons: tuple[str, ...]
    alternatives: tuple[tuple[str, float], ...]
    rule: str | None
    model: str | None
    audit: bool
    first: bool


def load(session: Session, cause: str) -> Snapshot:
    """Return the snapshot behind a cause such as "decision:7" or "message:9"; raises LookupError."""
    what, _, number = cause.partition(":")
    if what == DECISION:
        decision = session.get(Decision, int(number))
        message = _opening(session, decision.ticket_id) if decision else None
    else:
        message = session.get(MessageRow, int(number))
        decision = decisions.newest(session, message.ticket_id) if message else None
    if message is None:
        raise LookupError(f"no {cause} is stored")
    return _snapshot(session, message, decision)


def _opening(session: Session, ticket_id: int) -> MessageRow | None:
    return session.execute(
        select(MessageRow).where(MessageRow.ticket_id == ticket_id).order_by(MessageRow.id).limit(1)
    ).scalar_one_or_none()


def _snapshot(session: Session, message: MessageRow, decision: Decision | None) -> Snapshot:
    ticket = session.get_one(Ticket, message.ticket_id)
    requester = session.get(Person, ticket.requester_id) if ticket.requester_id else None
    related = session.get(Ticket, ticket.related_id) if ticket.related_id else None
    return Snapshot(
        ticket_id=ticket.id,
        reference=ticket.reference,
        status=ticket.status,
        category=ticket.category,
        priority=ticket.priority,
        confidence=ticket.confidence,
        team=ticket.assigned_team,
        subject=ticket.subject,
        silent=ticket.silent,
        created_at=ticket.created_at,
        related=related.reference if related else None,
        requester=requester.email if requester else None,
        requester_name=requester.name if requester else "",
        trusted=bool(requester and requester.verified_at),
        message=_message(session, message),
        decision=_decision(decision),
    )


def _message(session: Session, row: MessageRow) -> MessageNote:
    author = session.get(Person, row.person_id) if row.person_id else None
    files = session.execute(select(AttachmentRow).where(AttachmentRow.message_id == row.id).order_by(AttachmentRow.id))
    opening = _opening(session, row.ticket_id)
    return MessageNote(
        id=row.id,
        inbound_id=row.inbound_id,
        kind=row.kind,
        acknowledge=row.acknowledge,
        verified=row.verified,
        opening=opening is not None and opening.id == row.id,
        message_id=row.message_id,
        subject=row.subject,
        text=row.text,
        reply=row.reply,
        author=author.email if author else None,
        author_name=author.name if author else "",
        files=tuple(FileNote(f.part, f.filename, f.content_type, f.size) for f in files.scalars()),
    )


def _decision(row: Decision | None) -> DecisionNote | None:
    if row is None:
        return None
    return DecisionNote(
        id=row.id,
        by=row.by,
        actor=row.actor,
        confidence=row.confidence,
        team=row.team,
        reasons=tuple(row.reasons),
        alternatives=tuple((str(name), float(chance)) for name, chance in row.alternatives),
        rule=row.rule,
        model=row.model,
        audit=row.audit,
        first=row.replaces is None,
    )
