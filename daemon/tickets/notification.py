"""Plan notifications: load the facts behind plans, and write the deliveries and jobs that they lead to.

Both run in one transaction, so that the limits hold between workers.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from daemon.facts import RecentCounts
from daemon.mail.mailbox import mailbox_of
from daemon.snapshots import StoredAnswer, TicketSnapshot
from daemon.store import answers, deliveries, delivery_counts, digests, events, jobs, shown_similar
from daemon.store.deliveries import Deferred, DeliveryState, NewDelivery, Outcome
from daemon.store.jobs import JobKind, Lease, NewJob
from daemon.store.queries import snapshots
from daemon.tickets import bounces
from daemon.tickets.recent_counts import recent_counts
from daemon.vocabulary import MailKind, Subject, SubjectKind

# The limits that defer count by the hour.
DEFERRED_FOR: Final = timedelta(hours=1)
# How long what is returned to an author counts for its limit.
LIMITED_FOR: Final = timedelta(hours=1)
# A day later, nobody needs an acknowledgement any more.
MAX_DEFERRED_TIME: Final = timedelta(days=1)
# How long a digest gathers tickets.
DIGEST_WAIT: Final = timedelta(minutes=15)
# A digest that could not be sent for a day gets no more tickets.
DIGEST_OPEN_FOR: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class PlanningFacts:
    """What the plans of one transaction share.

    `tickets` are by cause, `deferred` the deliveries to plan again, by id. `recent` counts acknowledgements and
    `to_teams` notifications within an hour, by mailbox. `digests` are the teams with an open digest, by address. A
    plan adds to these three. `suppressed` are addresses that bounced permanently. `returned` counts what was returned
    to the author of an answer within an hour, by cause.
    """

    tickets: Mapping[Subject, TicketSnapshot]
    deferred: Mapping[int, Deferred]
    recent: RecentCounts
    to_teams: Counter[str]
    digests: set[str]
    suppressed: frozenset[str]
    returned: Mapping[Subject, int]


@dataclass(frozen=True, slots=True)
class Replanned:
    """The new plan for a deferred delivery."""

    delivery_id: int
    state: DeliveryState
    reason: str
    verified: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """What a notify job leads to: deliveries, notifications that a digest lists, and new plans for deferred ones.

    `similar` are earlier tickets that the team is shown beside the ticket of the decision.
    """

    lease: Lease
    new: Sequence[NewDelivery] = ()
    gathered: Sequence[NewDelivery] = ()
    again: Sequence[Replanned] = ()
    similar: Sequence[int] = ()


def begin_planning(
    session: Session,
    leases: Sequence[Lease],
    team_address: Callable[[str | None], str],
    busy_from: int,
    now: datetime,
) -> PlanningFacts:
    """Finish notify jobs, lock the limits and return the facts for their plans.

    The jobs are finished first: a worker that lost its lease plans nothing. `team_address` returns the address of a
    team. A domain that may get `busy_from` acknowledgements in this hour is looked at more closely.
    """
    jobs.finish(session, leases, now)
    delivery_counts.lock(session)
    again = [lease.subject.id for lease in leases if lease.subject.kind is SubjectKind.DELIVERY]
    deferred = deliveries.deferred(session, again) if again else {}
    # A delivery that is not deferred brought an answer that did not arrive.
    causes = [lease.subject for lease in leases if lease.subject.id not in deferred or not _is_delivery(lease)]
    tickets = snapshots.load(session, [*causes, *(one.cause for one in deferred.values())])
    requesters = [ticket.requester or "" for ticket in tickets.values()]
    addresses = {team_address(ticket.team) for ticket in tickets.values()}
    readers = {address for ticket in tickets.values() if ticket.answer for address in _readers(ticket.answer)}
    mailboxes = {mailbox_of(address).address for address in addresses}
    return PlanningFacts(
        tickets=tickets,
        deferred=deferred,
        recent=recent_counts(session, MailKind.ACKNOWLEDGEMENT, list(map(mailbox_of, requesters)), busy_from, now),
        to_teams=delivery_counts.to_teams(session, mailboxes, now),
        digests=set(digests.lock_open_digests(session, mailboxes, now - DIGEST_OPEN_FOR)),
        suppressed=bounces.suppressed(session, {*requesters, *addresses, *readers}, now),
        returned={cause: _returned(session, ticket, now) for cause, ticket in tickets.items() if ticket.answer},
    )


def _is_delivery(lease: Lease) -> bool:
    return lease.subject.kind is SubjectKind.DELIVERY


def _readers(answer: StoredAnswer) -> set[str]:
    return {*answer.recipients, answer.author, answer.return_to or ""}


def _returned(session: Session, ticket: TicketSnapshot, now: datetime) -> int:
    """Return how many emails returned something to the author of an answer about its ticket within an hour."""
    answer = ticket.answer
    back = (answer.return_to or answer.author) if answer else ""
    return answers.returned_since(session, ticket.ticket_id, back, now - LIMITED_FOR)


def write_plans(session: Session, plans: Sequence[Plan], now: datetime) -> list[list[Lease]]:
    """Write plans and return the deliver jobs of each notify job, leased to the same worker."""
    shown_similar.keep(session, {plan.lease.subject.id: plan.similar for plan in plans if plan.similar})
    new = [row for plan in plans for row in plan.new]
    ids = deliveries.add(session, new)
    _write_gathered(session, [row for plan in plans for row in plan.gathered], now)
    for one in (one for plan in plans for one in plan.again):
        # After a large flood thousands are looked at every hour, and nearly all of them stay deferred.
        if one.state is not DeliveryState.DEFERRED:
            deliveries.plan_again(session, one.delivery_id, one.state, one.reason, now, verified=one.verified)
    _add_later(session, [(number, row) for number, row in zip(ids, new, strict=True) if number], plans, now)
    numbers = iter(ids)
    return jobs.add_leased(session, [(plan.lease, list(_due_now(plan, numbers, now))) for plan in plans])


def last_try(deferred: Deferred, now: datetime) -> bool:
    """Say whether a deferred delivery would be too old after waiting once more."""
    return now + DEFERRED_FOR > deferred.created_at + MAX_DEFERRED_TIME


def note_failure(session: Session, cause: Subject, error: str, now: datetime) -> None:
    """Note on a ticket that nobody was notified."""
    if cause.kind is SubjectKind.DELIVERY and deliveries.deferred(session, [cause.id]):
        deliveries.settle(session, [Outcome(cause.id, DeliveryState.FAILED, error, now)])
        return
    ticket_id = snapshots.load_one(session, cause).ticket_id
    events.add(session, "nobody was told", now, ticket_id=ticket_id, error=error[:300])


def _write_gathered(session: Session, gathered: Sequence[NewDelivery], now: datetime) -> None:
    """Write the notifications that are not sent, each linked to the digest that lists it."""
    if gathered:
        mailboxes = {mailbox_of(row.recipient).address for row in gathered}
        open_ = digests.lock_open_digests(session, mailboxes, now - DIGEST_OPEN_FOR)
        deliveries.add(session, [replace(row, digest_id=open_[row.recipient]) for row in gathered])


def _add_later(
    session: Session, added: Sequence[tuple[int, NewDelivery]], plans: Sequence[Plan], now: datetime
) -> None:
    """Add the jobs that are due later: digests, and new plans for what is deferred."""
    waiting = [number for number, row in added if row.state is DeliveryState.DEFERRED]
    waiting += [one.delivery_id for plan in plans for one in plan.again if one.state is DeliveryState.DEFERRED]
    later = [_job(JobKind.NOTIFY, number, now, now + DEFERRED_FOR) for number in waiting]
    later += [_job(JobKind.DELIVER, number, now, now + DIGEST_WAIT) for number, row in added if _is_digest(row)]
    # Its author learns that an answer does not go to an address that bounced.
    later += [_job(JobKind.NOTIFY, number, now, jobs.AT_ONCE) for number, row in added if _is_unsendable(row)]
    if later:
        jobs.add(session, later)


def _due_now(plan: Plan, ids: Iterator[int | None], now: datetime) -> Iterator[NewJob]:
    """Yield the deliver jobs of a plan; `ids` are those of all new deliveries, in order."""
    for row in plan.new:
        number = next(ids)
        if number and row.state is DeliveryState.PLANNED and not _is_digest(row):
            yield _job(JobKind.DELIVER, number, now, jobs.AT_ONCE)
    for one in plan.again:
        if one.state is DeliveryState.PLANNED:
            yield _job(JobKind.DELIVER, one.delivery_id, now, jobs.AT_ONCE)


def _is_unsendable(row: NewDelivery) -> bool:
    return row.kind is MailKind.ANSWER and row.state is DeliveryState.SUPPRESSED


def _is_digest(row: NewDelivery) -> bool:
    return row.kind is MailKind.DIGEST


def _job(kind: JobKind, delivery_id: int, now: datetime, due_at: datetime) -> NewJob:
    return NewJob(kind, Subject(SubjectKind.DELIVERY, delivery_id), now, due_at)
