"""Decisions on tickets: all are kept, the newest is in force."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.orm import Session

from daemon.mail.reply.boilerplate import Block
from daemon.store.models import Decision, MessageRow, Person, Ticket
from daemon.store.sql import BulkInsert, table, unindexed
from daemon.store.vectors import NewVector
from daemon.vocabulary import PENDING, DecidedBy, Triage

DECISION = table(Decision)
TICKET = table(Ticket)
MESSAGE = table(MessageRow)
PERSON = table(Person)
INSERT_DECISIONS = BulkInsert.to(DECISION)
SELECT_NEWEST = select(func.max(DECISION.c.id)).where(DECISION.c.ticket_id == bindparam("ticket"))
SELECT_FIRST_MESSAGES = (
    select(func.min(MESSAGE.c.id))
    # What came with a merged ticket is not its own.
    .where(MESSAGE.c.ticket_id.in_(bindparam("tickets", expanding=True)), MESSAGE.c.moved_from_id.is_(None))
    .group_by(MESSAGE.c.ticket_id)
)
# Triage reads this many characters at most: a batch of emails with megabytes of text would fill the memory.
MAX_READ = 100_000
SELECT_FIRST_TEXTS = select(
    MESSAGE.c.ticket_id,
    MESSAGE.c.subject,
    func.substr(MESSAGE.c.text, 1, MAX_READ).label("text"),
    MESSAGE.c.inbound_id,
    select(TICKET.c.language).where(TICKET.c.id == MESSAGE.c.ticket_id).scalar_subquery().label("language"),
    select(TICKET.c.address).where(TICKET.c.id == MESSAGE.c.ticket_id).scalar_subquery().label("address"),
    select(PERSON.c.email).where(PERSON.c.id == MESSAGE.c.person_id).scalar_subquery().label("sender"),
).where(MESSAGE.c.id.in_(SELECT_FIRST_MESSAGES))
UPDATE_TICKET = (
    update(TICKET)
    .where(TICKET.c.id == bindparam("ticket"))
    .values(
        category=bindparam("to_category"),
        priority=bindparam("to_priority"),
        confidence=bindparam("to_confidence"),
        assigned_team=bindparam("to_team"),
        # What the email declares stays.
        language=func.coalesce(func.nullif(TICKET.c.language, ""), bindparam("to_language")),
        updated_at=bindparam("now"),
    )
)

# A ticket whose triage was given up and is tried again has a decision already, and its team was notified of that one.
SELECT_REPLACED = select(func.max(DECISION.c.id)).where(DECISION.c.ticket_id == TICKET.c.id).correlate(TICKET)
SELECT_PENDING = (
    select(TICKET.c.id, SELECT_REPLACED.scalar_subquery().label("before"))
    .where(TICKET.c.id.in_(bindparam("tickets", expanding=True)), unindexed(TICKET.c.category) == PENDING)
    .with_for_update()
)


@dataclass(frozen=True, slots=True)
class TriageText:
    """What triage reads of a ticket: subject and start of the text of its first email, its ledger row and language.

    `address` is the one of our addresses that it was written to, "" where unknown. `sender` wrote it.
    """

    ticket_id: int
    subject: str
    text: str
    inbound_id: int | None
    language: str
    address: str
    sender: str | None


@dataclass(frozen=True, slots=True)
class NewDecision:
    """A decision of `by` (rule, model, fallback) on a ticket, and the language of its email, if found.

    `blocks` may be boilerplate of the sender's `domain`, a short hash; the blocks of `left_out` are. `vector` is the
    meaning of the email, if an encoder was asked for it.
    """

    ticket_id: int
    triage: Triage
    by: DecidedBy
    at: datetime
    language: str = ""
    domain: str = ""
    blocks: tuple[Block, ...] = ()
    left_out: tuple[str, ...] = ()
    vector: NewVector | None = None


def text_of(session: Session, ticket_id: int) -> TriageText | None:
    """Return what triage reads of a ticket, None where there is no such ticket."""
    return texts_of(session, [ticket_id])[0]


def texts_of(session: Session, ticket_ids: Sequence[int]) -> list[TriageText | None]:
    """Return what triage reads of each ticket, in order; None where there is no such ticket."""
    rows = session.execute(SELECT_FIRST_TEXTS, {"tickets": ticket_ids})
    found = {row.ticket_id: TriageText(*row) for row in rows}
    return [found.get(ticket_id) for ticket_id in ticket_ids]


def apply_first(session: Session, decided: Sequence[NewDecision]) -> list[int | None]:
    """Put decisions on PENDING tickets in force and return their ids, in order; None where somebody decided before."""
    pending = session.execute(SELECT_PENDING, {"tickets": [one.ticket_id for one in decided]})
    before = {row.id: row.before for row in pending}
    fresh: dict[int, NewDecision] = {}
    for one in decided:
        if one.ticket_id in before:
            fresh.setdefault(one.ticket_id, one)
    if not fresh:
        return [None] * len(decided)
    session.execute(UPDATE_TICKET, [_in_force(i, one.triage, one.at, one.language) for i, one in fresh.items()])
    rows = [_row(i, one.triage, one.at, by=one.by, actor=None, replaces=before[i]) for i, one in fresh.items()]
    ids = dict(zip(fresh, INSERT_DECISIONS.rows(session, rows), strict=True))
    return [ids[one.ticket_id] if fresh.get(one.ticket_id) is one else None for one in decided]


def apply(session: Session, ticket_id: int, triage: Triage, now: datetime, *, by: DecidedBy, actor: str | None) -> int:
    """Record a decision that replaces the one before, put it in force, and return its id."""
    before = session.execute(SELECT_NEWEST, {"ticket": ticket_id}).scalar_one_or_none()
    session.execute(UPDATE_TICKET, _in_force(ticket_id, triage, now))
    return INSERT_DECISIONS.rows(session, [_row(ticket_id, triage, now, by=by, actor=actor, replaces=before)])[0]


def _in_force(ticket_id: int, triage: Triage, now: datetime, language: str = "") -> dict[str, Any]:
    return {
        "ticket": ticket_id,
        "to_category": triage.category,
        "to_priority": triage.priority,
        "to_confidence": triage.confidence,
        "to_team": triage.team,
        "to_language": language,
        "now": now,
    }


def _row(
    ticket_id: int, triage: Triage, now: datetime, *, by: DecidedBy, actor: str | None, replaces: int | None
) -> dict[str, Any]:
    return {
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


def had_team(session: Session, ticket_id: int, teams: Collection[str]) -> bool:
    """Say whether one of these teams had a ticket at any time."""
    found = select(DECISION.c.id).where(DECISION.c.ticket_id == ticket_id, unindexed(DECISION.c.team).in_(teams))
    return session.execute(found.limit(1)).first() is not None


def newest(session: Session, ticket_id: int) -> Decision | None:
    """Return the decision in force on a ticket."""
    return session.execute(
        select(Decision).where(Decision.ticket_id == ticket_id).order_by(Decision.id.desc()).limit(1)
    ).scalar_one_or_none()
