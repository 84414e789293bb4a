"""Everything that is stored about one ticket."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from daemon.snapshots import SimilarTicket
from daemon.store import merges
from daemon.store.models import (
    AnswerRow,
    AttachmentRow,
    Decision,
    DeliveryRow,
    Event,
    InboundRow,
    Job,
    MessageRow,
    Participant,
    Person,
    Ticket,
)
from daemon.store.queries import similar
from daemon.store.queries.timeline import is_about
from daemon.vocabulary import OTHERS_COPIED, Subject, SubjectKind

# Maximum number of rows of each kind: the newest ones, because the last decision is in force and people answer the last
# email.
MAX_ROWS = 500


@dataclass(frozen=True, slots=True)
class Copied:
    """The people whom the author of an email copied; `more` is the number of those who are not kept."""

    people: tuple[str, ...] = ()
    more: int = 0


@dataclass(frozen=True, slots=True)
class TicketDetail:
    """A ticket with its people, emails, decisions, answers, deliveries, jobs and events, each in order of id.

    `similar` are earlier tickets of the same team, the most similar first. `writers` are the names of those who wrote
    an answer or a note otherwise than by email, by message. `copied` is by ledger row. `has_earlier` says that there
    are messages before these.
    """

    ticket: Ticket
    requester: Person | None
    related: str | None
    merged_into: str | None
    merged_from: tuple[str, ...]
    participants: tuple[str, ...]
    messages: tuple[MessageRow, ...]
    has_earlier: bool
    authors: dict[int, Person]
    writers: dict[int, str]
    attachments: tuple[AttachmentRow, ...]
    inbound: tuple[InboundRow, ...]
    decisions: tuple[Decision, ...]
    answers: tuple[AnswerRow, ...]
    deliveries: tuple[DeliveryRow, ...]
    jobs: tuple[Job, ...]
    events: tuple[Event, ...]
    similar: tuple[SimilarTicket, ...]
    copied: dict[int, Copied]


def ticket_detail(session: Session, ticket_id: int, before: int | None = None) -> TicketDetail | None:
    """Return everything about a ticket, or None if it does not exist; with `before`, the messages before that one."""
    ticket = session.get(Ticket, ticket_id)
    if ticket is None:
        return None
    of_ticket = MessageRow.ticket_id == ticket_id
    messages = _all(session, MessageRow, of_ticket if before is None else of_ticket & (MessageRow.id < before))
    ids = [message.id for message in messages]
    decisions = _all(session, Decision, Decision.ticket_id == ticket_id)
    # Those that were not sent have no message, and are of now.
    shown = AnswerRow.ticket_id == ticket_id if before is None else AnswerRow.message_id.in_(ids)
    answers = _all(session, AnswerRow, shown)
    deliveries = _all(session, DeliveryRow, DeliveryRow.ticket_id == ticket_id)
    inbound = _all(session, InboundRow, InboundRow.ticket_id == ticket_id)
    others = select(Participant.person_id).where(Participant.ticket_id == ticket_id)
    events = _all(session, Event, is_about([ticket_id], [row.id for row in inbound]))
    authors = _all(session, Person, Person.id.in_([m.person_id for m in messages if m.person_id]))
    merged = merges.merged_tickets(session, ticket_id)
    return TicketDetail(
        ticket=ticket,
        requester=session.get(Person, ticket.requester_id) if ticket.requester_id else None,
        related=reference_or_none(session, ticket.related_id),
        merged_into=reference_or_none(session, ticket.merged_into_id),
        merged_from=references_of(session, merged),
        participants=tuple(person.email for person in _all(session, Person, Person.id.in_(others))),
        messages=messages,
        has_earlier=len(messages) == MAX_ROWS and _is_message_before(session, messages[0]),
        authors={person.id: person for person in authors},
        writers=_writers(session, [ticket_id, *merged], [m.id for m in messages if m.inbound_id is None]),
        attachments=_all(session, AttachmentRow, AttachmentRow.message_id.in_(ids)),
        inbound=inbound,
        decisions=decisions,
        answers=answers,
        deliveries=deliveries,
        jobs=jobs_about(
            session,
            Subject(SubjectKind.TICKET, ticket_id),
            *(Subject(SubjectKind.MESSAGE, m.id) for m in messages),
            *(Subject(SubjectKind.DECISION, d.id) for d in decisions),
            *(Subject(SubjectKind.ANSWER, answer.id) for answer in answers),
            *(Subject(SubjectKind.DELIVERY, d.id) for d in deliveries),
            *(Subject(SubjectKind.EVENT, event.id) for event in events),
            *(Subject(SubjectKind.INBOUND, row.id) for row in inbound),
        ),
        events=events,
        similar=similar.of_ticket(session, ticket_id),
        copied=_copied(session, [message.inbound_id for message in messages if message.inbound_id]),
    )


def _copied(session: Session, inbound_ids: Sequence[int]) -> dict[int, Copied]:
    copied = select(Event.inbound_id, Event.data).where(Event.inbound_id.in_(inbound_ids), Event.kind == OTHERS_COPIED)
    return {
        row.inbound_id: Copied(tuple(row.data["copied"]), row.data.get("more", 0))
        for row in session.execute(copied)
        if row.inbound_id
    }


def _is_message_before(session: Session, message: MessageRow) -> bool:
    """Return whether a ticket has an earlier message than this one."""
    earlier = select(MessageRow.id).where(MessageRow.ticket_id == message.ticket_id, MessageRow.id < message.id)
    return session.execute(earlier.limit(1)).first() is not None


def find_attachment(session: Session, attachment_id: int) -> tuple[AttachmentRow, MessageRow] | None:
    """Return a file and the message that it came with, or None."""
    found = select(AttachmentRow, MessageRow).join(MessageRow, MessageRow.id == AttachmentRow.message_id)
    row = session.execute(found.where(AttachmentRow.id == attachment_id)).one_or_none()
    return (row[0], row[1]) if row else None


def _writers(session: Session, ticket_ids: Sequence[int], message_ids: Sequence[int]) -> dict[int, str]:
    """Return who wrote messages that did not come by email; the event of a note stays with the ticket of that time."""
    if not message_ids:
        return {}
    notes = _all(session, Event, (Event.ticket_id.in_(ticket_ids)) & (Event.kind == "note"))
    found = {note.data.get("message", 0): str(note.data.get("actor") or "") for note in notes}
    answers = select(AnswerRow.message_id, AnswerRow.author).where(AnswerRow.message_id.in_(message_ids))
    return {**found, **{row.message_id: row.author for row in session.execute(answers)}}


def jobs_about(session: Session, *subjects: Subject) -> tuple[Job, ...]:
    """Return the jobs with these subjects, such as "ticket:7"."""
    return _all(session, Job, Job.subject.in_(subjects))


def reference_or_none(session: Session, ticket_id: int | None) -> str | None:
    """Return the reference of a ticket, or None if it does not exist."""
    if ticket_id is None:
        return None
    return session.execute(select(Ticket.reference).where(Ticket.id == ticket_id)).scalar_one_or_none()


def references_of(session: Session, ticket_ids: Sequence[int]) -> tuple[str, ...]:
    """Return the references of tickets, in the order of their ids."""
    found = select(Ticket.reference).where(Ticket.id.in_(ticket_ids)).order_by(Ticket.id)
    return tuple(session.execute(found).scalars())


def _all(session: Session, table: Any, condition: Any) -> tuple[Any, ...]:  # noqa: ANN401 - any table of ours
    newest = session.execute(select(table).where(condition).order_by(table.id.desc()).limit(MAX_ROWS)).scalars().all()
    return tuple(reversed(newest))
