"""Answers: one row for each email, request or command by which a team member answers a customer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, Select, bindparam, func, insert, select, update
from sqlalchemy.orm import Session

from daemon.facts import is_authors
from daemon.store.models import AnswerRow, DeliveryRow, MessageRow, Person, Ticket
from daemon.store.sql import count_up_to, table
from daemon.store.tickets import SELECT_PARTIES
from daemon.vocabulary import AnswerState, MailKind, MessageRole, SenderKind, Status

# More answers of one ticket than these are not counted.
MAX_COUNTED: Final = 1000

ANSWER, TICKET, MESSAGE = table(AnswerRow), table(Ticket), table(MessageRow)
DELIVERY, PERSON = table(DeliveryRow), table(Person)
# Two members who answer or act on one ticket at the same time wait for each other here.
LOCK_TICKET = (
    select(
        *(TICKET.c[name] for name in ("id", "reference", "status", "assigned_team", "taken_by", "first_answer_at")),
        TICKET.c.merged_into_id,
        PERSON.c.email.label("requester"),
        PERSON.c.verified_at.label("requester_verified"),
    )
    .select_from(TICKET.outerjoin(PERSON, PERSON.c.id == TICKET.c.requester_id))
    .where(TICKET.c.id == bindparam("ticket"))
    .with_for_update(of=TICKET)
)
SELECT_ANSWER = select(ANSWER).where(ANSWER.c.id == bindparam("answer"))
SELECT_OF_TICKET: Select[Any] = (
    select(ANSWER.c.id, ANSWER.c.state, ANSWER.c.reasons, ANSWER.c.recipients)
    .where(ANSWER.c.ticket_id == bindparam("ticket"))
    .order_by(ANSWER.c.id)
)
SELECT_OF_MESSAGE = select(ANSWER.c.id, ANSWER.c.state).where(ANSWER.c.message_id == bindparam("message"))
SELECT_HELD = (
    select(ANSWER.c.id)
    .where(ANSWER.c.ticket_id == bindparam("ticket"), ANSWER.c.state == AnswerState.HELD)
    .where(ANSWER.c.author == bindparam("author"))
    .order_by(ANSWER.c.id.desc())
    .limit(MAX_COUNTED)
)
NEWEST_DELIVERY = select(func.max(DELIVERY.c.id)).where(DELIVERY.c.ticket_id == bindparam("ticket"))
SELECT_LAST_EMAIL = (
    select(
        MESSAGE.c.inbound_id,
        PERSON.c.email.label("author"),
        MESSAGE.c.verified,
        MESSAGE.c.authentication,
        PERSON.c.verified_at,
    )
    .select_from(MESSAGE.outerjoin(PERSON, PERSON.c.id == MESSAGE.c.person_id))
    .where(MESSAGE.c.ticket_id == bindparam("ticket"), MESSAGE.c.role == MessageRole.CUSTOMER)
    .where(MESSAGE.c.kind == SenderKind.PERSON, MESSAGE.c.inbound_id.is_not(None))
    .order_by(MESSAGE.c.id.desc())
    .limit(1)
)


@dataclass(frozen=True, slots=True)
class LockedTicket:
    """A ticket that nobody else answers until this transaction ends. `trusted`: the requester proved to read mail."""

    id: int
    reference: str
    status: Status
    team: str | None
    taken_by: str | None
    first_answer_at: datetime | None
    merged_into_id: int | None
    requester: str | None
    trusted: bool


@dataclass(frozen=True, slots=True)
class KnownAnswer:
    """An answer that exists already, and its state."""

    id: int
    state: AnswerState


@dataclass(frozen=True, slots=True)
class CustomerEmail:
    """An email of a customer by its ledger row.

    `trusted` says that it is trusted to be its author's (`daemon.facts.is_authors`).
    """

    inbound_id: int
    author: str | None
    trusted: bool


@dataclass(frozen=True, slots=True)
class NewAnswerRow:
    """An answer to store; the fields are those of `AnswerRow`."""

    ticket_id: int
    message_id: int
    state: AnswerState
    reasons: Sequence[str]
    author: str
    team: str
    text: str
    html: str
    now: datetime
    return_to: str | None = None
    answers_delivery_id: int | None = None
    recipients: Sequence[str] = ()
    team_copied: bool = False
    inline_parts: Sequence[int] = ()
    file_parts: Sequence[int] = ()
    quotes_customer: bool = False
    after_delivery_id: int | None = None
    before_id: int | None = None


def lock_ticket(session: Session, ticket_id: int) -> LockedTicket:
    """Lock a ticket until the transaction ends; raises LookupError if it does not exist."""
    row = session.execute(LOCK_TICKET, {"ticket": ticket_id}).one_or_none()
    if row is None:
        raise LookupError(f"no ticket {ticket_id} is stored")
    return LockedTicket(
        id=row.id,
        reference=row.reference,
        status=Status(row.status),
        team=row.assigned_team,
        taken_by=row.taken_by,
        first_answer_at=row.first_answer_at,
        merged_into_id=row.merged_into_id,
        requester=row.requester,
        trusted=row.requester_verified is not None,
    )


def of_message(session: Session, message_id: int) -> KnownAnswer | None:
    """Return the answer that a message became already."""
    row = session.execute(SELECT_OF_MESSAGE, {"message": message_id}).one_or_none()
    return KnownAnswer(row.id, AnswerState(row.state)) if row else None


def find(session: Session, answer_id: int) -> Row[Any] | None:
    """Return an answer; lock its ticket first where its state matters."""
    return session.execute(SELECT_ANSWER, {"answer": answer_id}).one_or_none()


def any_sent(session: Session, answer_ids: Sequence[int]) -> bool:
    """Say whether one of these answers was sent."""
    found = select(ANSWER.c.id).where(ANSWER.c.id.in_(answer_ids), ANSWER.c.state == AnswerState.SENT).limit(1)
    return session.execute(found).first() is not None


def of_ticket(session: Session, ticket_id: int) -> Sequence[Row[Any]]:
    """Return what became of each answer on a ticket, the oldest first; their texts are those of its messages."""
    return session.execute(SELECT_OF_TICKET, {"ticket": ticket_id}).all()


def held_of(session: Session, ticket_id: int, author: str) -> Sequence[int]:
    """Return the answers of an author that are held on a ticket, the newest first."""
    return session.execute(SELECT_HELD, {"ticket": ticket_id, "author": author}).scalars().all()


def add(session: Session, new: NewAnswerRow) -> int:
    """Store an answer and return its id."""
    values = {
        "ticket_id": new.ticket_id,
        "message_id": new.message_id,
        "state": new.state,
        "reasons": list(new.reasons),
        "author": new.author,
        "team": new.team,
        "return_to": new.return_to,
        "text": new.text,
        "html": new.html,
        "answers_delivery_id": new.answers_delivery_id,
        "created_at": new.now,
        "settled_at": None if new.state is AnswerState.HELD else new.now,
        "recipients": list(new.recipients),
        "team_copied": new.team_copied,
        "inline_parts": list(new.inline_parts),
        "file_parts": list(new.file_parts),
        "quotes_customer": new.quotes_customer,
        "after_delivery_id": new.after_delivery_id,
        "before_id": new.before_id,
    }
    answer_id: int = session.execute(insert(ANSWER).returning(ANSWER.c.id), values).scalar_one()
    return answer_id


def settle(
    session: Session, answer_id: int, state: AnswerState, now: datetime, *, after_delivery_id: int | None = None
) -> None:
    """Give a held answer its final state."""
    values = {"state": state, "settled_at": now, "after_delivery_id": after_delivery_id}
    session.execute(update(ANSWER).where(ANSWER.c.id == answer_id).values(values))


def newest_delivery(session: Session, ticket_id: int) -> int | None:
    """Return the newest delivery about a ticket."""
    newest: int | None = session.execute(NEWEST_DELIVERY, {"ticket": ticket_id}).scalar_one()
    return newest


def parties(session: Session, ticket_id: int, now: datetime) -> frozenset[str]:
    """Return the addresses of the requester and of everybody who takes part in a ticket now."""
    return frozenset(session.execute(SELECT_PARTIES, {"ticket": ticket_id, "now": now}).scalars())


def last_email(session: Session, ticket_id: int) -> CustomerEmail | None:
    """Return the last email of a customer on a ticket."""
    row = session.execute(SELECT_LAST_EMAIL, {"ticket": ticket_id}).one_or_none()
    if row is None:
        return None
    trusted = is_authors(row.authentication, verified=row.verified, proved_before=row.verified_at is not None)
    return CustomerEmail(row.inbound_id, row.author, trusted)


def returned_since(session: Session, ticket_id: int, recipient: str, after: datetime) -> int:
    """Return the number of emails by which something was returned to a recipient about a ticket after a time."""
    returned = (DELIVERY.c.ticket_id == ticket_id, DELIVERY.c.kind == MailKind.RETURNED)
    return count_up_to(
        session, MAX_COUNTED, *returned, DELIVERY.c.recipient == recipient, DELIVERY.c.created_at > after
    )


def set_role(session: Session, message_id: int, role: MessageRole) -> None:
    """Say what a message of a ticket is."""
    session.execute(update(MESSAGE).where(MESSAGE.c.id == message_id).values(role=role))


def add_message(session: Session, ticket_id: int, text: str, subject: str, role: MessageRole, now: datetime) -> int:
    """Add a message that came by no email, such as from the command line, and return its id."""
    values = {
        "ticket_id": ticket_id,
        "inbound_id": None,
        "kind": SenderKind.PERSON,
        "message_id": "",
        "person_id": None,
        "subject": subject,
        "text": text,
        "acknowledge": False,
        "verified": True,
        "by_team": True,
        "role": role,
        "created_at": now,
    }
    message_id: int = session.execute(insert(MESSAGE).returning(MESSAGE.c.id), values).scalar_one()
    return message_id


def note_sent(session: Session, ticket: LockedTicket, author: str, status: Status, now: datetime) -> None:
    """Write on a ticket that it was answered: its new status, who answers it, and when the first answer was sent."""
    values: dict[str, Any] = {
        "status": status,
        "updated_at": now,
        "taken_by": ticket.taken_by or author,
        "first_answer_at": ticket.first_answer_at or now,
        "wait_until": None,
        "resolved_at": now if status is Status.RESOLVED else None,
    }
    session.execute(update(TICKET).where(TICKET.c.id == ticket.id).values(values))


def subject_of(session: Session, ticket_id: int) -> str:
    """Return the subject of a ticket."""
    subject: str = session.execute(select(TICKET.c.subject).where(TICKET.c.id == ticket_id)).scalar_one()
    return subject


def has_copy(session: Session, ticket_id: int, message_id: int, name: str) -> bool:
    """Say whether a ticket has another message with this Message-ID."""
    same = select(MESSAGE.c.id).where(
        MESSAGE.c.message_id == name, MESSAGE.c.ticket_id == ticket_id, MESSAGE.c.id != message_id
    )
    return bool(name) and session.execute(same.limit(1)).first() is not None


def ticket_of_message(session: Session, message_id: int) -> int | None:
    """Return the ticket that a message is on now."""
    found: int | None = session.execute(
        select(MESSAGE.c.ticket_id).where(MESSAGE.c.id == message_id)
    ).scalar_one_or_none()
    return found
