"""Put triage decisions in force, each with the notify job that it leads to.

The triage job is finished first, in the same transaction: a worker that lost its lease decides nothing.
"""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from daemon.store import decisions, jobs, ledger, vectors
from daemon.store.decisions import NewDecision
from daemon.store.jobs import JobKind, Lease, NewJob
from daemon.tickets import boilerplate
from daemon.tickets.boilerplate import Sighting
from daemon.vocabulary import Disposition, Subject, SubjectKind


def put_in_force(session: Session, items: Sequence[tuple[Lease, NewDecision]]) -> list[list[Lease]]:
    """Finish triage jobs with their decisions and return the notify job of each, leased to the same worker.

    A ticket that somebody decided before keeps that decision and gets no job. The blocks of text that the emails may
    share with those of other senders are counted, and the vectors of their meaning stored.
    """
    jobs.finish(session, [lease for lease, _ in items], max(decided.at for _, decided in items))
    boilerplate.note(session, [Sighting(one.blocks, one.left_out, one.domain, one.at) for _, one in items])
    vectors.put(session, [one.vector for _, one in items if one.vector])
    return _apply(session, items)


def leave_to_person(session: Session, lease: Lease, decided: NewDecision) -> Sequence[Lease]:
    """Put the fallback decision of a buried triage job in force, and park the email that could not be triaged.

    Where a person decided meanwhile, nothing is left to do.
    """
    [follow_ups] = _apply(session, [(lease, decided)])
    read = decisions.text_of(session, decided.ticket_id) if follow_ups else None
    if read and read.inbound_id:
        reasons = decided.triage.reasons[:1]
        ledger.settle(session, read.inbound_id, Disposition.PARKED, reasons, decided.ticket_id)
    return follow_ups


def _apply(session: Session, items: Sequence[tuple[Lease, NewDecision]]) -> list[list[Lease]]:
    decided = [one for _, one in items]
    applied = zip(items, decisions.apply_first(session, decided), strict=True)
    return jobs.add_leased(session, [(lease, _notify(decision, one)) for (lease, one), decision in applied])


def _notify(decision: int | None, decided: NewDecision) -> Sequence[NewJob]:
    if decision is None:
        return ()
    return (NewJob(JobKind.NOTIFY, Subject(SubjectKind.DECISION, decision), decided.at),)
