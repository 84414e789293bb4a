"""Begin and finish attempts to deliver an email: the store's half of one attempt."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from daemon.snapshots import PreparedDelivery, TicketSnapshot
from daemon.store import deliveries, digests, jobs, web_sessions
from daemon.store.deliveries import Attempt, DeliveryState, Outcome
from daemon.store.jobs import JobKind, Lease, NewJob
from daemon.store.queries import background, snapshots
from daemon.store.web_sessions import SignInLink
from daemon.vocabulary import MailKind, Subject

NOT_RECEIVED: Final = (DeliveryState.FAILED, DeliveryState.UNCERTAIN)


@dataclass(frozen=True, slots=True)
class StartedDelivery:
    """A recorded attempt, and what it will send: an email about a ticket, or a link to sign in."""

    attempt: Attempt
    delivery: PreparedDelivery | None
    link: SignInLink | None = None


@dataclass(frozen=True, slots=True)
class _Shared:
    """What the attempts of one transaction share: tickets by cause, the very first notification, returning customers.

    `returning` are the tickets whose customers have earlier ones.
    """

    tickets: Mapping[Subject, TicketSnapshot]
    first_notification: int | None
    returning: frozenset[int]


def begin(session: Session, items: Sequence[tuple[Lease, datetime]]) -> list[StartedDelivery | None]:
    """Begin attempts; finish the jobs of deliveries with nothing left to attempt, and return None for them."""
    attempts = deliveries.begin(session, [lease.subject.id for lease, _ in items])
    over = [lease for lease, _ in items if lease.subject.id not in attempts]
    if over:
        jobs.finish(session, over, max(now for _, now in items))
    shared = _load(session, [attempt for attempt in attempts.values() if attempt.kind is not MailKind.SIGN_IN])
    started = {number: _start(session, attempt, shared) for number, attempt in attempts.items()}
    return [started.get(lease.subject.id) for lease, _ in items]


def hand_over(session: Session, attempts: Sequence[Attempt]) -> list[bool]:
    """Record that emails are about to be handed over; False where another attempt began, so that they must not be."""
    return deliveries.hand_over(session, attempts)


def finish(session: Session, items: Sequence[tuple[Lease, Outcome]]) -> list[tuple[Lease, ...]]:
    """Finish deliver jobs with the outcomes of their deliveries; an answer that did not arrive is reported."""
    jobs.finish(session, [lease for lease, _ in items], max(outcome.at for _, outcome in items))
    deliveries.settle(session, [outcome for _, outcome in items])
    failed = {lease.job_id for lease, outcome in items if outcome.state in NOT_RECEIVED}
    reported = report_failures(session, [lease for lease, _ in items if lease.job_id in failed])
    return [tuple(reported.get(lease.job_id, ())) for lease, _ in items]


def give_up(session: Session, lease: Lease, error: str) -> Sequence[Lease]:
    """Let the delivery of a buried job end without success, and report it if it was to bring an answer."""
    deliveries.give_up(session, lease.subject.id, error)
    return report_failures(session, [lease]).get(lease.job_id, ())


def report_failures(session: Session, leases: Sequence[Lease]) -> dict[int, Sequence[Lease]]:
    """Add jobs that report answers which did not reach a customer; return them by deliver job, leased to its worker."""
    answers = deliveries.of_kind(session, MailKind.ANSWER, [lease.subject.id for lease in leases]) if leases else ()
    about = [lease for lease in leases if lease.subject.id in answers]
    new = [(lease, [NewJob(JobKind.NOTIFY, lease.subject, lease.created_at)]) for lease in about]
    return {lease.job_id: added for lease, added in zip(about, jobs.add_leased(session, new), strict=True)}


def _load(session: Session, attempts: Sequence[Attempt]) -> _Shared:
    tickets = snapshots.load(session, [attempt.cause for attempt in attempts])
    announced = [tickets[one.cause].ticket_id for one in attempts if one.kind is MailKind.NOTIFICATION]
    first = deliveries.first_of(session, MailKind.NOTIFICATION) if announced else None
    return _Shared(tickets, first, background.returning(session, announced))


def _start(session: Session, attempt: Attempt, shared: _Shared) -> StartedDelivery:
    if attempt.kind is MailKind.SIGN_IN:
        return StartedDelivery(attempt, None, web_sessions.find_link(session, attempt.cause.id))
    ticket = shared.tickets[attempt.cause]
    prepared = PreparedDelivery(
        kind=attempt.kind,
        recipient=attempt.recipient,
        message_id=attempt.message_id,
        ticket=ticket,
        thread_head=_thread_head(session, attempt, ticket),
        first=attempt.id == shared.first_notification,
        digest=digests.load(session, attempt.id) if attempt.kind is MailKind.DIGEST else None,
        background=background.of_email(session, attempt.kind, ticket, returns=ticket.ticket_id in shared.returning),
    )
    return StartedDelivery(attempt, prepared)


def _thread_head(session: Session, attempt: Attempt, ticket: TicketSnapshot) -> str | None:
    """Return the Message-ID that a recipient's thread about a ticket begins with; a first notification begins one."""
    begins = attempt.kind is MailKind.NOTIFICATION and not ticket.handed_over
    if begins or attempt.kind in {MailKind.ACKNOWLEDGEMENT, MailKind.DIGEST}:
        return None
    own = ticket.answer.own_ticket(attempt.recipient) if ticket.answer else None
    before = deliveries.first_to(session, own.ticket_id, attempt.recipient) if own else None
    return before or deliveries.first_to(session, ticket.ticket_id, attempt.recipient)
