"""Read the tickets that wait for a person, and what people decided last; every query is bounded."""

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from daemon.snapshots import WaitingTicket
from daemon.store.events import MARKED_AS_SPAM
from daemon.store.first_message import first_message
from daemon.store.models import Decision, Event, MessageRow, Ticket
from daemon.store.sql import table
from daemon.vocabulary import BY_PEOPLE, DecidedBy, Priority, Status

LENGTH = 2000
NEWEST = 1000
MOST_URGENT = 50


def waiting(session: Session, team: str, number: int) -> list[WaitingTicket]:
    """Return the oldest open tickets of a team, and the urgent ones among its newest, each once and the oldest first.

    Where more tickets wait than are read, those between the oldest and the newest come when they are among the oldest.
    """
    ids = _oldest(session, team, number) | _urgent(session, team)
    # Sorted here: asked for an order, SQLite reads the tickets of all times in that order.
    rows = session.execute(_tickets().where(table(Ticket).c.id.in_(ids)))
    found = sorted(rows, key=lambda row: (row.created_at, row.id))
    return [
        WaitingTicket(
            row.id,
            row.reference,
            row.created_at,
            row.priority == Priority.URGENT,
            # Not every decision was one of the model, and only that one is a probability.
            (row.confidence, *(chance for _, chance in row.alternatives)) if row.by == DecidedBy.MODEL else (),
            f"{row.subject}\n{row.text or ''}",
        )
        for row in found
    ]


def _oldest(session: Session, team: str, number: int) -> set[int]:
    ticket = table(Ticket).c
    theirs = select(ticket.id).where(ticket.assigned_team == team, ticket.status == Status.OPEN)
    return set(session.execute(theirs.order_by(ticket.created_at).limit(number)).scalars())


def _urgent(session: Session, team: str) -> set[int]:
    """Return urgent tickets among the NEWEST of a team, MOST_URGENT at most."""
    ticket = table(Ticket).c
    newest = (
        select(ticket.id, ticket.priority)
        .where(ticket.assigned_team == team, ticket.status == Status.OPEN)
        .order_by(ticket.created_at.desc())
        .limit(NEWEST)
    )
    return set([id_ for id_, priority in session.execute(newest) if priority == Priority.URGENT][-MOST_URGENT:])


def _tickets() -> Select[tuple[object, ...]]:
    """Select tickets with the start of the first email and the last decision that no person made."""
    ticket, decision, message = table(Ticket).c, table(Decision), table(MessageRow)
    last = (
        select(func.max(decision.c.id))
        .where(decision.c.ticket_id == ticket.id, decision.c.by.not_in(BY_PEOPLE))
        .correlate(table(Ticket))
        .scalar_subquery()
    )
    shown = decision.alias("shown")
    return (
        select(
            ticket.id,
            ticket.reference,
            ticket.created_at,
            ticket.priority,
            ticket.subject,
            func.substr(message.c.text, 1, LENGTH).label("text"),
            shown.c.by,
            shown.c.confidence,
            shown.c.alternatives,
        )
        .select_from(table(Ticket))
        .outerjoin(message, message.c.id == first_message(ticket.id))
        .outerjoin(shown, shown.c.id == last)
    )


def taught(session: Session, number: int) -> list[str]:
    """Return the texts of the tickets that people decided last, the newest first."""
    decision, message = table(Decision).c, table(MessageRow).c
    rows = session.execute(
        select(message.subject, func.substr(message.text, 1, LENGTH))
        .select_from(table(Decision))
        .join(table(MessageRow), message.id == first_message(decision.ticket_id))
        .where(decision.by == DecidedBy.PERSON)
        .order_by(decision.id.desc())
        .limit(number)
    )
    return [f"{subject}\n{text}" for subject, text in rows]


def marked_as_spam_by(session: Session, ticket_id: int) -> str | None:
    """Return who marked a ticket as spam, the last time; None: nobody did."""
    marks = select(Event.data).where(Event.ticket_id == ticket_id, Event.kind == MARKED_AS_SPAM)
    newest = session.execute(marks.order_by(Event.id.desc()).limit(1)).scalar_one_or_none()
    return str(newest["actor"]) if newest else None
