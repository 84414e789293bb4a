"""Events: what happened and no other row records."""

from datetime import datetime

from sqlalchemy import insert
from sqlalchemy.orm import Session

from daemon.store.models import Event


def add(
    session: Session,
    kind: str,
    now: datetime,
    *,
    ticket_id: int | None = None,
    inbound_id: int | None = None,
    delivery_id: int | None = None,
    **data: object,
) -> None:
    """Add an event about a ticket, an email or a delivery; `data` must be serializable as JSON."""
    values = {
        "at": now,
        "kind": kind,
        "ticket_id": ticket_id,
        "inbound_id": inbound_id,
        "delivery_id": delivery_id,
        "data": data,
    }
    session.execute(insert(Event).values(values))
