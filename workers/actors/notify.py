"""Plan who hears of a decision or of a new email: one delivery row and one deliver job per recipient."""

import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from daemon.mail.token import sign
from daemon.store import deliveries, events, jobs
from daemon.store.deliveries import DeliveryState, NewDelivery, RecentCounts
from daemon.store.jobs import JobKind, Lease, NewJob
from daemon.store.queries import snapshots
from daemon.system.clock import Clock
from daemon.tickets import bounces
from daemon.vocabulary import MailKind, Subject, SubjectKind, TicketSnapshot
from workers.actors.config import ActorConfig
from workers.jobs import batching
from workers.jobs.batching import BatchedWork
from workers.jobs.executor import WorkWindow
from workers.notify import outgoing
from workers.notify import plan as plans
from workers.notify.plan import Cause, Facts


@dataclass(frozen=True, slots=True)
class _Batch:
    """What the plans of one transaction share: each acknowledgement counts for the limits of the next."""

    recent: RecentCounts
    suppressed: frozenset[str]
    now: datetime


class NotifyActor:
    """Plans who hears of a decision or of a new email."""

    def __init__(self, clock: Clock, keys: tuple[bytes, ...], config: Callable[[], ActorConfig]) -> None:
        self._clock, self._keys, self._config = clock, keys, config

    def perform(self, lease: Lease, window: WorkWindow) -> BatchedWork[Sequence[Lease]]:
        """Plan the emails of a cause: facts, plan and rows in one transaction, so that limits hold between workers."""
        del window
        return (yield from batching.write(self._plan, lease))

    def give_up(self, session: Session, lease: Lease, error: str) -> Sequence[Lease]:
        """Note on the ticket that nobody was told."""
        ticket_id = snapshots.load_one(session, lease.subject).ticket_id
        events.add(session, "nobody was told", self._clock.now(), ticket_id=ticket_id, error=error[:300])
        return ()

    def _plan(self, session: Session, leases: Sequence[Lease]) -> list[list[Lease]]:
        now = self._clock.now()
        jobs.finish(session, leases, now)
        loaded = snapshots.load(session, [lease.subject for lease in leases])
        found = [(lease.subject, loaded[lease.subject]) for lease in leases]
        batch = self._batch(session, [ticket for _, ticket in found], now)
        rows = [row for cause, ticket in found for row in self._deliveries(cause, ticket, batch)]
        due: dict[Subject, list[NewJob]] = {}
        for row, delivery in zip(rows, deliveries.add(session, rows), strict=True):
            if delivery is not None and row.state is DeliveryState.PLANNED:
                due.setdefault(row.cause, []).append(
                    NewJob(JobKind.DELIVER, Subject(SubjectKind.DELIVERY, delivery), now)
                )
        return jobs.add_leased(session, [(lease, due.pop(lease.subject, ())) for lease in leases])

    def _batch(self, session: Session, tickets_: Sequence[TicketSnapshot], now: datetime) -> _Batch:
        requesters = [ticket.requester or "" for ticket in tickets_]
        teams = [self._config().team_address(ticket.team) for ticket in tickets_]
        recent = deliveries.recent_counts(session, MailKind.ACKNOWLEDGEMENT, requesters, now)
        return _Batch(recent, bounces.suppressed(session, {*requesters, *teams}, now), now)

    def _deliveries(self, cause: Subject, ticket: TicketSnapshot, batch: _Batch) -> Iterator[NewDelivery]:
        """Yield the emails of a cause; those to customers count for the limits of the next cause."""
        for mail in plans.plan(self._facts(cause, ticket, batch)):
            if mail.kind == batch.recent.kind and mail.state == "planned":
                batch.recent.add(mail.recipient)
            yield NewDelivery(
                cause=cause,
                kind=mail.kind,
                recipient=mail.recipient.lower(),
                ticket_id=ticket.ticket_id,
                message_id=self._message_id(mail.kind, mail.recipient, ticket.ticket_id, batch.now),
                state=DeliveryState(mail.state),
                reason=mail.reason,
                now=batch.now,
            )

    def _facts(self, cause: Subject, ticket: TicketSnapshot, batch: _Batch) -> Facts:
        config = self._config()
        email = config.team_address(ticket.team)
        return Facts(
            cause=_cause(ticket, cause),
            silent=ticket.silent,
            requester=ticket.requester,
            acknowledge=ticket.message.acknowledge,
            verified=ticket.message.verified or ticket.trusted,
            team=(ticket.team, email) if ticket.team and email else None,
            author=ticket.message.author,
            own_addresses=config.own_addresses,
            suppressed=batch.suppressed,
            sent=batch.recent.to(ticket.requester or ""),
            limits=config.limits,
        )

    def _message_id(self, kind: MailKind, recipient: str, ticket_id: int, now: datetime) -> str:
        mark = sign(outgoing.token_for(kind, recipient, ticket_id, now), self._keys[0])
        return outgoing.message_id(mark, secrets.token_hex(5), self._config().mail.message_id_domain)


def _cause(ticket: TicketSnapshot, cause: Subject) -> Cause:
    if cause.kind is SubjectKind.MESSAGE:
        return Cause.FOLLOW_UP
    return Cause.OPENED if ticket.decision is None or ticket.decision.first else Cause.REASSIGNED
