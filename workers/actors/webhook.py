"""Send one event to one webhook: sign, post, and record the answer; try again for three days."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Final

import structlog
from dramatiq.middleware import TimeLimitExceeded
from sqlalchemy.orm import Session

from daemon.store import jobs, webhook_deliveries
from daemon.store.jobs import Lease
from daemon.store.store import Store
from daemon.store.webhook_deliveries import WebhookMessage
from daemon.system.clock import Clock
from daemon.tickets import webhook_failure
from workers.jobs import batching
from workers.jobs.batching import BatchedWork
from workers.jobs.executor import SnoozeError, WorkWindow, shutting_down
from workers.webhooks import signature
from workers.webhooks.client import PostError, PostPolicy, post

log = structlog.get_logger(__name__)

FIRST_WAIT: Final = timedelta(seconds=5)
LONGEST_WAIT: Final = timedelta(hours=4)
TRIED_FOR: Final = timedelta(days=3)
GONE: Final = 410


class WebhookActor:
    """Sends one event to one webhook."""

    def __init__(self, store: Store, clock: Clock, policy: PostPolicy) -> None:
        self._store, self._clock, self._policy = store, clock, policy

    def perform(self, lease: Lease, window: WorkWindow) -> BatchedWork[Sequence[Lease]]:
        """Attempt to send the event of a job."""
        if window.over:
            raise shutting_down()
        with self._store.read() as session:
            sent = webhook_deliveries.message(session, lease.subject.id, self._clock.now())
        if sent is not None:
            self._wait_for_pause(sent)
            self._attempt(lease, sent)
        return (yield from batching.write(self._finish, lease))

    def give_up(self, session: Session, lease: Lease, error: str) -> Sequence[Lease]:
        """Mark the event failed: our own code failed on it."""
        now = self._clock.now()
        sent = webhook_deliveries.message(session, lease.subject.id, now)
        if sent is not None:
            webhook_failure.record(session, sent, error, now, last=True, gone=False)
        return ()

    def _wait_for_pause(self, sent: WebhookMessage) -> None:
        """Raise SnoozeError for an endpoint that failed a moment ago and is left alone."""
        now = self._clock.now()
        if sent.paused_until is not None and now < sent.paused_until:
            raise SnoozeError("the webhook failed a moment ago", sent.paused_until - now)

    def _attempt(self, lease: Lease, sent: WebhookMessage) -> None:
        """Send an event and record the outcome; raises SnoozeError where it is to be tried again."""
        status, answer = self._post(sent)
        now = self._clock.now()
        if 200 <= status < 300:  # noqa: PLR2004 - the class of success
            self._store.write(partial(webhook_deliveries.succeed, sent=sent, answer=answer, now=now))
            log.info("webhook sent", webhook=sent.name, delivery=sent.delivery_id)
            return
        last = now - lease.created_at >= TRIED_FOR or status == GONE
        record = partial(webhook_failure.record, sent=sent, answer=answer, now=now, last=last, gone=status == GONE)
        is_disabled = self._store.write(record)
        log.warning(
            "webhook not sent", webhook=sent.name, delivery=sent.delivery_id, answer=answer[:200], again=not last
        )
        if is_disabled:
            log.error("webhook disabled", webhook=sent.name)
        elif not last:
            raise SnoozeError(answer[:200], min(FIRST_WAIT * 4 ** min(lease.attempts - 1, 12), LONGEST_WAIT))

    def _post(self, sent: WebhookMessage) -> tuple[int, str]:
        """Return the status, 0 without one, and what the endpoint or the network said."""
        body = sent.body.encode()
        # Signed anew at each attempt: endpoints refuse an old timestamp.
        timestamp = int(self._clock.now().timestamp())
        try:
            status, text = post(
                sent.url, body, signature.headers(sent.message_id, timestamp, body, sent.secrets), self._policy
            )
        except PostError as error:
            return 0, str(error)
        except TimeLimitExceeded:
            # An endpoint that answers byte by byte never comes to the limit of one wait.
            return 0, "no whole answer within the time limit of a job"
        return status, f"{status} {text}".strip()

    def _finish(self, session: Session, leases: Sequence[Lease]) -> list[list[Lease]]:
        for lease in leases:
            webhook_deliveries.drop(session, lease.subject.id)
        jobs.finish(session, leases, self._clock.now())
        return [[] for _ in leases]
