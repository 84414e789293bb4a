"""Decisions on tickets: kept for ever, the newest in force."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from daemon.store.models import Decision, MessageRow, Ticket, table
from daemon.ticket import PENDING, Triage

DECISION = table(Decision)
INSERT = insert(DECISION).returning(DECISION.c.id)


@dataclass(frozen=True, slots=True)
class Text:
    """What triage reads of a ticket: subject, new text and full text of its first mail, and where that mail is kept."""

    ticket_id: int
    subject: str
    reply: str
    text: str
    inbound_id: int | None


def text_of(session: Session, ticket_id: int) -> Text | None:
    """Return what triage reads of a ticket, or None where there is no such ticket."""
    row = session.execute(
        select(MessageRow.subject, MessageRow.reply, MessageRow.text, MessageRow.inbound_id)
        .where(MessageRow.ticket_id == ticket_id)
        .order_by(MessageRow.id)
        .limit(1)
    ).one_or_none()
    return Text(ticket_id, row.subject, row.reply, row.text, row.inbound_id) if row else None


def is_pending(session: Session, ticket_id: int) -> bool:
    """Say whether a ticket still waits for its first decision."""
    return session.execute(select(Ticket.category).where(Ticket.id == ticket_id)).scalar_one_or_none() == PENDING


def apply(
    session: Session,
    ticket_id: int,
    triage: Triage,
    now: datetime,
    *,
    by: str,
    actor: str | None = None,
) -> int:
    """Record a decision, put it in force, and return its id."""
    before = newest(session, ticket_id)
    row = {
        "ticket_id": ticket_id,
        "at": now,
        "by": by,
        "actor": actor,
        "category": triage.category,
        "priority": triage.priority,
        "confidence": triage.confidence,
        "team": triage.team,
        "reasons": list(triage.reasons),
        "alternatives": [list(pair) for pair in triage.alternatives],
        "rule": triage.rule,
        "model": triage.model,
        "audit": triage.audit,
        "replaces": before.id if before else None,
    }
    decision = session.execute(INSERT, row).scalar_one()
    session.execute(
        update(Ticket)
        .where(Ticket.id == ticket_id)
        .values(
            category=triage.category,
            priority=triage.priority,
            confidence=triage.confidence,
            assigned_team=triage.team,
            updated_at=now,
        )
    )
    return int(decision)


def newest(session: Session, ticket_id: int) -> Decision | None:
    """Return the decision in force on a ticket."""
    return session.execute(
        select(Decision).where(Decision.ticket_id == ticket_id).order_by(Decision.id.desc()).limit(1)
    ).scalar_one_or_none()
