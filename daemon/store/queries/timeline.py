"""The timeline of an email, from its arrival to the last notification."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, or_, select, union
from sqlalchemy.orm import Session

from daemon.store import jobs
from daemon.store.models import AnswerRow, Decision, DeliveryRow, Event, InboundRow, Job, MessageRow, Ticket
from daemon.vocabulary import Subject, SubjectKind

# Maximum number of rows of each kind.
MAX_ROWS: Final = 500
SHA256: Final = 64
JOB: Final = "job"
KINDS: Final = frozenset({JOB, *SubjectKind})
TABLES_WITH_TICKETS: Final[dict[SubjectKind, Any]] = {
    SubjectKind.MESSAGE: MessageRow,
    SubjectKind.ANSWER: AnswerRow,
    SubjectKind.DECISION: Decision,
    SubjectKind.EVENT: Event,
}


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One step: its time, its row (`subject`, such as "inbound:7"), the current state of the row, and a description."""

    at: datetime
    subject: str
    state: str
    text: str
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RelatedRows:
    """Rows that belong together: ledger rows, their tickets, and the causes of jobs and deliveries."""

    inbound: tuple[int, ...]
    tickets: tuple[int, ...]
    causes: tuple[Subject, ...]

    def ids(self, kind: SubjectKind) -> list[int]:
        """Return the ids of the causes of one kind."""
        return [cause.id for cause in self.causes if cause.kind is kind]


def find_emails(session: Session, text: str) -> list[int]:
    """Return the ledger rows for a Message-ID (of a received or a sent email), a SHA-256 or an id, without copies.

    An id is that of a ledger row, or with its kind that of another row, such as "job:7" or "delivery:7".
    """
    kind, _, number = text.partition(":")
    if kind in KINDS and number.isdecimal():
        found: Iterable[int] = _of_row(session, kind, int(number[:18]))
    elif text.isdecimal():
        found = _column(session, InboundRow.id, InboundRow.id == int(text[:18]))
    elif len(text) == SHA256 and "@" not in text:
        found = _column(session, InboundRow.id, InboundRow.sha256 == text.lower())
    else:
        wanted = text if text.startswith("<") else f"<{text}>"
        found = _column(session, InboundRow.id, InboundRow.message_id.in_([wanted, text]))
        found = [*found, *_caused(session, wanted)]
    originals = (row.duplicate_of or row.id for row in _rows(session, InboundRow, InboundRow.id.in_(list(found))))
    return list(dict.fromkeys(originals))


def emails_of(session: Session, ticket_id: int) -> list[int]:
    """Return the ledger rows of a ticket, without copies."""
    return _column(session, InboundRow.id, (InboundRow.ticket_id == ticket_id) & InboundRow.duplicate_of.is_(None))


def timeline(session: Session, emails: Iterable[int]) -> list[TimelineEntry]:
    """Return everything that happened to these ledger rows, in order of time."""
    related = _related_rows(session, tuple(emails))
    deliveries = _rows(session, DeliveryRow, DeliveryRow.cause.in_(related.causes))
    # An answer that does not reach a customer leads to an email to the team.
    failed = [Subject(SubjectKind.DELIVERY, row.id) for row in deliveries]
    deliveries += _rows(session, DeliveryRow, DeliveryRow.cause.in_(failed))
    events = _events(session, related, [d.id for d in deliveries])
    deliveries += _rows(session, DeliveryRow, DeliveryRow.id.in_(_missing(events, deliveries)))
    emails = or_(InboundRow.id.in_(related.inbound), InboundRow.duplicate_of.in_(related.inbound))
    entries = [
        *map(_inbound, _rows(session, InboundRow, emails)),
        *map(_ticket, _rows(session, Ticket, Ticket.id.in_(related.tickets))),
        *map(_message, _rows(session, MessageRow, MessageRow.id.in_(related.ids(SubjectKind.MESSAGE)))),
        *map(_decision, _rows(session, Decision, Decision.id.in_(related.ids(SubjectKind.DECISION)))),
        *map(_answer, _rows(session, AnswerRow, AnswerRow.id.in_(related.ids(SubjectKind.ANSWER)))),
        *map(
            _job,
            _rows(
                session,
                Job,
                Job.subject.in_([*related.causes, *(Subject(SubjectKind.DELIVERY, d.id) for d in deliveries)]),
            ),
        ),
        *map(_delivery, deliveries),
        *map(_event, events),
    ]
    return sorted(entries, key=lambda entry: entry.at)


def _of_row(session: Session, kind: str, number: int) -> Iterator[int]:
    """Yield the ledger rows behind a row; those of a job are behind the row that it is about."""
    subjects = jobs.subjects(session, [number]) if kind == JOB else [Subject(SubjectKind(kind), number)]
    for subject in subjects:
        if subject.kind is SubjectKind.TICKET:
            yield from emails_of(session, subject.id)
        elif subject.kind is SubjectKind.INBOUND:
            yield subject.id
        else:
            yield from _emails_behind(session, subject)


def _caused(session: Session, message_id: str) -> Iterator[int]:
    """Yield the ledger rows that led to an email that we sent."""
    for cause in _column(session, DeliveryRow.cause, DeliveryRow.message_id == message_id):
        yield from _emails_behind(session, cause)


def _emails_behind(session: Session, cause: Subject) -> Iterator[int]:
    """Yield the ledger rows that led to a cause: its email, else the one that opened its ticket."""
    if cause.kind is SubjectKind.DELIVERY:
        for earlier in _column(session, DeliveryRow.cause, DeliveryRow.id == cause.id):
            if earlier.kind is not SubjectKind.DELIVERY:
                yield from _emails_behind(session, earlier)
        return
    own = {SubjectKind.MESSAGE: MessageRow.id == cause.id, SubjectKind.ANSWER: _holds_answer(cause.id)}
    emails = _column(session, MessageRow.inbound_id, own[cause.kind]) if cause.kind in own else []
    yield from emails
    table = TABLES_WITH_TICKETS.get(cause.kind)
    if table is not None and not emails:
        for ticket_id in _column(session, table.ticket_id, table.id == cause.id):
            yield from emails_of(session, ticket_id)[:1]


def _holds_answer(answer_id: int) -> ColumnElement[bool]:
    return MessageRow.id == select(AnswerRow.message_id).where(AnswerRow.id == answer_id).scalar_subquery()


def _related_rows(session: Session, emails: tuple[int, ...]) -> RelatedRows:
    """Return what ledger rows led to. The email that opened a ticket also led to the decisions on it."""
    causes = [Subject(SubjectKind.INBOUND, number) for number in emails]
    tickets: list[int] = []
    for message in _rows(session, MessageRow, MessageRow.inbound_id.in_(emails)):
        causes.append(Subject(SubjectKind.MESSAGE, message.id))
        answered = AnswerRow.message_id == message.id
        # Where tickets were merged, the email is on another ticket than the one that it opened.
        own = message.moved_from_id or message.ticket_id
        tickets += [own, message.ticket_id]
        if _opening(session, message) == message.id:
            decided = _column(session, Decision.id, Decision.ticket_id == own)
            happened = _column(session, Event.id, Event.ticket_id == own)
            causes.append(Subject(SubjectKind.TICKET, own))
            # What came by no email, such as an answer from the command line.
            unsent = select(MessageRow.id).where(*_beside(message), MessageRow.inbound_id.is_(None))
            causes += [
                Subject(SubjectKind.MESSAGE, number) for number in session.execute(unsent.limit(MAX_ROWS)).scalars()
            ]
            answered |= AnswerRow.message_id.in_(unsent)
            causes += [Subject(SubjectKind.DECISION, number) for number in decided]
            causes += [Subject(SubjectKind.EVENT, number) for number in happened]
        causes += [Subject(SubjectKind.ANSWER, number) for number in _column(session, AnswerRow.id, answered)]
    return RelatedRows(emails, tuple(dict.fromkeys(tickets)), tuple(causes))


def _opening(session: Session, message: MessageRow) -> int | None:
    first = select(MessageRow.id).where(*_beside(message)).order_by(MessageRow.id).limit(1)
    return session.execute(first).scalar_one_or_none()


def _beside(message: MessageRow) -> tuple[ColumnElement[bool], ...]:
    """Return the condition for the messages of a ticket, also where it was merged into another."""
    moved = MessageRow.moved_from_id.is_not_distinct_from(message.moved_from_id)
    return MessageRow.ticket_id == message.ticket_id, moved


def _events(session: Session, related: RelatedRows, deliveries: list[int]) -> list[Event]:
    opened = related.ids(SubjectKind.TICKET)
    return _rows(session, Event, is_about(opened, related.inbound, deliveries))


def is_about(
    tickets: Collection[int], inbound: Collection[int], deliveries: Collection[int] = ()
) -> ColumnElement[bool]:
    """Return the condition for events about any of these rows; not an OR, which would scan all events."""
    columns = ((Event.ticket_id, tickets), (Event.inbound_id, inbound), (Event.delivery_id, deliveries))
    return Event.id.in_(union(*(select(Event.id).where(column.in_(numbers)) for column, numbers in columns)))


def _missing(events: list[Event], deliveries: list[DeliveryRow]) -> list[int]:
    """Return the deliveries that events refer to, such as bounces, and that are not in the list."""
    there = {row.id for row in deliveries}
    return [event.delivery_id for event in events if event.delivery_id and event.delivery_id not in there]


def _inbound(row: InboundRow) -> TimelineEntry:
    sender = "<>" if row.mail_from == "" else row.mail_from or "an unknown sender"
    text = f"{row.size} bytes by {row.source} from {row.peer}, {sender} to {', '.join(row.rcpt_tos) or 'no recipient'}"
    return TimelineEntry(
        row.received_at,
        f"inbound:{row.id}",
        row.disposition,
        f"{text}, Message-ID {row.message_id or 'none'}",
        tuple(row.reasons),
    )


def _ticket(row: Ticket) -> TimelineEntry:
    now = f"now {row.category} / {row.priority}, with {row.assigned_team or 'nobody yet'}"
    return TimelineEntry(row.created_at, f"ticket:{row.id}", row.status, f"{row.reference} opened; {now}")


def _message(row: MessageRow) -> TimelineEntry:
    proof = "authenticated" if row.verified else "not authenticated"
    answer = "may be acknowledged" if row.acknowledge else "is not acknowledged"
    return TimelineEntry(
        row.created_at,
        f"message:{row.id}",
        row.kind,
        f"joined ticket:{row.ticket_id}; sender {proof}; {answer}",
        tuple(row.authentication or ()),
    )


def _decision(row: Decision) -> TimelineEntry:
    who = " ".join(filter(None, (row.by, row.actor or row.rule or row.model)))
    text = f"{row.category} / {row.priority} with confidence {row.confidence:.2f}, to {row.team}"
    return TimelineEntry(row.at, f"decision:{row.id}", f"by {who}", text, tuple(row.reasons))


def _answer(row: AnswerRow) -> TimelineEntry:
    text = f"answer of {row.author} for {row.team or 'no team'} to {', '.join(row.recipients) or 'nobody'}"
    return TimelineEntry(row.settled_at or row.created_at, f"answer:{row.id}", row.state, text, tuple(row.reasons))


def _job(row: Job) -> TimelineEntry:
    took = f", done after {(row.finished_at - row.created_at).total_seconds():.3f} s" if row.finished_at else ""
    error = (f"last error: {row.last_error}",) if row.last_error else ()
    # A job that may run at once is due since 1970.
    waits = row.state == jobs.JobState.READY and row.due_at > row.created_at
    due = f", due at {row.due_at:%Y-%m-%d %H:%M:%S} UTC" if waits else ""
    text = f"{row.kind} {row.subject}, {_attempts(row.attempts)}{took}{due}"
    return TimelineEntry(row.created_at, f"job:{row.id}", row.state, text, error)


def _delivery(row: DeliveryRow) -> TimelineEntry:
    text = (
        f"{row.kind} to {row.recipient} because of {row.cause}, {_attempts(row.attempts)}, Message-ID {row.message_id}"
    )
    return TimelineEntry(
        row.sent_at or row.created_at, f"delivery:{row.id}", row.state, text, (row.reason,) if row.reason else ()
    )


def _attempts(number: int) -> str:
    return "1 attempt" if number == 1 else f"{number} attempts"


def _event(row: Event) -> TimelineEntry:
    facts = ", ".join(f"{key}: {value}" for key, value in row.data.items() if value)
    return TimelineEntry(row.at, f"event:{row.id}", row.kind, facts)


def _rows(session: Session, table: Any, condition: Any) -> list[Any]:  # noqa: ANN401 - any table of ours
    return list(session.execute(select(table).where(condition).order_by(table.id).limit(MAX_ROWS)).scalars())


def _column(session: Session, column: Any, condition: Any) -> list[Any]:  # noqa: ANN401 - any column of ours
    found = select(column).where(condition, column.is_not(None)).order_by(column).limit(MAX_ROWS)
    return list(session.execute(found).scalars())
