"""Admit emails whose sender was checked: each waits in the ledger until then, under its own row."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from daemon.mail.analyze import Identity
from daemon.mail.envelope import Inbound
from daemon.store import jobs, ledger
from daemon.store.jobs import Lease
from daemon.store.models import InboundRow
from daemon.tickets.admission import Receipt, admit
from daemon.tickets.disposition import PreparedEmail
from daemon.vocabulary import Disposition

# An email is parked when its check was given up; a retry of the job admits it.
WAITING = (Disposition.CHECKING, Disposition.PARKED)


@dataclass(frozen=True, slots=True)
class CheckedEmail:
    """An email with the result of its check, and the job that checked it."""

    lease: Lease
    email: PreparedEmail


def stored_emails(session: Session, numbers: Sequence[int]) -> list[Inbound]:
    """Return emails as they were received; raises LookupError."""
    return [ledger.load(session, number) for number in numbers]


def still_waiting(session: Session, numbers: Sequence[int]) -> list[bool]:
    """Say of each email whether it still waits for its check."""
    rows = session.execute(select(InboundRow.id).where(InboundRow.id.in_(numbers), InboundRow.disposition.in_(WAITING)))
    waiting = set(rows.scalars())
    return [number in waiting for number in numbers]


def admit_checked(
    session: Session, checked: Sequence[CheckedEmail], identity: Identity, now: datetime
) -> list[list[Lease]]:
    """Finish check jobs and admit their emails; return the job that follows from each, leased to the same worker."""
    jobs.finish(session, [one.lease for one in checked], now)
    # Locked, because an admin may replay one that was parked.
    states = ledger.lock(session, [one.lease.subject.id for one in checked])
    due = [one for one in checked if states.get(one.lease.subject.id) in WAITING]
    receipts = admit(session, [one.email for one in due], identity) if due else []
    by_job = {one.lease.job_id: receipt for one, receipt in zip(due, receipts, strict=True)}
    return [_leased(session, one.lease, by_job.get(one.lease.job_id), now) for one in checked]


def _leased(session: Session, lease: Lease, receipt: Receipt | None, now: datetime) -> list[Lease]:
    offers = receipt.offers if receipt else ()
    claimed = [jobs.claim(session, offer.job_id, lease.owner, now) for offer in offers]
    return [one for one in claimed if one is not None]


def park(session: Session, lease: Lease, error: str) -> None:
    """Park an email whose check was given up."""
    if ledger.lock(session, [lease.subject.id]).get(lease.subject.id) in WAITING:
        reason = f"the email could not be admitted after its sender was checked: {error}"[:500]
        ledger.settle(session, lease.subject.id, Disposition.PARKED, [reason], None)
