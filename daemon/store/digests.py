"""Digests: one email to a team instead of the notifications past its limit."""

from collections.abc import Collection
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, case, func, select
from sqlalchemy.orm import Session

from daemon.snapshots import DigestLine, DigestSnapshot
from daemon.store.deliveries import DeliveryState
from daemon.store.models import Decision, DeliveryRow, Person, Ticket
from daemon.store.sql import table, unindexed
from daemon.vocabulary import MailKind, Priority

MAX_LINES: Final = 50

DELIVERY, TICKET, PERSON, DECISION = table(DeliveryRow), table(Ticket), table(Person), table(Decision)
# An attempt that is under way, or whose worker died, may have listed the tickets already; a digest that was refused is
# composed again. Locked, so that no attempt begins before the notifications that join are there for it to list.
SELECT_OPEN = (
    select(DELIVERY.c.recipient, DELIVERY.c.id)
    .where(DELIVERY.c.mailbox.in_(bindparam("mailboxes", expanding=True)), DELIVERY.c.kind == MailKind.DIGEST)
    .where(DELIVERY.c.created_at > bindparam("after"), unindexed(DELIVERY.c.state) == DeliveryState.PLANNED)
    .where(DELIVERY.c.unended == 0)
    .order_by(DELIVERY.c.id)
    .with_for_update()
)
LISTED = (
    select(DELIVERY.c.ticket_id, func.max(DELIVERY.c.kind).label("kind"))
    .where(DELIVERY.c.digest_id == bindparam("digest"))
    .group_by(DELIVERY.c.ticket_id)
    .subquery()
)
COUNT_TICKETS = select(func.count()).select_from(LISTED)
NEWEST = select(func.max(DECISION.c.id)).where(DECISION.c.ticket_id == TICKET.c.id).correlate(TICKET)
URGENCY = case({priority: rank for rank, priority in enumerate(Priority)}, value=TICKET.c.priority, else_=len(Priority))
SELECT_LINES = (
    select(
        *(TICKET.c[name] for name in ("id", "reference", "priority", "category", "subject")),
        *(TICKET.c[name] for name in ("assigned_team", "address", "confidence")),
        DECISION.c.alternatives,
        PERSON.c.email.label("requester"),
        LISTED.c.kind,
    )
    .select_from(LISTED.join(TICKET, TICKET.c.id == LISTED.c.ticket_id))
    .outerjoin(PERSON, PERSON.c.id == TICKET.c.requester_id)
    .outerjoin(DECISION, DECISION.c.id == NEWEST.scalar_subquery())
    .order_by(URGENCY, TICKET.c.id)
    .limit(MAX_LINES)
)


def lock_open_digests(session: Session, mailboxes: Collection[str], after: datetime) -> dict[str, int]:
    """Lock and return the digests since a time that notifications can still join, by recipient.

    Until the transaction ends, no attempt begins.
    """
    rows = session.execute(SELECT_OPEN, {"mailboxes": list(mailboxes), "after": after})
    return {row.recipient: row.id for row in rows}


def load(session: Session, digest_id: int) -> DigestSnapshot:
    """Return what a digest lists."""
    rows = session.execute(SELECT_LINES, {"digest": digest_id})
    lines = tuple(
        DigestLine(
            ticket_id=row.id,
            reference=row.reference,
            priority=row.priority,
            category=row.category,
            subject=row.subject,
            requester=row.requester or "",
            new=row.kind == MailKind.NOTIFICATION,
            team=row.assigned_team,
            address=row.address,
            confidence=row.confidence,
            alternatives=tuple((name, share) for name, share in row.alternatives or ()),
        )
        for row in rows
    )
    return DigestSnapshot(lines, session.execute(COUNT_TICKETS, {"digest": digest_id}).scalar_one())
