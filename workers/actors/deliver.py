"""Send one email to one recipient: begin the attempt, compose, hand over, and record the outcome.

An email is sent at least once, and at most twice where the answer to the first attempt was lost.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from time import monotonic
from typing import Final

import structlog
from sqlalchemy.orm import Session

from daemon.mail.mime.attachment import part_contents
from daemon.store import deliveries, ledger
from daemon.store.deliveries import DeliveryState, Outcome
from daemon.store.jobs import Lease, LeaseLostError
from daemon.store.keys import Keyring
from daemon.store.store import Store
from daemon.system.clock import Clock
from daemon.system.failpoint import failpoint
from daemon.tickets import delivery
from daemon.tickets.delivery import StartedDelivery
from daemon.vocabulary import FileSnapshot, MailKind, PreparedDelivery
from workers.actors.config import CurrentConfig
from workers.jobs import batching
from workers.jobs.batching import BatchedWork
from workers.jobs.executor import SnoozeError, WorkWindow, shutting_down
from workers.notify import compose, outgoing
from workers.notify.compose import ComposeError
from workers.transports.base import (
    AuthenticationFailure,
    PermanentFailure,
    TemporaryFailure,
    Transport,
    UncertainFailure,
)

log = structlog.get_logger(__name__)

FIRST_WAIT: Final = timedelta(minutes=1)
LONGEST_WAIT: Final = timedelta(hours=4)
PAUSE: Final = timedelta(minutes=1)


class DeliverActor:
    """Sends one email to one recipient."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        transport: Transport,
        keyring: Keyring,
        config: CurrentConfig,
        holds_lease: Callable[[], bool],
    ) -> None:
        self._store, self._clock, self._transport, self._keyring = store, clock, transport, keyring
        self._config, self._holds_lease = config, holds_lease
        self._paused_until = 0.0
        self.refused = ""

    def perform(self, lease: Lease, window: WorkWindow) -> BatchedWork[Sequence[Lease]]:
        """Attempt the delivery of a job."""
        if self._paused:
            raise _paused()
        begun = yield from batching.write(delivery.begin, (lease, self._clock.now()))
        if begun is None:
            return ()
        failpoint("deliver.begun")
        if window.over or self._paused:
            self._undo(begun)
            raise _paused() if self._paused else shutting_down()
        started = monotonic()
        outcome = self._attempt(lease, begun)
        took = round(monotonic() - started, 3)
        follow_ups = yield from batching.write_soon(delivery.finish, (lease, outcome))
        _log(begun, outcome, took)
        return follow_ups

    def give_up(self, session: Session, lease: Lease, error: str) -> Sequence[Lease]:
        """Mark the delivery failed."""
        deliveries.settle(session, [Outcome(lease.subject.id, DeliveryState.FAILED, error, self._clock.now())])
        return ()

    def _attempt(self, lease: Lease, begun: StartedDelivery) -> Outcome:
        """Compose and send an email, and return the outcome; raises SnoozeError where it is to be tried again."""
        attempt = begun.attempt
        try:
            content = self._compose(begun)
            if not self._holds_lease():
                self._undo(begun)
                raise LeaseLostError(f"job {lease.job_id}: our heartbeat stalled before the mail was sent")
            bounce_to = "" if attempt.kind is MailKind.ACKNOWLEDGEMENT else self._config.value.mail.address
            answer = self._transport.send(bounce_to, attempt.recipient, content)
        except AuthenticationFailure as error:
            raise self._pause(begun, error) from error
        except (ComposeError, PermanentFailure) as error:
            return Outcome(attempt.id, DeliveryState.FAILED, str(error), self._clock.now())
        except UncertainFailure as error:
            raise SnoozeError(f"outcome unknown: {error}", FIRST_WAIT) from error
        except TemporaryFailure as error:
            return self._retry_later(lease, begun, str(error))
        failpoint("deliver.taken")
        self.refused = ""
        return Outcome(attempt.id, DeliveryState.SENT, answer, self._clock.now())

    def _pause(self, begun: StartedDelivery, error: AuthenticationFailure) -> SnoozeError:
        """Stop all outgoing email for a while: every further attempt could lock our account."""
        if not self._paused:
            log.error("outgoing mail paused: the smarthost refuses our credentials", answer=str(error)[:200])
        self._paused_until = monotonic() + PAUSE.total_seconds()
        self.refused = str(error)[:200]
        self._undo(begun)
        return SnoozeError(str(error), PAUSE)

    def _retry_later(self, lease: Lease, begun: StartedDelivery, reason: str) -> Outcome:
        """Try later, until the email is too old: after 1 minute, 2, 4 ... 4 hours."""
        now = self._clock.now()
        if now - lease.created_at > timedelta(days=self._config.value.mail.delivery_days):
            return Outcome(begun.attempt.id, DeliveryState.FAILED, f"given up: {reason}", now)
        self._undo(begun)
        raise SnoozeError(reason, min(FIRST_WAIT * 2 ** min(lease.attempts - 1, 12), LONGEST_WAIT))

    @property
    def _paused(self) -> bool:
        return monotonic() < self._paused_until

    def _undo(self, begun: StartedDelivery) -> None:
        """Record that an attempt delivered nothing."""
        self._store.write(lambda session: deliveries.undo(session, begun.attempt))

    def _compose(self, begun: StartedDelivery) -> bytes:
        config, now, prepared = self._config.value, self._clock.now(), begun.delivery
        mark = outgoing.mark_for(prepared, self._keyring.value[0], now)
        files = self._files(prepared, config.mail.attachment_bytes)
        view = outgoing.view_of(prepared, config.mail, mark, list(files))
        rendered = config.renderer.render(prepared.kind, view)
        if rendered.fault:
            log.warning("own template used instead of the admin's", fault=rendered.fault, delivery=begun.attempt.id)
        return compose.as_bytes(
            outgoing.outgoing_mail(prepared, config.mail, rendered, mark, files, now, secrets.token_hex(16))
        )

    def _files(self, prepared: PreparedDelivery, room: int) -> Mapping[FileSnapshot, bytes]:
        """Return the attachments that the email carries, each with its content."""
        fitting = outgoing.fitting_files(prepared, room)
        inbound_id = prepared.ticket.message.inbound_id
        if not fitting or inbound_id is None:
            return {}
        with self._store.read() as session:
            raw = ledger.raw_of(session, inbound_id)
        contents = part_contents(raw, {file.part for file in fitting})
        return {file: contents[file.part] for file in fitting}


def _paused() -> SnoozeError:
    """Return the error for an email that waits until the smarthost accepts our credentials again."""
    return SnoozeError("outgoing mail is paused: the smarthost refused our credentials", PAUSE)


def _log(begun: StartedDelivery, outcome: Outcome, seconds: float) -> None:
    log.info(
        "delivery settled",
        state=str(outcome.state),
        delivery=outcome.delivery_id,
        ticket=begun.delivery.ticket.ticket_id,
        kind=str(begun.attempt.kind),
        message_id=begun.attempt.message_id,
        answer=outcome.reason[:200],
        seconds=seconds,
    )
