"""The rows that record what happens to tickets, and the events that each is in the feed."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session, aliased

from daemon.store.events import MARKED_AS_SPAM
from daemon.store.merges import MERGED_INTO, SPLIT_FROM
from daemon.store.models import Decision, Event, MessageRow, Ticket
from daemon.vocabulary import MessageRole, Status

# Kinds of rows in the event table that change the status, with the status after it. A row may name both itself.
STATUS_EVENTS: Final[Mapping[str, Status | None]] = {
    "closed": Status.CLOSED,
    "resolved": Status.RESOLVED,
    "opened": Status.OPEN,
    "waiting": Status.WAITING,
    "woken": Status.OPEN,
    MARKED_AS_SPAM: Status.SPAM,
    "opened by an email": Status.OPEN,
    "answer sent": None,
    "answered directly": None,
    MERGED_INTO: Status.CLOSED,
    SPLIT_FROM: None,
}
ANSWERS: Final = frozenset({"answer sent", "answered directly"})


class FeedType(StrEnum):
    """What an event in the feed says."""

    CREATED = "ticket.created"
    DECIDED = "ticket.decided"
    MESSAGE = "ticket.message_received"
    ANSWERED = "ticket.answered"
    STATUS = "ticket.status_changed"
    MERGED = "ticket.merged"
    SPLIT = "ticket.split"


Recorded = tuple[FeedType, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class FeedRow:
    """A row that was read: its table, id, time and ticket, and the events that it records, if any."""

    table: str
    id: int
    at: datetime
    ticket_id: int | None
    events: tuple[Recorded, ...]


def _tickets(session: Session, after: int, limit: int) -> Iterator[FeedRow]:
    query = select(Ticket.id, Ticket.created_at).where(Ticket.id > after).order_by(Ticket.id).limit(limit)
    for row in session.execute(query):
        yield FeedRow("ticket", row.id, row.created_at, row.id, ((FeedType.CREATED, {}),))


def _decisions(session: Session, after: int, limit: int) -> Iterator[FeedRow]:
    query = select(Decision).where(Decision.id > after).order_by(Decision.id).limit(limit)
    for row in session.execute(query).scalars():
        names = ("category", "priority", "confidence", "team", "by", "actor")
        data = {"decision_id": row.id, **{name: getattr(row, name) for name in names}}
        yield FeedRow("decision", row.id, row.at, row.ticket_id, ((FeedType.DECIDED, data),))


def _messages(session: Session, after: int, limit: int) -> Iterator[FeedRow]:
    """Yield messages; those of customers are events, but for the one that opens a ticket."""
    earlier = aliased(MessageRow)
    # What came with a merged ticket was written to that one.
    origin = func.coalesce(MessageRow.moved_from_id, MessageRow.ticket_id)
    same = func.coalesce(earlier.moved_from_id, earlier.ticket_id) == origin
    follows = exists().where(earlier.ticket_id == MessageRow.ticket_id, earlier.id < MessageRow.id, same)
    columns = (MessageRow.id, MessageRow.created_at, MessageRow.role, origin.label("origin"), follows.label("follows"))
    query = select(*columns).where(MessageRow.id > after).order_by(MessageRow.id).limit(limit)
    for row in session.execute(query):
        is_event = row.follows and row.role == MessageRole.CUSTOMER
        events = ((FeedType.MESSAGE, {"message_id": row.id}),) if is_event else ()
        yield FeedRow("message", row.id, row.created_at, row.origin, events)


def _events(session: Session, after: int, limit: int) -> Iterator[FeedRow]:
    query = select(Event).where(Event.id > after).order_by(Event.id).limit(limit)
    for row in session.execute(query).scalars():
        recorded = tuple(_recorded(row.kind, row.data)) if row.ticket_id is not None else ()
        yield FeedRow("event", row.id, row.at, row.ticket_id, recorded)


def _recorded(kind: str, data: Mapping[str, Any]) -> Iterator[Recorded]:
    """Yield what a row of the event table says; what came of an action comes before the change of the status."""
    by = {"actor": data.get("actor") or data.get("member")}
    if kind in ANSWERS:
        yield FeedType.ANSWERED, {"answer_id": data.get("answer"), **by}
    if kind == MERGED_INTO:
        yield FeedType.MERGED, {"into": data.get("other"), "messages": data.get("messages"), **by}
    if kind == SPLIT_FROM:
        yield FeedType.SPLIT, {"from": data.get("other"), "messages": data.get("messages"), **by}
    if kind in STATUS_EVENTS:
        was, status = data.get("was"), data.get("status") or STATUS_EVENTS[kind]
        if status is not None and status != was:
            yield FeedType.STATUS, {"was": was, "status": status, "until": data.get("until"), **by}


TABLES: Final[dict[str, Callable[[Session, int, int], Iterator[FeedRow]]]] = {
    "ticket": _tickets,
    "decision": _decisions,
    "message": _messages,
    "event": _events,
}
