"""Webhooks: their endpoints, and the events that each gets."""

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import insert, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from daemon.store import jobs
from daemon.store.jobs import JobKind, NewJob
from daemon.store.models import WebhookDeliveryRow, WebhookRow
from daemon.store.queries import feed
from daemon.store.queries.feed import Cursor, Page
from daemon.vocabulary import Subject, SubjectKind

IN_FORCE: Final = (WebhookRow.disabled_at.is_(None), WebhookRow.removed_at.is_(None))
# An endpoint that fails for so long is disabled.
FAILING_AT_MOST: Final = timedelta(days=3)


class WebhookState(StrEnum):
    """Where an event stands for an endpoint. DROPPED: its endpoint was disabled or removed."""

    PENDING = "pending"
    SENT = "sent"
    FAILED = "failed"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An endpoint in force, and how far it was given the feed."""

    id: int
    events: frozenset[str]
    cursor: Cursor


@dataclass(frozen=True, slots=True)
class WebhookMessage:
    """What one attempt sends; `secrets` sign it, the newest first."""

    delivery_id: int
    webhook_id: int
    name: str
    url: str
    secrets: tuple[str, ...]
    message_id: str
    body: str


def endpoints(session: Session) -> list[Endpoint]:
    """Return the endpoints in force."""
    rows = session.execute(select(WebhookRow.id, WebhookRow.events, WebhookRow.cursor).where(*IN_FORCE))
    return [Endpoint(row.id, frozenset(row.events), Cursor.parse(row.cursor)) for row in rows]


def disabled(session: Session) -> list[str]:
    """Return the names of the endpoints that were disabled because they failed."""
    query = select(WebhookRow.name).where(WebhookRow.disabled_at.is_not(None), WebhookRow.removed_at.is_(None))
    return list(session.execute(query.order_by(WebhookRow.name)).scalars())


def give(session: Session, endpoint: Endpoint, page: Page, now: datetime) -> int:
    """Add the events of a page for an endpoint, with their jobs, and move its cursor; return their number.

    Of several processes that read the same page, one moves the cursor; the others add nothing.
    """
    at = (WebhookRow.id == endpoint.id, WebhookRow.cursor == str(endpoint.cursor), *IN_FORCE)
    moved = session.execute(update(WebhookRow).where(*at).values(cursor=str(page.cursor)))
    if not isinstance(moved, CursorResult) or moved.rowcount != 1:
        return 0
    wanted = [event for event in page.events if str(event.type) in endpoint.events]
    for event, body in zip(wanted, feed.payloads(session, wanted), strict=True):
        row = {
            "webhook_id": endpoint.id,
            "row": event.row,
            "type": str(event.type),
            "message_id": f"msg_{secrets.token_urlsafe(18)}",
            "body": json.dumps(body, separators=(",", ":")),
            "state": WebhookState.PENDING,
            "attempts": 0,
            "answer": "",
            "created_at": now,
        }
        added = insert(WebhookDeliveryRow).values(row).returning(WebhookDeliveryRow.id)
        _add_job(session, session.execute(added).scalar_one(), now)
    return len(wanted)


def message(session: Session, delivery_id: int, now: datetime) -> WebhookMessage | None:
    """Return what a job is to send, None where nothing is: it was sent, or its endpoint gets nothing any more."""
    row = session.execute(
        select(WebhookDeliveryRow, WebhookRow)
        .join(WebhookRow, WebhookRow.id == WebhookDeliveryRow.webhook_id)
        .where(WebhookDeliveryRow.id == delivery_id, WebhookDeliveryRow.state == WebhookState.PENDING, *IN_FORCE)
    ).one_or_none()
    if row is None:
        return None
    sent, to = row[0], row[1]
    signing: tuple[str, ...] = (to.secret,)
    if to.old_secret is not None and to.old_until is not None and now < to.old_until:
        signing += (to.old_secret,)
    return WebhookMessage(sent.id, to.id, to.name, to.url, signing, sent.message_id, sent.body)


def drop(session: Session, delivery_id: int) -> None:
    """Record that a pending event is not sent, because its endpoint gets nothing any more."""
    pending = (WebhookDeliveryRow.id == delivery_id, WebhookDeliveryRow.state == WebhookState.PENDING)
    session.execute(update(WebhookDeliveryRow).where(*pending).values(state=WebhookState.DROPPED))


def succeed(session: Session, sent: WebhookMessage, answer: str, now: datetime) -> None:
    """Record that an endpoint took an event."""
    _record(session, sent.delivery_id, WebhookState.SENT, answer, sent_at=now)
    session.execute(update(WebhookRow).where(WebhookRow.id == sent.webhook_id).values(failing_since=None))


def fail(session: Session, sent: WebhookMessage, answer: str, now: datetime, *, last: bool, gone: bool) -> bool:
    """Record a failed attempt, `last` if there is no further; return whether the endpoint was disabled for it.

    `gone` says that the endpoint does not want to be called again.
    """
    _record(session, sent.delivery_id, WebhookState.FAILED if last else WebhookState.PENDING, answer)
    row = session.get_one(WebhookRow, sent.webhook_id)
    row.failing_since = row.failing_since or now
    if row.disabled_at is None and (gone or now - row.failing_since >= FAILING_AT_MOST):
        row.disabled_at = now
        return True
    return False


def replay(session: Session, delivery_id: int, now: datetime) -> bool:
    """Send an event once more, under the same id; return False if it is pending already or its endpoint is off."""
    row = session.get(WebhookDeliveryRow, delivery_id)
    if row is None:
        raise LookupError(f"there is no webhook delivery {delivery_id}")
    to = session.get_one(WebhookRow, row.webhook_id)
    if row.state == WebhookState.PENDING or to.disabled_at is not None or to.removed_at is not None:
        return False
    row.state = WebhookState.PENDING
    _add_job(session, delivery_id, now)
    return True


def lines(session: Session) -> list[dict[str, Any]]:
    """Return the endpoints that were not removed, without their secrets."""
    names = ("name", "url", "events", "created_at", "created_by", "failing_since", "disabled_at")
    rows = session.execute(select(WebhookRow).where(WebhookRow.removed_at.is_(None)).order_by(WebhookRow.id)).scalars()
    return [{name: getattr(row, name) for name in names} for row in rows]


def deliveries(session: Session, name: str, limit: int) -> list[dict[str, Any]]:
    """Return the newest events of an endpoint; raises LookupError if there is none of the name."""
    row = find(session, name)
    names = ("id", "type", "row", "state", "attempts", "answer", "created_at", "sent_at", "message_id")
    query = select(WebhookDeliveryRow).where(WebhookDeliveryRow.webhook_id == row.id)
    newest: Sequence[WebhookDeliveryRow] = (
        session.execute(query.order_by(WebhookDeliveryRow.id.desc()).limit(limit)).scalars().all()
    )
    return [{name: getattr(one, name) for name in names} for one in newest]


def find(session: Session, name: str) -> WebhookRow:
    """Return an endpoint that was not removed; raises LookupError."""
    query = select(WebhookRow).where(WebhookRow.name == name, WebhookRow.removed_at.is_(None))
    row = session.execute(query).scalar_one_or_none()
    if row is None:
        raise LookupError(f"there is no webhook named {name}")
    return row


def _record(session: Session, delivery_id: int, state: str, answer: str, sent_at: datetime | None = None) -> None:
    values = {"state": state, "answer": answer[:300], "attempts": WebhookDeliveryRow.attempts + 1, "sent_at": sent_at}
    session.execute(update(WebhookDeliveryRow).where(WebhookDeliveryRow.id == delivery_id).values(values))


def _add_job(session: Session, delivery_id: int, now: datetime) -> None:
    jobs.add(session, [NewJob(JobKind.WEBHOOK, Subject(SubjectKind.WEBHOOK, delivery_id), now)])
