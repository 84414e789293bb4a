"""A worker claims jobs together: of one kind, due, untried, its share of them, and each once."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from daemon.store import jobs
from daemon.store.jobs import JobKind, NewJob
from daemon.store.models import Job
from daemon.store.store import Store
from daemon.tickets.claiming import claim_batch
from daemon.vocabulary import Subject, SubjectKind
from tests.support.fakes import NOON


def added(store: Store, *kinds: JobKind) -> list[int]:
    new = [NewJob(kind, Subject(SubjectKind.TICKET, n), NOON) for n, kind in enumerate(kinds)]
    return [offer.job_id for offer in store.write(lambda session: jobs.add(session, new))]


def claimed(store: Store, job_id: int, share: float = 1.0, most: int = 15, owner: str = "a") -> list[int]:
    sizes = dict.fromkeys(JobKind, most + 1)
    leases = store.write(lambda session: claim_batch(session, job_id, owner, share, sizes, NOON))
    return [lease.job_id for lease in leases]


def test_a_batch_holds_jobs_of_one_kind_that_are_due_and_untried(store: Store) -> None:
    ids = added(store, *[JobKind.TRIAGE] * 4, JobKind.NOTIFY)
    late, tried = ids[1], ids[2]
    for job_id, due in ((late, NOON + timedelta(hours=1)), (tried, NOON)):
        lease = store.write(lambda session, i=job_id: jobs.claim(session, i, "x", NOON))  # type: ignore[misc]
        store.write(lambda session, one=lease, at=due: jobs.retry(session, one, "", at))  # type: ignore[misc]
    assert claimed(store, ids[0]) == [ids[0], ids[3]]
    with store.read() as session:
        row = session.get_one(Job, ids[3])
    assert (row.state, row.owner, row.attempts) == ("leased", "a", 1)


def test_a_job_that_was_tried_before_runs_alone(store: Store) -> None:
    first, _ = added(store, JobKind.TRIAGE, JobKind.TRIAGE)
    lease = store.write(lambda session: jobs.claim(session, first, "x", NOON))
    assert lease
    store.write(lambda session: jobs.retry(session, lease, "", NOON))
    assert claimed(store, first) == [first]


@pytest.mark.parametrize(("share", "most", "found"), [(1.0, 15, 16), (0.25, 15, 6), (0.5, 3, 4), (1.0, 0, 1)])
def test_a_worker_claims_its_share_and_at_most_one_batch(store: Store, share: float, most: int, found: int) -> None:
    ids = added(store, *[JobKind.TRIAGE] * 20)
    assert len(claimed(store, ids[0], share, most)) == found


def test_concurrent_batch_claims_claim_each_job_once(store_url: str) -> None:
    stores = [Store(store_url) for _ in range(3)]
    ids = added(stores[0], *[JobKind.TRIAGE] * 60)
    start = threading.Barrier(9)

    def work(thread: int) -> list[int]:
        start.wait(30)
        return [found for i in ids for found in claimed(stores[thread % 3], i, 0.25, 15, f"worker {thread}")]

    with ThreadPoolExecutor(9) as pool:
        won = [job_id for mine in pool.map(work, range(9)) for job_id in mine]
    assert sorted(won) == ids
    for opened in stores:
        opened.close()
