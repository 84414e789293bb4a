"""Plan who is notified of a decision or of a new email: one delivery row and one deliver job per recipient."""

import secrets
from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from daemon.store.deliveries import DeliveryState, NewDelivery
from daemon.store.jobs import Lease
from daemon.system.clock import Clock
from daemon.tickets import notification
from daemon.tickets.notification import PlanningFacts
from daemon.vocabulary import MailKind, Subject, SubjectKind, TicketSnapshot
from workers.actors.config import CurrentConfig
from workers.jobs import batching
from workers.jobs.batching import BatchedWork
from workers.jobs.executor import WorkWindow
from workers.notify import outgoing
from workers.notify.plan import Cause, Facts, plan


class NotifyActor:
    """Plans who is notified of a decision or of a new email."""

    def __init__(self, clock: Clock, keys: tuple[bytes, ...], config: CurrentConfig) -> None:
        self._clock, self._keys, self._config = clock, keys, config

    def perform(self, lease: Lease, window: WorkWindow) -> BatchedWork[Sequence[Lease]]:
        """Plan the emails of a cause: facts, plan and rows in one transaction, so that limits hold between workers."""
        del window
        return (yield from batching.write(self._plan, lease))

    def give_up(self, session: Session, lease: Lease, error: str) -> Sequence[Lease]:
        """Note on the ticket that nobody was notified."""
        notification.note_failure(session, lease.subject, error, self._clock.now())
        return ()

    def _plan(self, session: Session, leases: Sequence[Lease]) -> list[list[Lease]]:
        now = self._clock.now()
        facts = notification.load_facts(session, leases, self._config.value.teams, now)
        planned = [(lease, list(self._deliveries(lease.subject, facts, now))) for lease in leases]
        return notification.write_plan(session, planned, now)

    def _deliveries(self, cause: Subject, shared: PlanningFacts, now: datetime) -> Iterator[NewDelivery]:
        """Yield the emails of a cause; acknowledgements count for the limits of the next cause in the batch."""
        ticket, recent = shared.tickets[cause], shared.recent
        for mail in plan(self._facts(cause, ticket, shared)):
            if mail.kind == recent.kind and mail.state == "planned":
                recent.add(mail.recipient)
            yield NewDelivery(
                cause=cause,
                kind=mail.kind,
                recipient=mail.recipient.lower(),
                ticket_id=ticket.ticket_id,
                message_id=self._message_id(mail.kind, mail.recipient, ticket.ticket_id, now),
                state=DeliveryState(mail.state),
                reason=mail.reason,
                now=now,
            )

    def _facts(self, cause: Subject, ticket: TicketSnapshot, shared: PlanningFacts) -> Facts:
        config = self._config.value
        email = config.team_address(ticket.team)
        return Facts(
            cause=_cause(ticket, cause),
            silent=ticket.silent,
            requester=ticket.requester,
            acknowledge=ticket.message.acknowledge,
            verified=ticket.message.verified or ticket.trusted,
            team=(ticket.team, email) if ticket.team and email else None,
            writer=ticket.message.author if ticket.message.by_team else None,
            own_addresses=config.own_addresses,
            suppressed=shared.suppressed,
            sent=shared.recent.to(ticket.requester or ""),
            limits=config.limits,
        )

    def _message_id(self, kind: MailKind, recipient: str, ticket_id: int, now: datetime) -> str:
        mark = outgoing.mark_of(kind, recipient, ticket_id, self._keys[0], now)
        return outgoing.message_id(mark, secrets.token_hex(5), self._config.value.mail.message_id_domain)


def _cause(ticket: TicketSnapshot, cause: Subject) -> Cause:
    if cause.kind is SubjectKind.MESSAGE:
        return Cause.FOLLOW_UP
    return Cause.REASSIGNED if ticket.handed_over else Cause.OPENED
