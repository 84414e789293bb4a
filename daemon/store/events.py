"""Events: what happened and no other row records."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import insert
from sqlalchemy.orm import Session

from daemon.store.models import Event
from daemon.store.sql import table

MARKED_AS_SPAM: Final = "marked as spam"
EVENT = table(Event)
INSERT_EVENT = insert(EVENT).returning(EVENT.c.id)


def add(
    session: Session,
    kind: str,
    now: datetime,
    *,
    ticket_id: int | None = None,
    inbound_id: int | None = None,
    delivery_id: int | None = None,
    **data: object,
) -> int:
    """Add an event about a ticket, an email or a delivery, and return its id; `data` must be serializable as JSON."""
    about = {"ticket_id": ticket_id, "inbound_id": inbound_id, "delivery_id": delivery_id}
    return _insert(session, {"at": now, "kind": kind, "data": data} | about)


def add_to_ticket(session: Session, kind: str, now: datetime, ticket_id: int, data: Mapping[str, object]) -> int:
    """Add an event about a ticket and return its id."""
    about = {"ticket_id": ticket_id, "inbound_id": None, "delivery_id": None}
    return _insert(session, {"at": now, "kind": kind, "data": dict(data)} | about)


def _insert(session: Session, values: Mapping[str, object]) -> int:
    return int(session.execute(INSERT_EVENT, values).scalar_one())
