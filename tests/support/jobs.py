"""Jobs for tests: add, claim and read them."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from daemon.store import jobs
from daemon.store.jobs import JobKind, Lease, NewJob
from daemon.store.models import Job
from daemon.store.store import Store
from daemon.vocabulary import Subject, SubjectKind
from tests.support.fakes import NOON


def add_job(store: Store, kind: JobKind = JobKind.TRIAGE, subject: str = Subject(SubjectKind.TICKET, 1)) -> int:
    return store.write(lambda session: jobs.add(session, [NewJob(kind, subject, NOON)])[0]).job_id


def claim(store: Store, job_id: int, owner: str = "a", now: timedelta = timedelta()) -> Lease | None:
    return store.write(lambda session: jobs.claim(session, job_id, owner, NOON + now))


def job_row(store: Store, job_id: int) -> Job:
    with store.read() as session:
        return session.get_one(Job, job_id)


def finish(session: Session, lease: Lease, _reason: str, now: datetime) -> None:
    jobs.finish(session, [lease], now)


def claim_now(store: Store, job_id: int) -> Lease:
    lease = claim(store, job_id)
    assert lease is not None
    return lease
