"""What must be known of a ticket to read the email by which a team member answers it; bounded."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from daemon.store import answers, ledger
from daemon.store.models import AnswerRow, DeliveryRow, Event, InboundRow, MessageRow, Person, Ticket
from daemon.store.sql import table
from daemon.vocabulary import (
    AUTHORIZED,
    CORRECTS_ONLY,
    OF_FORMER_TEAM,
    AnswerState,
    MailKind,
    MessageRole,
    Subject,
    SubjectKind,
)

# The newest emails count: an answer quotes one of them.
MAX_EMAILS: Final = 20
MAX_TEXT: Final = 100_000
MAX_QUOTED: Final = 6
TO_TEAMS: Final = (MailKind.NOTIFICATION, MailKind.FOLLOW_UP, MailKind.ANSWERED, MailKind.RETURNED)

MESSAGE, TICKET, PERSON, ANSWER = table(MessageRow), table(Ticket), table(Person), table(AnswerRow)


@dataclass(frozen=True, slots=True)
class SentToTeam:
    """An email of ours to a team or a member, which an answer may quote."""

    kind: MailKind
    cause: Subject
    message_id: str


@dataclass(frozen=True, slots=True)
class MemberEmailFacts:
    """An email of a member with its ticket.

    `author` is its address in lower case. `customers` are the requester and the participants, `customer_texts` their
    newest texts. `sent` are our newest emails about the ticket that its answer may quote. `corrects_only` says that its
    author is the lead, who may only correct triage, `of_former_team` that another team had the ticket when it came.
    `sent_texts` are the newest answers that customers got, `own_texts` those of the author that nobody got, `own_notes`
    the author's notes. `tickets` are the ticket and those that were merged into it.
    """

    message_id: int
    ticket_id: int
    team: str | None
    inbound_id: int
    received_at: datetime
    author: str
    raw: bytes
    customers: frozenset[str]
    customer_texts: tuple[str, ...]
    sent: tuple[SentToTeam, ...]
    corrects_only: bool = False
    of_former_team: bool = False
    sent_texts: tuple[str, ...] = ()
    own_texts: tuple[str, ...] = ()
    own_notes: tuple[str, ...] = ()
    tickets: frozenset[int] = frozenset()


def load(session: Session, message_ids: Sequence[int]) -> list[MemberEmailFacts | None]:
    """Return what is known of each email, in order; None where it has an answer already, or no email is stored."""
    return [_load(session, message_id) for message_id in message_ids]


def _load(session: Session, message_id: int) -> MemberEmailFacts | None:
    row = session.execute(
        select(
            MESSAGE.c.ticket_id,
            MESSAGE.c.inbound_id,
            TICKET.c.assigned_team,
            PERSON.c.email,
            InboundRow.received_at,
        )
        .select_from(MESSAGE.join(TICKET, TICKET.c.id == MESSAGE.c.ticket_id))
        .join(InboundRow, InboundRow.id == MESSAGE.c.inbound_id)
        .outerjoin(PERSON, PERSON.c.id == MESSAGE.c.person_id)
        .where(MESSAGE.c.id == message_id)
    ).one_or_none()
    if row is None or answers.of_message(session, message_id) is not None:
        return None
    power = _power(session, row.inbound_id)
    return MemberEmailFacts(
        message_id=message_id,
        ticket_id=row.ticket_id,
        team=row.assigned_team,
        inbound_id=row.inbound_id,
        received_at=row.received_at,
        author=row.email or "",
        raw=ledger.raw_of(session, row.inbound_id),
        customers=answers.parties(session, row.ticket_id, row.received_at),
        customer_texts=_texts(session, row.ticket_id),
        sent=_sent(session, row.ticket_id, message_id),
        corrects_only=CORRECTS_ONLY in power,
        of_former_team=OF_FORMER_TEAM in power,
        sent_texts=_answers(session, row.ticket_id, ANSWER.c.state == AnswerState.SENT),
        own_texts=_answers(
            session, row.ticket_id, ANSWER.c.state != AnswerState.SENT, ANSWER.c.author == (row.email or "")
        ),
        own_notes=_notes(session, row.ticket_id, row.email or "", message_id),
        tickets=frozenset((row.ticket_id, *_merged(session, row.ticket_id))),
    )


def _merged(session: Session, ticket_id: int) -> Iterable[int]:
    """Return the tickets that messages came from by merges."""
    origins = select(MESSAGE.c.moved_from_id).distinct().where(MESSAGE.c.ticket_id == ticket_id)
    return session.execute(origins.where(MESSAGE.c.moved_from_id.is_not(None))).scalars()


def _power(session: Session, inbound_id: int) -> frozenset[str]:
    """Return what limits the power of an email, as decided when it came: lead and team may have changed since."""
    found = select(Event.data).where(Event.inbound_id == inbound_id, Event.kind == AUTHORIZED)
    return frozenset(key for data in session.execute(found).scalars() for key, value in data.items() if value is True)


def _texts(session: Session, ticket_id: int) -> tuple[str, ...]:
    found = (
        select(func.substr(MESSAGE.c.text, 1, MAX_TEXT))
        .where(MESSAGE.c.ticket_id == ticket_id, MESSAGE.c.role == MessageRole.CUSTOMER)
        .order_by(MESSAGE.c.id.desc())
        .limit(MAX_EMAILS)
    )
    return tuple(session.execute(found).scalars())


def _answers(session: Session, ticket_id: int, *which: ColumnElement[bool]) -> tuple[str, ...]:
    found = (
        select(func.substr(ANSWER.c.text, 1, MAX_TEXT))
        .where(ANSWER.c.ticket_id == ticket_id, *which)
        .order_by(ANSWER.c.id.desc())
        .limit(MAX_EMAILS)
    )
    return tuple(session.execute(found).scalars())


def _notes(session: Session, ticket_id: int, author: str, message_id: int) -> tuple[str, ...]:
    found = (
        select(func.substr(MESSAGE.c.text, 1, MAX_TEXT))
        .join(PERSON, PERSON.c.id == MESSAGE.c.person_id)
        .where(MESSAGE.c.ticket_id == ticket_id, MESSAGE.c.role == MessageRole.NOTE, PERSON.c.email == author)
        .where(MESSAGE.c.id != message_id)
        .order_by(MESSAGE.c.id.desc())
        .limit(MAX_EMAILS)
    )
    return tuple(session.execute(found).scalars())


def _sent(session: Session, ticket_id: int, message_id: int) -> tuple[SentToTeam, ...]:
    # What we sent about the email itself, to the team that has the ticket now, shows its words: they are not ours.
    about_it = Subject(SubjectKind.MESSAGE, message_id)
    found = (
        select(DeliveryRow.kind, DeliveryRow.cause, DeliveryRow.message_id)
        .where(DeliveryRow.ticket_id == ticket_id, DeliveryRow.kind.in_(TO_TEAMS), DeliveryRow.cause != about_it)
        .order_by(DeliveryRow.id.desc())
        .limit(MAX_QUOTED)
    )
    return tuple(SentToTeam(MailKind(row.kind), row.cause, row.message_id) for row in session.execute(found))
