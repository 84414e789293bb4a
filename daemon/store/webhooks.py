"""Webhooks: their endpoints, and how far each was given the feed of events."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from daemon.store.models import WebhookDeliveryRow, WebhookRow
from daemon.store.queries.feed import Cursor

IN_FORCE: Final = (WebhookRow.disabled_at.is_(None), WebhookRow.removed_at.is_(None))
# An endpoint with this many unsent events gets no further ones for now: events wait in the feed at no cost, while
# their jobs would delay those of emails.
MAX_PENDING: Final = 100
COLUMNS: Final = ("name", "url", "events", "created_at", "created_by", "failing_since", "disabled_at")


class WebhookState(StrEnum):
    """Where an event stands for an endpoint. DROPPED: its endpoint was disabled or removed."""

    PENDING = "pending"
    SENT = "sent"
    FAILED = "failed"
    DROPPED = "dropped"


_WAITS: Final = (WebhookDeliveryRow.webhook_id == WebhookRow.id, WebhookDeliveryRow.state == WebhookState.PENDING)
_PENDING: Final = select(func.count(WebhookDeliveryRow.id)).where(*_WAITS).correlate(WebhookRow).scalar_subquery()
_OLDEST: Final = select(func.min(WebhookDeliveryRow.created_at)).where(*_WAITS).correlate(WebhookRow).scalar_subquery()


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An endpoint in force, how far it was given the feed, and the number of events that it was not sent yet."""

    id: int
    events: frozenset[str]
    cursor: Cursor
    pending: int

    @property
    def has_room(self) -> bool:
        """Say whether it may be given more events."""
        return self.pending < MAX_PENDING


@dataclass(frozen=True, slots=True)
class EndpointHealth:
    """How an endpoint does: since when it fails, when the oldest event came that it was not sent, and their number."""

    name: str
    failing_since: datetime | None
    is_disabled: bool
    pending: int
    oldest: datetime | None


def endpoints(session: Session) -> list[Endpoint]:
    """Return the endpoints in force."""
    columns = (WebhookRow.id, WebhookRow.events, WebhookRow.cursor, _PENDING.label("pending"))
    rows = session.execute(select(*columns).where(*IN_FORCE))
    return [Endpoint(row.id, frozenset(row.events), Cursor.parse(row.cursor), row.pending) for row in rows]


def disabled(session: Session) -> list[str]:
    """Return the names of the endpoints that were disabled because they failed."""
    query = select(WebhookRow.name).where(WebhookRow.disabled_at.is_not(None), WebhookRow.removed_at.is_(None))
    return list(session.execute(query.order_by(WebhookRow.name)).scalars())


def health(session: Session) -> list[EndpointHealth]:
    """Return how the endpoints do that were not removed."""
    query = select(WebhookRow, _PENDING, _OLDEST).where(WebhookRow.removed_at.is_(None)).order_by(WebhookRow.name)
    return [
        EndpointHealth(row.name, row.failing_since, row.disabled_at is not None, pending, since)
        for row, pending, since in session.execute(query).all()
    ]


def lines(session: Session) -> list[dict[str, Any]]:
    """Return the endpoints that were not removed, without their secrets, each with its number of pending events."""
    query = select(WebhookRow, _PENDING).where(WebhookRow.removed_at.is_(None)).order_by(WebhookRow.id)
    return [_line(row, pending) for row, pending in session.execute(query).all()]


def line(session: Session, name: str) -> dict[str, Any]:
    """Return one endpoint without its secrets, with its number of pending events; raises LookupError."""
    pending = session.execute(select(_PENDING).select_from(WebhookRow).where(WebhookRow.name == name)).scalar()
    return _line(find(session, name), pending or 0)


def find(session: Session, name: str) -> WebhookRow:
    """Return an endpoint that was not removed; raises LookupError."""
    query = select(WebhookRow).where(WebhookRow.name == name, WebhookRow.removed_at.is_(None))
    row = session.execute(query).scalar_one_or_none()
    if row is None:
        raise LookupError(f"there is no webhook named {name}")
    return row


def lock(session: Session, webhook_id: int) -> WebhookRow:
    """Lock an endpoint until the transaction ends, and return it."""
    return session.get_one(WebhookRow, webhook_id, with_for_update=True)


def _line(row: WebhookRow, pending: int) -> dict[str, Any]:
    return {**{name: getattr(row, name) for name in COLUMNS}, "pending": pending}
