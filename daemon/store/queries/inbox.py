"""What the inbox and the page of a ticket show beside the tickets themselves; every query is bounded."""

import zlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from daemon.store.models import AnswerRow, Decision, InboundRow, MessageRow, Ticket
from daemon.store.sql import count_up_to
from daemon.vocabulary import AnswerState, DecidedBy, Status

# Counted up to here, so that a list of a million tickets costs no more than one of a thousand.
COUNTED: Final = 1000
WORDS: Final = 400
# Where HTML is looked for: in so much of an email as it is stored, and of its bytes. It comes before the files.
HEAD_STORED: Final = 1 << 16
HEAD_BYTES: Final = 1 << 20
# Inside of an S/MIME signature nothing can be found without parsing it.
MAY_BE_HTML: Final = (b"text/html", b"pkcs7-mime")


@dataclass(frozen=True, slots=True)
class LastWords:
    """The beginning of the newest message of a ticket, and its MessageRole."""

    role: str
    text: str


@dataclass(frozen=True, slots=True)
class HeldAnswer:
    """An answer that waits until somebody sends or drops it; `reasons` say why."""

    id: int
    author: str
    text: str
    reasons: tuple[str, ...]


def counts(session: Session, team: str | None) -> dict[Status, int]:
    """Count the tickets in each status, of one team or of all; COUNTED stands for COUNTED or more."""
    return {status: _count(session, status, team) for status in Status}


def _count(session: Session, status: Status, team: str | None) -> int:
    wanted = [Ticket.status == status, *([Ticket.assigned_team == team] if team else [])]
    return count_up_to(session, COUNTED, *wanted)


def last_words(session: Session, message_ids: Collection[int]) -> dict[int, LastWords]:
    """Return the beginnings of messages by id."""
    rows = session.execute(
        select(MessageRow.id, MessageRow.role, func.substr(MessageRow.text, 1, WORDS)).where(
            MessageRow.id.in_(message_ids)
        )
    )
    return {row[0]: LastWords(row[1], row[2]) for row in rows}


def is_empty(session: Session) -> bool:
    """Say whether there is no ticket at all."""
    return session.execute(select(Ticket.id).limit(1)).one_or_none() is None


def held_answers(session: Session, ticket_id: int) -> Sequence[HeldAnswer]:
    """Return the answers on a ticket that are held, the oldest first."""
    rows = session.execute(
        select(AnswerRow)
        .where(AnswerRow.ticket_id == ticket_id, AnswerRow.state == AnswerState.HELD)
        .order_by(AnswerRow.id)
        .limit(20)
    ).scalars()
    return [HeldAnswer(row.id, row.author, row.text, tuple(row.reasons)) for row in rows]


def with_html(session: Session, inbound_ids: Collection[int]) -> set[int]:
    """Return the emails that may have HTML, as the beginning of their bytes says; duplicates are left out."""
    head = func.substr(InboundRow.raw, 1, HEAD_STORED)
    rows = session.execute(
        select(InboundRow.id, head).where(InboundRow.id.in_(inbound_ids), InboundRow.raw.is_not(None))
    )
    return {row[0] for row in rows if _may_be_html(row[1])}


def _may_be_html(stored: bytes) -> bool:
    raw = zlib.decompressobj().decompress(stored, HEAD_BYTES).lower()
    return any(sign in raw for sign in MAY_BE_HTML)


def authors_of_answers(session: Session, message_ids: Collection[int]) -> dict[int, tuple[str, str]]:
    """Return who wrote answers, and their AnswerState, by the message that holds them."""
    rows = session.execute(
        select(AnswerRow.message_id, AnswerRow.author, AnswerRow.state).where(AnswerRow.message_id.in_(message_ids))
    )
    return {row[0]: (row[1], row[2]) for row in rows}


def place_of_message(session: Session, message_id: int) -> tuple[int, int | None] | None:
    """Return the ticket of a message and the email that it came as; None: there is no such message."""
    row = session.execute(
        select(MessageRow.ticket_id, MessageRow.inbound_id).where(MessageRow.id == message_id)
    ).one_or_none()
    return (row[0], row[1]) if row else None


def team_of(session: Session, ticket_id: int) -> str | None:
    """Return the team that has a ticket."""
    return session.execute(select(Ticket.assigned_team).where(Ticket.id == ticket_id)).scalar_one_or_none()


def waiting(session: Session, team: str) -> int:
    """Count the open tickets of a team; COUNTED stands for COUNTED or more."""
    return _count(session, Status.OPEN, team)


def decided_by(session: Session, ticket_id: int) -> str | None:
    """Return the person who made the decision in force; None: a machine did, or there is none."""
    newest = select(Decision.actor, Decision.by).where(Decision.ticket_id == ticket_id).order_by(Decision.id.desc())
    row = session.execute(newest.limit(1)).one_or_none()
    return row.actor if row is not None and row.by == DecidedBy.PERSON else None
