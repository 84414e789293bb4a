"""The actor that sends: render and compose one mail, hand it over, and keep what is known of its fate."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic
from typing import Final

import structlog
from sqlalchemy.orm import Session

from daemon.mail.mime.attachment import octets_of
from daemon.mail.reply.split import new_text
from daemon.mail.token import sign
from daemon.store import deliveries, jobs, ledger
from daemon.store.deliveries import Attempt, DeliveryState, Outcome
from daemon.store.jobs import Lease, LeaseLostError
from daemon.store.queries import snapshots
from daemon.store.queries.snapshots import FileNote, Snapshot, Snapshots
from daemon.store.store import Store
from daemon.system.clock import Clock
from daemon.system.failpoint import failpoint
from workers.actors.triage import token_for
from workers.jobs import batching
from workers.jobs.batching import BatchedWork
from workers.jobs.executor import SnoozeError, WorkWindow, shutting_down
from workers.notify import compose, contexts, excerpt
from workers.notify.compose import ComposeError, File, OutgoingMail
from workers.notify.contexts import View
from workers.notify.plan import MailKind
from workers.notify.render import Renderer
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


@dataclass(frozen=True, slots=True)
class Sender:
    """Who our mail comes from and how it looks. Replaced as a whole on reload."""

    name: str
    address: str
    plus_addressing: bool
    renderer: Renderer
    review_team: str
    attachment_bytes: int
    delivery_days: float
    hint: bool


@dataclass(frozen=True, slots=True)
class PreparedDelivery:
    """One attempt at one delivery, as its row stood when it began.

    `head` is the Message-ID of the first mail to this recipient about the ticket; `first` marks the very first mail of
    its kind that this installation sends.
    """

    begun: Attempt
    snapshot: Snapshot
    head: str | None
    first: bool


class DeliverActor:
    """Sends one mail to one recipient: at least once, and at most twice where an answer was lost on the way."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        transport: Transport,
        keys: tuple[bytes, ...],
        sender: Callable[[], Sender],
        holds_lease: Callable[[], bool],
    ) -> None:
        self._store, self._clock, self._transport, self._keys = store, clock, transport, keys
        self._sender, self._holds_lease = sender, holds_lease
        self._paused_until = 0.0
        self._told_once = False
        self.refused = ""

    def perform(self, lease: Lease, window: WorkWindow) -> BatchedWork[Sequence[Lease]]:
        """Attempt the delivery of a job."""
        if self._paused:
            raise paused()
        attempt = yield from batching.write(self._begin, lease)
        if attempt is None:
            return ()
        failpoint("deliver.begun")
        if window.over or self._paused:
            self._undo(attempt)
            raise paused() if self._paused else shutting_down()
        began = monotonic()
        fate = self._attempted(lease, attempt)
        took = round(monotonic() - began, 3)
        promised = yield from batching.write_soon(self._settled, (lease, fate))
        _log_fate(attempt, fate, took)
        return promised

    def give_up(self, session: Session, lease: Lease, error: str) -> Sequence[Lease]:
        """Mark the delivery failed."""
        deliveries.settle(session, [Outcome(lease.number, DeliveryState.FAILED, error)])
        return ()

    def _begin(self, session: Session, leases: Sequence[Lease]) -> list[PreparedDelivery | None]:
        rows = deliveries.begin(session, [lease.number for lease in leases])
        over = [lease for lease in leases if lease.number not in rows]
        if over:
            jobs.finish(session, over, self._clock.now())
        loaded = snapshots.load(session, [row.cause for row in rows.values()])
        return [self._attempt(session, rows.get(lease.number), loaded) for lease in leases]

    def _attempt(self, session: Session, row: Attempt | None, loaded: Snapshots) -> PreparedDelivery | None:
        if row is None:
            return None
        snapshot = loaded[row.cause]
        return PreparedDelivery(row, snapshot, self._head(session, row, snapshot), first=self._is_first(session, row))

    def _head(self, session: Session, row: Attempt, snapshot: Snapshot) -> str | None:
        """Return the Message-ID that a team's thread about a ticket begins with; a first notification begins one."""
        if row.kind == MailKind.ACKNOWLEDGEMENT or (row.kind == MailKind.NOTIFICATION and not _is_handed(snapshot)):
            return None
        return deliveries.first_to(session, snapshot.ticket_id, row.recipient)

    def _is_first(self, session: Session, row: Attempt) -> bool:
        if self._told_once or row.kind != MailKind.NOTIFICATION:
            return False
        self._told_once = deliveries.first_of(session, row.kind) != row.id
        return not self._told_once

    def _attempted(self, lease: Lease, attempt: PreparedDelivery) -> Outcome:
        """Compose and send a mail, and return what became of it; raises SnoozeError where it is to be tried again."""
        try:
            octets = self._compose(attempt)
            if not self._holds_lease():
                self._undo(attempt)
                raise LeaseLostError(f"job {lease.job_id}: our heartbeat stalled before the mail was sent")
            bounce_to = "" if attempt.begun.kind == MailKind.ACKNOWLEDGEMENT else self._sender().address
            answer = self._transport.send(bounce_to, attempt.begun.recipient, octets)
        except AuthenticationFailure as error:
            if not self._paused:
                log.error("outgoing mail paused: the smarthost refuses our credentials", answer=str(error)[:200])  # noqa: TRY400 - the answer says it all
            self._paused_until = monotonic() + PAUSE.total_seconds()
            self.refused = str(error)[:200]
            self._undo(attempt)
            raise SnoozeError(str(error), PAUSE) from error
        except (ComposeError, PermanentFailure) as error:
            return Outcome(attempt.begun.id, DeliveryState.FAILED, str(error))
        except UncertainFailure as error:
            raise SnoozeError(f"outcome unknown: {error}", FIRST_WAIT) from error
        except TemporaryFailure as error:
            return self._again(lease, attempt, str(error))
        failpoint("deliver.taken")
        self.refused = ""
        return Outcome(attempt.begun.id, DeliveryState.SENT, answer, self._clock.now())

    def _again(self, lease: Lease, attempt: PreparedDelivery, reason: str) -> Outcome:
        """Try later, until the mail is too old: 1 minute, 2, 4 ... 4 hours."""
        if self._clock.now() - lease.created_at > timedelta(days=self._sender().delivery_days):
            return Outcome(attempt.begun.id, DeliveryState.FAILED, f"given up: {reason}")
        self._undo(attempt)
        raise SnoozeError(reason, min(FIRST_WAIT * 2 ** min(lease.attempts - 1, 12), LONGEST_WAIT))

    @property
    def _paused(self) -> bool:
        return monotonic() < self._paused_until

    def _undo(self, attempt: PreparedDelivery) -> None:
        """Note that an attempt surely delivered nothing."""
        self._store.write(lambda session: deliveries.undo(session, attempt.begun))

    def _settled(self, session: Session, items: Sequence[tuple[Lease, Outcome]]) -> list[tuple[Lease, ...]]:
        jobs.finish(session, [lease for lease, _ in items], self._clock.now())
        deliveries.settle(session, [fate for _, fate in items])
        return [() for _ in items]

    def _compose(self, attempt: PreparedDelivery) -> bytes:
        sender, now, snapshot = self._sender(), self._clock.now(), attempt.snapshot
        mark = sign(token_for(attempt.begun.kind, attempt.begun.recipient, snapshot.ticket_id, now), self._keys[0])
        files = self._files(attempt, sender)
        rendered = sender.renderer.render(
            attempt.begun.kind, self._view(attempt, sender, mark, {f.part for f, _ in files})
        )
        if rendered.fault:
            log.warning("own template used instead of the admin's", fault=rendered.fault, delivery=attempt.begun.id)
        parent, references = _thread(attempt)
        return compose.as_bytes(
            OutgoingMail(
                kind=attempt.begun.kind,
                sender_name=sender.name,
                sender_address=sender.address,
                recipient=attempt.begun.recipient,
                reply_to=_tagged(sender.address, mark) if sender.plus_addressing else None,
                subject=rendered.subject,
                text=rendered.text,
                html=rendered.html,
                message_id=attempt.begun.message_id,
                in_reply_to=parent,
                references=references,
                loop_token=mark,
                files=tuple(file for _, file in files),
                date=now,
            )
        )

    def _view(self, attempt: PreparedDelivery, sender: Sender, mark: str, attached: set[int]) -> View:
        snapshot = attempt.snapshot
        message, decision = snapshot.message, snapshot.decision
        if attempt.begun.kind == MailKind.ACKNOWLEDGEMENT:
            return contexts.acknowledgement(
                snapshot.reference,
                sender.name,
                mark,
                verified=message.verified or snapshot.trusted,
                name=snapshot.requester_name,
                subject=message.subject,
            )
        return contexts.team_mail(
            reference=snapshot.reference,
            support=sender.name,
            mark=mark,
            team=snapshot.team or "",
            category=snapshot.category,
            priority=snapshot.priority,
            confidence=snapshot.confidence,
            by=decision.by if decision else "",
            name=message.author_name,
            email=message.author or "",
            verified=message.verified,
            subject=message.subject,
            excerpt=excerpt.excerpt(message.text, new_text(message.text), message.length - len(message.text)),
            reasons=decision.reasons if decision else (),
            alternatives=decision.alternatives if decision else (),
            related=snapshot.related or "",
            files=tuple((f.filename, f.size, f.part in attached) for f in message.files),
            notes=("Chosen for an audit: please check the category.",) if decision and decision.audit else (),
            review_team=sender.review_team,
            handed=_is_handed(snapshot),
            status=snapshot.status,
            hint=sender.hint and attempt.first,
        )

    def _files(self, attempt: PreparedDelivery, sender: Sender) -> list[tuple[FileNote, File]]:
        """Return the attachments that go along: in order, while they fit."""
        message = attempt.snapshot.message
        if attempt.begun.kind == MailKind.ACKNOWLEDGEMENT or not message.files or message.inbound_id is None:
            return []
        with self._store.read() as session:
            raw = ledger.raw_of(session, message.inbound_id)
        room, fitting = sender.attachment_bytes, list[FileNote]()
        for note in message.files:
            if note.size <= room:
                room -= note.size
                fitting.append(note)
        octets = octets_of(raw, {note.part for note in fitting})
        return [(note, File(note.filename, note.content_type, octets[note.part])) for note in fitting]


def paused() -> SnoozeError:
    """Return what is said of a mail while nobody lets us in."""
    return SnoozeError("outgoing mail is paused: the smarthost refused our credentials", PAUSE)


def _log_fate(attempt: PreparedDelivery, fate: Outcome, seconds: float) -> None:
    log.info(
        "delivery settled",
        state=str(fate.state),
        delivery=fate.delivery_id,
        ticket=attempt.snapshot.ticket_id,
        kind=attempt.begun.kind,
        message_id=attempt.begun.message_id,
        answer=fate.reason[:200],
        seconds=seconds,
    )


def _is_handed(snapshot: Snapshot) -> bool:
    return snapshot.decision is not None and not snapshot.decision.first


def _thread(attempt: PreparedDelivery) -> tuple[str, tuple[str, ...]]:
    """Return what a mail answers: the customer's own mail, or the first that this team got about the ticket."""
    if attempt.begun.kind == MailKind.ACKNOWLEDGEMENT:
        parent = attempt.snapshot.message.message_id
        return parent, (parent,) if parent else ()
    if attempt.head and attempt.head != attempt.begun.message_id:
        return attempt.head, (attempt.head,)
    return "", ()


def _tagged(address: str, tag: str) -> str:
    local, _, domain = address.rpartition("@")
    return f"{local}+{tag}@{domain}"
