"""Plan who is notified of a decision or of a new email: one delivery row and one deliver job per recipient."""

import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from daemon.mail.mailbox import mailbox_of
from daemon.mail.reply.answer import UNSHOWN_IMAGES
from daemon.snapshots import StoredAnswer, TicketSnapshot
from daemon.store.deliveries import Deferred, DeliveryState, NewDelivery
from daemon.store.delivery_counts import TEAM_KINDS
from daemon.store.jobs import Lease
from daemon.store.keys import Keyring
from daemon.system.clock import Clock
from daemon.tickets import notification
from daemon.tickets.answer_decision import DIRECT
from daemon.tickets.notification import Plan, PlanningFacts, Replanned
from daemon.vocabulary import AnswerState, MailKind, Status, Subject, SubjectKind
from workers.actors import similar
from workers.actors.config import CurrentConfig
from workers.jobs import batching
from workers.jobs.batching import BatchedWork
from workers.jobs.executor import WorkWindow
from workers.notify import outgoing
from workers.notify.plan import Cause, PlanAnswer, PlanFacts, Planned, plan


class NotifyActor:
    """Plans who is notified of a decision or of a new email."""

    def __init__(self, clock: Clock, keyring: Keyring, config: CurrentConfig) -> None:
        self._clock, self._keyring, self._config = clock, keyring, config

    def perform(self, lease: Lease, window: WorkWindow) -> BatchedWork[Sequence[Lease]]:
        """Plan the emails of a cause: facts, plan and rows in one transaction, so that limits hold between workers."""
        del window
        found = (yield from similar.find(lease)) if self._config.value.similar else ()
        return (yield from batching.write(self._plan, (lease, found)))

    def give_up(self, session: Session, lease: Lease, error: str) -> Sequence[Lease]:
        """Note on the ticket that nobody was notified."""
        notification.note_failure(session, lease.subject, error, self._clock.now())
        return ()

    def _plan(self, session: Session, items: Sequence[tuple[Lease, Sequence[int]]]) -> list[list[Lease]]:
        now, config = self._clock.now(), self._config.value
        leases = [lease for lease, _ in items]
        facts = notification.begin_planning(session, leases, config.team_address, config.limits.per_domain_hour, now)
        plans = [replace(self._plan_for(lease, facts, now), similar=found) for lease, found in items]
        return notification.write_plans(session, plans, now)

    def _plan_for(self, lease: Lease, shared: PlanningFacts, now: datetime) -> Plan:
        """Return the plan of a job; what it sends counts for the limits of the next job in the batch."""
        if lease.subject.kind is SubjectKind.DELIVERY and lease.subject not in shared.tickets:
            deferred = shared.deferred.get(lease.subject.id)
            return Plan(lease, again=[self._again(deferred, shared, now)] if deferred else ())
        ticket = shared.tickets[lease.subject]
        facts = self._facts(_cause(ticket, lease.subject), lease.subject, ticket, shared)
        new: list[NewDelivery] = []
        gathered: list[NewDelivery] = []
        for mail in plan(facts):
            _count(mail, shared, verified=facts.verified)
            row = self._delivery(lease.subject, mail, ticket, now, verified=facts.verified)
            (gathered if mail.state == "gathered" else new).append(row)
        return Plan(lease, new, gathered)

    def _again(self, deferred: Deferred, shared: PlanningFacts, now: datetime) -> Replanned:
        ticket = shared.tickets[deferred.cause]
        facts = replace(
            self._facts(Cause.DEFERRED, deferred.cause, ticket, shared),
            answered=ticket.status != Status.OPEN,
            last_try=notification.last_try(deferred, now),
        )
        (mail,) = plan(facts)
        _count(mail, shared, verified=facts.verified)
        return Replanned(deferred.id, DeliveryState(mail.state), mail.reason, facts.verified)

    def _delivery(
        self, cause: Subject, mail: Planned, ticket: TicketSnapshot, now: datetime, *, verified: bool
    ) -> NewDelivery:
        # A digest is about many tickets, and so about none.
        ticket_id = None if mail.kind is MailKind.DIGEST else ticket.ticket_id
        return NewDelivery(
            cause=cause,
            kind=mail.kind,
            recipient=mail.recipient.lower(),
            ticket_id=ticket_id,
            message_id=self._message_id(mail, ticket, now),
            state=DeliveryState.SUPPRESSED if mail.state == "gathered" else DeliveryState(mail.state),
            reason=mail.reason,
            now=now,
            verified=verified and mail.kind is MailKind.ACKNOWLEDGEMENT,
        )

    def _facts(self, cause: Cause, subject: Subject, ticket: TicketSnapshot, shared: PlanningFacts) -> PlanFacts:
        config = self._config.value
        email = config.team_address(ticket.team)
        return PlanFacts(
            cause=cause,
            silent=ticket.silent,
            requester=ticket.requester,
            acknowledge=ticket.message.acknowledge,
            verified=ticket.message.verified or ticket.trusted,
            team=(ticket.team, email) if ticket.team and email else None,
            writer=_writer(ticket),
            own_addresses=config.own_addresses,
            suppressed=shared.suppressed,
            sent=shared.recent.to(mailbox_of(ticket.requester or "")),
            sent_to_team=shared.to_teams[mailbox_of(email).address],
            has_digest=email in shared.digests,
            answered=False,
            last_try=False,
            limits=config.limits,
            answer=_answer_facts(ticket.answer, shared.returned.get(subject, 0)) if ticket.answer else None,
        )

    def _message_id(self, mail: Planned, ticket: TicketSnapshot, now: datetime) -> str:
        ticket_id = 0 if mail.kind is MailKind.DIGEST else ticket.ticket_id
        mark = outgoing.mark_of(mail.kind, mail.recipient, ticket_id, self._keyring.value[0], now)
        brand = self._config.value.brands.of_email(mail.kind, ticket, mail.recipient)
        return outgoing.message_id(mark, secrets.token_hex(5), brand.mail.message_id_domain)


def _count(mail: Planned, shared: PlanningFacts, *, verified: bool) -> None:
    """Count an email that is to be sent."""
    if mail.state != "planned":
        return
    if mail.kind is MailKind.ACKNOWLEDGEMENT:
        shared.recent.add(mailbox_of(mail.recipient), verified=verified)
    elif mail.kind is MailKind.DIGEST:
        shared.digests.add(mail.recipient)
    elif mail.kind in TEAM_KINDS:
        shared.to_teams[mailbox_of(mail.recipient).address] += 1


def _writer(ticket: TicketSnapshot) -> str | None:
    """Return the address of the team or member who wrote what the emails are about."""
    if ticket.answer:
        return ticket.answer.author
    return ticket.message.author if ticket.message.by_team else None


def _answer_facts(answer: StoredAnswer, returned: int) -> PlanAnswer:
    # Who wrote to the customer directly left out nothing, and the author of a held answer read already what it lacks.
    # Images of signatures are not worth an email.
    knows = answer.cause is not None or DIRECT in answer.details
    left_out = not knows and not {*answer.details} <= {*UNSHOWN_IMAGES}
    return PlanAnswer(answer.recipients, answer.author, answer.return_to, answer.team_copied, returned, left_out)


def _cause(ticket: TicketSnapshot, cause: Subject) -> Cause:
    if ticket.answer and cause.kind is SubjectKind.DELIVERY:
        return Cause.ANSWER_FAILED
    if ticket.answer:
        return Cause.ANSWER_SENT if ticket.answer.state is AnswerState.SENT else Cause.ANSWER_KEPT
    if cause.kind is SubjectKind.MESSAGE:
        return Cause.FOLLOW_UP
    if cause.kind is SubjectKind.EVENT:
        return Cause.EVENT
    return Cause.REASSIGNED if ticket.handed_over else Cause.OPENED
