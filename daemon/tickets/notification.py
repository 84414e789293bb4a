"""Plan notifications: load the facts behind a plan, and write the deliveries and jobs that it leads to.

Both run in one transaction, so that the limits hold between workers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from daemon.store import deliveries, events, jobs
from daemon.store.deliveries import DeliveryState, NewDelivery
from daemon.store.jobs import JobKind, Lease, NewJob
from daemon.store.queries import snapshots
from daemon.tickets import bounces
from daemon.vocabulary import MailKind, RecentCounts, Subject, SubjectKind, TicketSnapshot


@dataclass(frozen=True, slots=True)
class PlanningFacts:
    """What the plans of one transaction share: the tickets by cause, recent acknowledgements, and bounced addresses."""

    tickets: Mapping[Subject, TicketSnapshot]
    recent: RecentCounts
    suppressed: frozenset[str]


def load_facts(session: Session, leases: Sequence[Lease], teams: Mapping[str, str], now: datetime) -> PlanningFacts:
    """Finish notify jobs and return the facts for their plans. `teams` maps names to addresses.

    The jobs are finished first: a worker that lost its lease plans nothing.
    """
    jobs.finish(session, leases, now)
    tickets = snapshots.load(session, [lease.subject for lease in leases])
    requesters = [tickets[lease.subject].requester or "" for lease in leases]
    addresses = {teams.get(tickets[lease.subject].team or "", "").lower() for lease in leases}
    recent = deliveries.recent_counts(session, MailKind.ACKNOWLEDGEMENT, requesters, now)
    return PlanningFacts(tickets, recent, bounces.suppressed(session, {*requesters, *addresses}, now))


def write_plan(
    session: Session, plan: Sequence[tuple[Lease, Sequence[NewDelivery]]], now: datetime
) -> list[list[Lease]]:
    """Write planned deliveries and return the deliver jobs of each notify job, leased to the same worker."""
    rows = [row for _, planned in plan for row in planned]
    ids = iter(deliveries.add(session, rows))
    return jobs.add_leased(
        session,
        [
            (lease, [_deliver(number, now) for row in planned if (number := next(ids)) and _is_due(row)])
            for lease, planned in plan
        ],
    )


def note_failure(session: Session, cause: Subject, error: str, now: datetime) -> None:
    """Note on a ticket that nobody was notified."""
    ticket_id = snapshots.load_one(session, cause).ticket_id
    events.add(session, "nobody was told", now, ticket_id=ticket_id, error=error[:300])


def _is_due(row: NewDelivery) -> bool:
    return row.state is DeliveryState.PLANNED


def _deliver(delivery_id: int, now: datetime) -> NewJob:
    return NewJob(JobKind.DELIVER, Subject(SubjectKind.DELIVERY, delivery_id), now)
