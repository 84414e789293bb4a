"""Decide what a failed attempt does to a webhook: it is left alone for a while, and disabled after three days."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from daemon.store import webhook_deliveries, webhooks
from daemon.store.webhook_deliveries import WebhookMessage
from daemon.store.webhooks import WebhookState

# An endpoint that fails for so long is disabled.
MAX_FAILING_TIME: Final = timedelta(days=3)
# An endpoint that fails is left alone for a quarter of the time since it began to fail, within these bounds: its events
# must not occupy the threads that those of other endpoints need.
SHORTEST_PAUSE: Final = timedelta(seconds=5)
LONGEST_PAUSE: Final = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Failing:
    """Since when an endpoint fails, until when it is left alone, and whether it is disabled."""

    since: datetime
    paused_until: datetime
    disables: bool


def after_failure(since: datetime | None, now: datetime, *, gone: bool) -> Failing:
    """Decide about an endpoint that failed again, and fails `since` a time, if it did before.

    `gone` says that the endpoint does not want to be called again.
    """
    since = since or now
    failing = now - since
    pause = min(max(failing / 4, SHORTEST_PAUSE), LONGEST_PAUSE)
    return Failing(since, now + pause, gone or failing >= MAX_FAILING_TIME)


def record(session: Session, sent: WebhookMessage, answer: str, now: datetime, *, last: bool, gone: bool) -> bool:
    """Record a failed attempt, `last` if there is no further; return whether the endpoint was disabled for it.

    An event that another worker sent meanwhile, because this one hung, stays as it is.
    """
    if not webhook_deliveries.lock_pending(session, sent.delivery_id):
        return False
    state = WebhookState.FAILED if last else WebhookState.PENDING
    webhook_deliveries.record_attempt(session, sent.delivery_id, state, answer)
    row = webhooks.lock(session, sent.webhook_id)
    failing = after_failure(row.failing_since, now, gone=gone)
    row.failing_since, row.paused_until = failing.since, failing.paused_until
    if failing.disables and row.disabled_at is None:
        row.disabled_at = now
        return True
    return False
