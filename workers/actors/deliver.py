"""Send one email to one recipient: begin the attempt, compose, hand over, and record the outcome.

An attempt that ends before the email is handed over is repeated freely. The handover is recorded just before the final
dot of DATA. If no answer follows, the email is handed over once more and never again: at once if the worker died, after
hours if the server was silent.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from time import monotonic
from typing import Final

import structlog
from dramatiq.middleware import Interrupt
from sqlalchemy.orm import Session

from daemon.mail.mime.attachment import part_contents
from daemon.mail.verp import bounce_address
from daemon.snapshots import FileSnapshot, PreparedDelivery
from daemon.store import deliveries, jobs, ledger
from daemon.store.deliveries import Attempt, DeliveryState, Outcome
from daemon.store.jobs import JobKind, Lease, LeaseLostError
from daemon.store.keys import Keyring
from daemon.store.store import Store
from daemon.system.clock import Clock
from daemon.system.failpoint import failpoint
from daemon.tickets import delivery
from daemon.tickets.delivery import StartedDelivery
from daemon.vocabulary import MailKind
from workers.actors import sign_in
from workers.actors.answer_composer import AnswerComposer
from workers.actors.brands import Brand, note_fault
from workers.actors.config import CurrentConfig
from workers.jobs import batching
from workers.jobs.batching import BatchedWork
from workers.jobs.executor import SnoozeError, WorkWindow, shutting_down
from workers.notify import compose, outgoing
from workers.notify.compose import ComposeError
from workers.transports.base import (
    LostConnectionFailure,
    PermanentFailure,
    RefusedSenderFailure,
    ServerFailure,
    TemporaryFailure,
    UncertainFailure,
)
from workers.transports.servers import WAITING, OutgoingServer, OutgoingServers

log = structlog.get_logger(__name__)

FIRST_WAIT: Final = timedelta(minutes=1)
LONGEST_WAIT: Final = timedelta(hours=4)
# A server that is away says nothing about an email, and may be back at any time.
LONGEST_SERVER_WAIT: Final = timedelta(minutes=15)
# A mail server that is silent after DATA may be so for hours, and there is no third time.
REPEAT_WAIT: Final = timedelta(hours=4)
# Attempts of one email that ended with the death of their worker, before it is given up: it may be what kills them.
MAX_DEATHS: Final = 25


class DeadlyEmailError(Exception):
    """Every attempt to send an email ended with the death of its worker."""


@dataclass(frozen=True, slots=True)
class _Sending:
    """A recorded attempt, what its email looks like, and the server that it goes through."""

    started: StartedDelivery
    brand: Brand
    server: OutgoingServer

    @property
    def attempt(self) -> Attempt:
        return self.started.attempt


class DeliverActor:
    """Sends one email to one recipient."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        servers: OutgoingServers,
        keyring: Keyring,
        config: CurrentConfig,
        holds_lease: Callable[[], bool],
    ) -> None:
        self._store, self._clock, self._servers, self._keyring = store, clock, servers, keyring
        self._config, self._holds_lease = config, holds_lease
        self._answers = AnswerComposer(store, keyring)

    def perform(self, lease: Lease, window: WorkWindow) -> BatchedWork[Sequence[Lease]]:
        """Attempt the delivery of a job."""
        only = self._servers.only
        if only and only.is_closed:
            raise _wait_for(only, lease)
        started = yield from batching.write(delivery.begin, (lease, self._clock.now()))
        if started is None:
            return ()
        failpoint("deliver.begun")
        brand = self._config.value.brands.of(started.delivery)
        sending = _Sending(started, brand, self._servers.get(brand.server))
        if window.over or not sending.server.enter():
            self._undo(started)
            raise shutting_down() if window.over else _wait_for(sending.server, lease)
        sent_at = monotonic()
        try:
            outcome = self._attempt(lease, sending)
        finally:
            sending.server.leave()
        took = round(monotonic() - sent_at, 3)
        follow_ups = yield from batching.write_soon(delivery.finish, (lease, outcome))
        _log(started, outcome, took)
        # Only now: an email whose outcome is not stored would be sent again if this failed.
        if outcome.state is DeliveryState.SENT:
            self._bring_waiting(sending.server)
        return follow_ups

    def try_again(self) -> None:
        """Try every mail server again at once, and make the emails due that wait for one: an admin may have helped."""
        self._servers.end_pauses()
        self._make_due(WAITING)

    def give_up(self, session: Session, lease: Lease, error: str) -> Sequence[Lease]:
        """Mark the delivery failed, or uncertain if it was handed over."""
        return delivery.give_up(session, lease, error)

    def _attempt(self, lease: Lease, sending: _Sending) -> Outcome:
        """Compose and send an email, and return the outcome; raises SnoozeError where it is to be tried again."""
        attempt, server = sending.attempt, sending.server
        if attempt.unended > MAX_DEATHS:
            raise DeadlyEmailError(f"the worker died in each of {MAX_DEATHS} attempts before the email was sent")
        try:
            content = self._compose(sending)
            if not self._holds_lease():
                self._undo(sending.started)
                raise LeaseLostError(f"job {lease.job_id}: our heartbeat stalled before the mail was sent")
            answer = self._send(sending, content)
        except ServerFailure as error:
            server.note_failed(error)
            self._undo(sending.started)
            raise _wait_for(server, lease) from error
        except (ComposeError, PermanentFailure) as error:
            return Outcome(attempt.id, DeliveryState.FAILED, str(error), self._clock.now())
        except UncertainFailure as error:
            server.note_unanswered()
            return self._without_answer(attempt, error)
        except LostConnectionFailure as error:
            server.note_unanswered()
            return self._retry_later(lease, sending, str(error))
        except RefusedSenderFailure as error:
            server.note_answered()
            server.note_refused_sender(str(error))
            return self._retry_later(lease, sending, f"{WAITING} to accept our sender: {error}", LONGEST_SERVER_WAIT)
        except TemporaryFailure as error:
            server.note_answered()
            self._bring_waiting(server)
            return self._retry_later(lease, sending, str(error))
        failpoint("deliver.taken")
        server.note_answered()
        return Outcome(attempt.id, DeliveryState.SENT, answer, self._clock.now())

    def _send(self, sending: _Sending, content: bytes) -> str:
        """Send an email and return the answer; raises TransportFailure, also when the time of the job is over."""
        attempt, handed_over = sending.attempt, False

        def hand_over() -> None:
            nonlocal handed_over
            # Written together with those of the other threads, and with the outcomes that wait.
            if not self._store.write_items(delivery.hand_over, [attempt])[0].result():
                raise LeaseLostError(f"delivery {attempt.id}: another attempt began before the email was handed over")
            handed_over = True
            failpoint("deliver.handed_over")

        bounce_to = self._bounce_address(attempt, sending.brand)
        try:
            return sending.server.transport.send(bounce_to, attempt.recipient, content, hand_over)
        except Interrupt as interrupt:
            slow = "the mail server was slower than a job may take"
            raise (UncertainFailure(slow) if handed_over else LostConnectionFailure(slow)) from interrupt

    def _bounce_address(self, attempt: Attempt, brand: Brand) -> str:
        """Return the envelope sender: nobody for an acknowledgement, an address of its own for each answer."""
        mail = brand.mail
        if attempt.kind is MailKind.ACKNOWLEDGEMENT:
            return ""
        if attempt.kind is MailKind.ANSWER and mail.plus_addressing:
            return bounce_address(mail.address, attempt.id, self._keyring.value[0])
        return mail.address

    def _without_answer(self, attempt: Attempt, error: UncertainFailure) -> Outcome:
        """Hand the email over once more after hours; return the outcome if this was that time."""
        now = self._clock.now()
        if attempt.repeats:
            return Outcome(attempt.id, DeliveryState.UNCERTAIN, f"{deliveries.NO_ANSWER}: {error}", now)
        log.warning("no answer after the whole email was sent", delivery=attempt.id, again_at=str(now + REPEAT_WAIT))
        again = f"handed over once, the mail server did not answer; once more after {now + REPEAT_WAIT:%Y-%m-%d %H:%M}"
        self._store.write(partial(deliveries.leave_unanswered, attempt=attempt, reason=f"{again} UTC: {error}"))
        raise SnoozeError(f"outcome unknown: {error}", REPEAT_WAIT) from error

    def _bring_waiting(self, server: OutgoingServer) -> None:
        """Make the emails due that wait for a server which works again, the oldest first."""
        if server.end_waiting():
            self._make_due(server.waiting)

    def _make_due(self, because: str) -> None:
        now = self._clock.now()
        self._store.write(lambda session: jobs.make_due(session, JobKind.DELIVER, because, now))

    def _retry_later(self, lease: Lease, sending: _Sending, reason: str, longest: timedelta = LONGEST_WAIT) -> Outcome:
        """Try later, until the email is too old."""
        now, attempt = self._clock.now(), sending.attempt
        if now - lease.created_at > timedelta(days=sending.brand.mail.delivery_days):
            ended = DeliveryState.UNCERTAIN if attempt.repeats else DeliveryState.FAILED
            return Outcome(attempt.id, ended, f"given up: {reason}", now)
        self._undo(sending.started)
        raise SnoozeError(reason, _wait(lease, longest))

    def _undo(self, started: StartedDelivery) -> None:
        """Record that an attempt delivered nothing."""
        self._store.write(lambda session: deliveries.undo(session, started.attempt))

    def _compose(self, sending: _Sending) -> bytes:
        started, brand, now = sending.started, sending.brand, self._clock.now()
        prepared = started.delivery
        if prepared is None:
            return sign_in.compose_link(started, brand, self._keyring.value[0], now)
        if prepared.kind is MailKind.ANSWER:
            return self._answers.compose(prepared, brand, self._config.value.answer_attachment_bytes, now)
        key = self._keyring.value[0]
        mark, listed = outgoing.mark_for(prepared, key, now), outgoing.listed_marks(prepared, key, now)
        files = self._files(prepared, brand.mail.attachment_bytes)
        view = outgoing.view_of(prepared, brand.mail, mark, list(files), listed)
        rendered = brand.renderer.render(prepared.kind, view, brand.mail.language_of(prepared))
        note_fault(rendered, delivery=started.attempt.id)
        return compose.as_bytes(
            outgoing.outgoing_mail(prepared, brand.mail, rendered, mark, files, now, secrets.token_hex(16))
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


def _wait(lease: Lease, longest: timedelta) -> timedelta:
    """Return how long an email waits: 1 minute, 2, 4 ... up to the longest wait."""
    doubled: int = 2 ** min(lease.attempts - 1, 12)
    return min(FIRST_WAIT * doubled, longest)


def _wait_for(server: OutgoingServer, lease: Lease) -> SnoozeError:
    """Return the error for an email that waits for its mail server, however long that takes."""
    server.keep_waiting()
    return SnoozeError(server.state, _wait(lease, LONGEST_SERVER_WAIT))


def _log(started: StartedDelivery, outcome: Outcome, seconds: float) -> None:
    log.info(
        "delivery settled",
        state=str(outcome.state),
        delivery=outcome.delivery_id,
        ticket=started.delivery.ticket.ticket_id if started.delivery else None,
        kind=str(started.attempt.kind),
        message_id=started.attempt.message_id,
        answer=outcome.reason[:200],
        seconds=seconds,
    )
