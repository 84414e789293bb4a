"""Decisions on tickets: kept for ever, the newest in force."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.orm import Session

from daemon.store.models import Decision, MessageRow, Ticket, table, unindexed
from daemon.ticket import PENDING, Triage

DECISION = table(Decision)
TICKET = table(Ticket)
MESSAGE = table(MessageRow)
INSERT = insert(DECISION).returning(DECISION.c.id)
NEWEST = select(func.max(DECISION.c.id)).where(DECISION.c.ticket_id == bindparam("ticket"))
FIRST_TEXT = (
    select(MESSAGE.c.subject, MESSAGE.c.reply, MESSAGE.c.text, MESSAGE.c.inbound_id)
    .where(MESSAGE.c.ticket_id == bindparam("ticket"))
    .order_by(MESSAGE.c.id)
    .limit(1)
)
ENFORCE = (
    update(TICKET)
    .where(TICKET.c.id == bindparam("ticket"))
    .values(
        category=bindparam("to_category"),
        priority=bindparam("to_priority"),
        confidence=bindparam("to_confidence"),
        assigned_team=bindparam("to_team"),
        updated_at=bindparam("now"),
    )
)

# A ticket whose triage was given up and is tried again has a decision already: its people have been told of that one.
ENFORCE_FIRST = ENFORCE.where(unindexed(TICKET.c.category) == PENDING).returning(
    NEWEST.scalar_subquery().label("before")
)


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
    row = session.execute(FIRST_TEXT, {"ticket": ticket_id}).one_or_none()
    return Text(ticket_id, row.subject, row.reply, row.text, row.inbound_id) if row else None


def apply_first(session: Session, ticket_id: int, triage: Triage, now: datetime, *, by: str) -> int | None:
    """Put a decision on a PENDING ticket in force and return its id; None where somebody decided before."""
    pending = session.execute(ENFORCE_FIRST, _in_force(ticket_id, triage, now)).one_or_none()
    if pending is None:
        return None
    return _record(session, ticket_id, triage, now, by=by, actor=None, replaces=pending.before)


def apply(session: Session, ticket_id: int, triage: Triage, now: datetime, *, by: str, actor: str | None) -> int:
    """Record a decision that replaces the one before, put it in force, and return its id."""
    before = session.execute(NEWEST, {"ticket": ticket_id}).scalar_one_or_none()
    session.execute(ENFORCE, _in_force(ticket_id, triage, now))
    return _record(session, ticket_id, triage, now, by=by, actor=actor, replaces=before)


def _in_force(ticket_id: int, triage: Triage, now: datetime) -> dict[str, Any]:
    return {
        "ticket": ticket_id,
        "to_category": triage.category,
        "to_priority": triage.priority,
        "to_confidence": triage.confidence,
        "to_team": triage.team,
        "now": now,
    }


def _record(
    session: Session,
    ticket_id: int,
    triage: Triage,
    now: datetime,
    *,
    by: str,
    actor: str | None,
    replaces: int | None,
) -> int:
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
        "replaces": replaces,
    }
    return int(session.execute(INSERT, row).scalar_one())


def newest(session: Session, ticket_id: int) -> Decision | None:
    """Return the decision in force on a ticket."""
    return session.execute(
        select(Decision).where(Decision.ticket_id == ticket_id).order_by(Decision.id.desc()).limit(1)
    ).scalar_one_or_none()
