"""Consistent snapshots of all the data that a notification shows."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import (
    BindParameter,
    Column,
    ColumnElement,
    Join,
    Row,
    ScalarSelect,
    Select,
    bindparam,
    exists,
    func,
    null,
    select,
)
from sqlalchemy.orm import Session

from daemon.facts import is_authors
from daemon.snapshots import DecisionSnapshot, EventSnapshot, FileSnapshot, MessageSnapshot, TicketSnapshot
from daemon.store.first_message import first_message
from daemon.store.models import AnswerRow, AttachmentRow, Decision, Event, MessageRow, Person, SimilarRow, Ticket
from daemon.store.queries import answer_snapshots, similar
from daemon.store.sql import table
from daemon.vocabulary import NOTE_FOR_TEAM, OTHERS_COPIED, DecidedBy, MessageRole, Subject, SubjectKind

# Upper bound of characters of text per snapshot; bounds the memory of a batch.
MAX_SHOWN = 400_000


def load_one(session: Session, cause: Subject) -> TicketSnapshot:
    """Return the snapshot behind a cause such as "decision:7" or "message:9"; raises LookupError."""
    return load(session, [cause])[cause]


class Snapshots(dict[Subject, TicketSnapshot]):
    """Snapshots by cause; raises LookupError for a cause that is not stored."""

    def __missing__(self, cause: Subject) -> TicketSnapshot:
        """Raise LookupError."""
        raise LookupError(f"no {cause} is stored")


def load(session: Session, causes: Sequence[Subject]) -> Snapshots:
    """Return the snapshots behind causes."""
    rows: dict[Subject, Row[Any]] = {}
    for kind, statement in SELECT_SNAPSHOTS.items():
        ids = [cause.id for cause in dict.fromkeys(causes) if cause.kind is kind]
        if ids:
            rows |= {Subject(kind, row.cause_id): row for row in session.execute(statement, {"ids": ids})}
    with_files = [row.message for row in rows.values() if row.has_files]
    files: dict[int, list[FileSnapshot]] = {message: [] for message in with_files}
    for f in session.execute(SELECT_FILES, {"ids": with_files}) if with_files else ():
        files[f.message_id].append(FileSnapshot(f.part, f.filename, f.content_type, f.size))
    found = {cause: _snapshot(row, files.get(row.message, ())) for cause, row in rows.items()}
    return Snapshots(found | _with_answers(session, found) | _of_failures(session, causes))


def _with_answers(session: Session, found: Mapping[Subject, TicketSnapshot]) -> dict[Subject, TicketSnapshot]:
    """Return the snapshots whose cause is an answer, with the answer."""
    ids = [cause.id for cause in found if cause.kind is SubjectKind.ANSWER]
    stored = answer_snapshots.load(session, ids) if ids else {}
    return {
        cause: replace(found[cause], answer=stored[cause.id]) for cause in found if cause.kind is SubjectKind.ANSWER
    }


def _of_failures(session: Session, causes: Sequence[Subject]) -> dict[Subject, TicketSnapshot]:
    """Return the snapshots whose cause is a delivery of an answer, with the answer and what became of the delivery."""
    ids = {cause.id for cause in causes if cause.kind is SubjectKind.DELIVERY}
    stored = answer_snapshots.of_deliveries(session, ids) if ids else {}
    about = {answer.id: Subject(SubjectKind.ANSWER, answer.id) for answer in stored.values()}
    tickets = load(session, list(about.values())) if about else {}
    return {
        Subject(SubjectKind.DELIVERY, number): replace(tickets[about[answer.id]], answer=answer)
        for number, answer in stored.items()
    }


def _snapshot(row: Row[Any], files: Sequence[FileSnapshot]) -> TicketSnapshot:
    return TicketSnapshot(
        ticket_id=row.ticket_id,
        reference=row.reference,
        status=row.status,
        category=row.category,
        priority=row.priority,
        confidence=row.confidence,
        team=row.assigned_team,
        subject=row.subject,
        silent=row.silent,
        created_at=row.created_at,
        related=row.related,
        requester=row.requester,
        requester_name=row.requester_name or "",
        trusted=is_authors(row.authentication, verified=False, proved_before=row.requester_verified is not None),
        message=_message(row, files),
        decision=_decision(row),
        event=_event(row),
        taken_by=row.taken_by,
        language=row.language,
        address=row.address,
    )


def _message(row: Row[Any], files: Sequence[FileSnapshot]) -> MessageSnapshot:
    copied = row.copied or {}
    return MessageSnapshot(
        id=row.message,
        inbound_id=row.inbound_id,
        kind=row.kind,
        acknowledge=row.acknowledge,
        verified=row.verified,
        by_team=row.by_team,
        opening=row.message == row.opening,
        message_id=row.message_id,
        subject=row.message_subject,
        text=row.text,
        length=row.length,
        author=row.author,
        author_name=row.author_name or "",
        files=tuple(files),
        role=MessageRole(row.role),
        note=str(row.note["note"]) if row.note else "",
        authentication=tuple(row.authentication or ()),
        copied=tuple(copied.get("copied", ())),
        copied_more=int(copied.get("more", 0)),
        # The same rule as in `daemon.tickets.last_email`, which finds those who get an answer.
        copied_hear=not copied.get("forwarded")
        and is_authors(row.authentication, verified=row.verified, proved_before=row.author_verified is not None),
    )


def _decision(row: Row[Any]) -> DecisionSnapshot | None:
    if row.decision is None:
        return None
    return DecisionSnapshot(
        id=row.decision,
        by=DecidedBy(row.by),
        actor=row.actor,
        confidence=row.decided_confidence,
        team=row.decided_team,
        reasons=tuple(row.reasons),
        alternatives=tuple((str(name), float(chance)) for name, chance in row.alternatives),
        rule=row.rule,
        model=row.model,
        audit=row.audit,
        first=row.replaces is None,
        similar=similar.read(row.similar),
    )


def _event(row: Row[Any]) -> EventSnapshot | None:
    if row.event_kind is None:
        return None
    return EventSnapshot(row.event_kind, str(row.event_data.get("actor", "")), str(row.event_data.get("other", "")))


def _statement(tables: Join, cause_id: Column[int], *more: ColumnElement[Any]) -> Select[Any]:
    """Select a snapshot from what joins a ticket, a message and a decision."""
    requester, author, related = PERSON.alias(), PERSON.alias(), TICKET.alias()
    people = (
        tables.outerjoin(requester, requester.c.id == TICKET.c.requester_id)
        .outerjoin(author, author.c.id == MESSAGES.c.person_id)
        .outerjoin(related, related.c.id == TICKET.c.related_id)
    )
    return select(
        cause_id.label("cause_id"),
        TICKET.c.id.label("ticket_id"),
        *(TICKET.c[name] for name in ("reference", "status", "category", "priority", "confidence")),
        *(TICKET.c[name] for name in ("assigned_team", "subject", "silent", "created_at", "taken_by")),
        *(TICKET.c[name] for name in ("language", "address")),
        related.c.reference.label("related"),
        requester.c.email.label("requester"),
        requester.c.name.label("requester_name"),
        requester.c.verified_at.label("requester_verified"),
        author.c.email.label("author"),
        author.c.name.label("author_name"),
        author.c.verified_at.label("author_verified"),
        MESSAGES.c.id.label("message"),
        MESSAGES.c.subject.label("message_subject"),
        *(
            MESSAGES.c[name]
            for name in ("inbound_id", "kind", "acknowledge", "verified", "by_team", "message_id", "role")
        ),
        MESSAGES.c.authentication,
        func.substr(MESSAGES.c.text, 1, MAX_SHOWN).label("text"),
        func.length(MESSAGES.c.text).label("length"),
        first_message(TICKET.c.id).label("opening"),
        _newest_event(NOTE_FOR_TEAM).label("note"),
        _newest_event(OTHERS_COPIED).label("copied"),
        exists().where(FILE.c.message_id == MESSAGES.c.id).label("has_files"),
        select(SIMILAR.c.found).where(SIMILAR.c.decision_id == DECIDED.c.id).scalar_subquery().label("similar"),
        DECIDED.c.id.label("decision"),
        DECIDED.c.confidence.label("decided_confidence"),
        DECIDED.c.team.label("decided_team"),
        *(DECIDED.c[name] for name in ("by", "actor", "reasons", "alternatives", "rule", "model", "audit", "replaces")),
        *(more or NO_EVENT),
    ).select_from(people)


def _newest_event(kind: str) -> ScalarSelect[Any]:
    """Select what the newest event of a kind about the email of a message says."""
    return (
        select(EVENT.c.data)
        .where(EVENT.c.inbound_id == MESSAGES.c.inbound_id, EVENT.c.kind == kind)
        .order_by(EVENT.c.id.desc())
        .limit(1)
        .correlate(MESSAGES)
        .scalar_subquery()
    )


TICKET, PERSON, MESSAGES, DECIDED = table(Ticket), table(Person), table(MessageRow), table(Decision)
FILE, EVENT, ANSWER, SIMILAR = table(AttachmentRow), table(Event), table(AnswerRow), table(SimilarRow)
NO_EVENT = (null().label("event_kind"), null().label("event_data"))
IDS: BindParameter[int] = bindparam("ids", expanding=True)
SELECT_FILES = select(FILE).where(FILE.c.message_id.in_(IDS)).order_by(FILE.c.id)

_SELECT_NEWEST_DECISION = (
    select(func.max(Decision.id)).where(Decision.ticket_id == TICKET.c.id).correlate(TICKET).scalar_subquery()
)
_SELECT_NEWEST_MESSAGE = (
    select(func.max(MessageRow.id))
    .where(MessageRow.ticket_id == EVENT.c.ticket_id, MessageRow.role == MessageRole.CUSTOMER)
    .correlate(EVENT)
    .scalar_subquery()
)
SELECT_SNAPSHOTS: Final = {
    SubjectKind.MESSAGE: _statement(
        MESSAGES.join(TICKET, TICKET.c.id == MESSAGES.c.ticket_id).outerjoin(
            DECIDED, DECIDED.c.id == _SELECT_NEWEST_DECISION
        ),
        MESSAGES.c.id,
    ).where(MESSAGES.c.id.in_(IDS)),
    SubjectKind.DECISION: _statement(
        DECIDED.join(TICKET, TICKET.c.id == DECIDED.c.ticket_id).join(
            MESSAGES, MESSAGES.c.id == first_message(DECIDED.c.ticket_id)
        ),
        DECIDED.c.id,
    ).where(DECIDED.c.id.in_(IDS)),
    SubjectKind.EVENT: _statement(
        EVENT.join(TICKET, TICKET.c.id == EVENT.c.ticket_id)
        .join(MESSAGES, MESSAGES.c.id == func.coalesce(_SELECT_NEWEST_MESSAGE, first_message(EVENT.c.ticket_id)))
        .outerjoin(DECIDED, DECIDED.c.id == _SELECT_NEWEST_DECISION),
        EVENT.c.id,
        EVENT.c.kind.label("event_kind"),
        EVENT.c.data.label("event_data"),
    ).where(EVENT.c.id.in_(IDS)),
    SubjectKind.ANSWER: _statement(
        ANSWER.join(TICKET, TICKET.c.id == ANSWER.c.ticket_id)
        .join(MESSAGES, MESSAGES.c.id == ANSWER.c.message_id)
        .outerjoin(DECIDED, DECIDED.c.id == _SELECT_NEWEST_DECISION),
        ANSWER.c.id,
    ).where(ANSWER.c.id.in_(IDS)),
}
