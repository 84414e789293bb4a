"""What each webhook gets: its events, what became of each, and how long that is kept."""

import json
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import delete, insert, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from daemon.store import jobs
from daemon.store.jobs import JobKind, JobState, NewJob
from daemon.store.models import Job, WebhookDeliveryRow, WebhookRow
from daemon.store.queries import feed
from daemon.store.queries.feed import Page
from daemon.store.sql import table, unindexed
from daemon.store.webhooks import IN_FORCE, Endpoint, WebhookState, find
from daemon.vocabulary import Subject, SubjectKind

LONGEST_ANSWER: Final = 300
STATE: Final = unindexed(table(WebhookDeliveryRow).c.state)
COLUMNS: Final = ("id", "type", "row", "state", "attempts", "answer", "created_at", "sent_at", "message_id")


@dataclass(frozen=True, slots=True)
class WebhookMessage:
    """What one attempt sends; `secrets` sign it, the newest first. Before `paused_until` nothing is sent."""

    delivery_id: int
    webhook_id: int
    name: str
    url: str
    secrets: tuple[str, ...]
    message_id: str
    body: str
    paused_until: datetime | None


def add_page(session: Session, endpoint: Endpoint, page: Page, now: datetime) -> int:
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
    """Return what a job is to send, None where nothing is: it was sent, or its endpoint is disabled or removed."""
    row = session.execute(
        select(WebhookDeliveryRow, WebhookRow)
        .join(WebhookRow, WebhookRow.id == WebhookDeliveryRow.webhook_id)
        .where(WebhookDeliveryRow.id == delivery_id, STATE == WebhookState.PENDING, *IN_FORCE)
    ).one_or_none()
    if row is None:
        return None
    sent, to = row[0], row[1]
    signing: tuple[str, ...] = (to.secret,)
    if to.old_secret is not None and to.old_until is not None and now < to.old_until:
        signing += (to.old_secret,)
    return WebhookMessage(
        delivery_id=sent.id,
        webhook_id=to.id,
        name=to.name,
        url=to.url,
        secrets=signing,
        message_id=sent.message_id,
        body=sent.body,
        paused_until=to.paused_until,
    )


def drop(session: Session, delivery_id: int) -> None:
    """Record that a pending event is not sent, because its endpoint is disabled or removed."""
    pending = (WebhookDeliveryRow.id == delivery_id, STATE == WebhookState.PENDING)
    values = {"state": WebhookState.DROPPED, "answer": "the webhook is disabled or removed"}
    session.execute(update(WebhookDeliveryRow).where(*pending).values(values))


def succeed(session: Session, sent: WebhookMessage, answer: str, now: datetime) -> None:
    """Record that an endpoint took an event."""
    record_attempt(session, sent.delivery_id, WebhookState.SENT, answer, sent_at=now)
    works = {"failing_since": None, "paused_until": None}
    session.execute(update(WebhookRow).where(WebhookRow.id == sent.webhook_id).values(works))


def record_attempt(
    session: Session, delivery_id: int, state: str, answer: str, sent_at: datetime | None = None
) -> None:
    """Count an attempt to send an event, with what became of it."""
    values = {
        "state": state,
        "answer": answer[:LONGEST_ANSWER],
        "attempts": WebhookDeliveryRow.attempts + 1,
        "sent_at": sent_at,
    }
    session.execute(update(WebhookDeliveryRow).where(WebhookDeliveryRow.id == delivery_id).values(values))


def lock_pending(session: Session, delivery_id: int) -> bool:
    """Lock an event that is still to be sent, until the transaction ends; return False where it is not."""
    pending = select(WebhookDeliveryRow.id).where(WebhookDeliveryRow.id == delivery_id)
    return session.execute(pending.where(STATE == WebhookState.PENDING).with_for_update()).one_or_none() is not None


def lock(session: Session, delivery_id: int) -> WebhookDeliveryRow:
    """Lock an event until the transaction ends, and return it; raises LookupError."""
    row = session.get(WebhookDeliveryRow, delivery_id, populate_existing=True, with_for_update=True)
    if row is None:
        raise LookupError(f"there is no webhook delivery {delivery_id}")
    return row


def send_again(session: Session, row: WebhookDeliveryRow, now: datetime) -> None:
    """Make a locked event pending again, under the same id, with a new job."""
    row.state, row.sent_at = WebhookState.PENDING, None
    _add_job(session, row.id, now)


def make_pending(session: Session, delivery_id: int) -> None:
    """Make an event pending again whose job was given up and is retried."""
    failed = (WebhookDeliveryRow.id == delivery_id, STATE == WebhookState.FAILED)
    session.execute(update(WebhookDeliveryRow).where(*failed).values(state=WebhookState.PENDING))


def lines(session: Session, name: str, limit: int, before: int | None = None) -> list[dict[str, Any]]:
    """Return the newest events of an endpoint, before an id; raises LookupError if there is none of the name."""
    query = select(WebhookDeliveryRow).where(WebhookDeliveryRow.webhook_id == find(session, name).id)
    if before is not None:
        query = query.where(WebhookDeliveryRow.id < before)
    rows = session.execute(query.order_by(WebhookDeliveryRow.id.desc()).limit(limit)).scalars()
    return [_line(row) for row in rows]


def line(session: Session, name: str, delivery_id: int) -> dict[str, Any]:
    """Return an event of an endpoint with its body; raises LookupError."""
    row = session.get(WebhookDeliveryRow, delivery_id)
    if row is None or row.webhook_id != find(session, name).id:
        raise LookupError(f"there is no webhook delivery {delivery_id} of {name}")
    return _line(row) | {"body": json.loads(row.body)}


def prune(session: Session, before: datetime, limit: int) -> int:
    """Delete events that ended and were given before a time, with their jobs; return their number.

    Looks at the `limit` oldest only. What has a job that is not done stays.
    """
    columns = (WebhookDeliveryRow.id, WebhookDeliveryRow.state, WebhookDeliveryRow.created_at)
    # Locked: what is replayed now must not be deleted with its new job.
    first = select(*columns).order_by(WebhookDeliveryRow.id).limit(limit).with_for_update(skip_locked=True)
    oldest = session.execute(first).all()
    ended = [row.id for row in oldest if row.created_at < before and row.state != WebhookState.PENDING]
    subjects = [Subject(SubjectKind.WEBHOOK, number) for number in ended]
    held = select(Job.subject).where(Job.subject.in_(subjects), Job.state != JobState.DONE)
    kept = {subject.id for subject in session.execute(held).scalars()}
    gone = [number for number in ended if number not in kept]
    if not gone:
        return 0
    session.execute(delete(Job).where(Job.subject.in_([Subject(SubjectKind.WEBHOOK, number) for number in gone])))
    session.execute(delete(WebhookDeliveryRow).where(WebhookDeliveryRow.id.in_(gone)))
    return len(gone)


def _line(row: WebhookDeliveryRow) -> dict[str, Any]:
    return {name: getattr(row, name) for name in COLUMNS}


def _add_job(session: Session, delivery_id: int, now: datetime) -> None:
    jobs.add(session, [NewJob(JobKind.WEBHOOK, Subject(SubjectKind.WEBHOOK, delivery_id), now)])
