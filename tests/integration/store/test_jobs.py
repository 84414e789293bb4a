"""The job queue: claimed once, counted first, fenced, beaten for, given back, given up."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from daemon.store import events, jobs, orphans
from daemon.store.jobs import JobKind, LeaseLostError, NewJob
from daemon.store.models import Event, Job
from daemon.store.store import Store
from daemon.vocabulary import Subject, SubjectKind
from tests.support.fakes import NOON
from tests.support.jobs import add_job, claim, claim_now, finish, job_row


class TestJobQueue:
    def test_a_job_is_added_or_lost_with_its_transaction(self, store: Store) -> None:
        def fails(session: Session) -> None:
            jobs.add(session, [NewJob(JobKind.TRIAGE, Subject(SubjectKind.TICKET, 1), NOON)])[0]
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            store.write(fails)
        with store.read() as session:
            assert jobs.due(session, NOON, 10) == []

    def test_a_job_is_claimed_once_by_many_threads(self, store_url: str) -> None:
        stores = [Store(store_url) for _ in range(3)]
        ids = [
            offer.job_id
            for offer in stores[0].write(
                lambda session: jobs.add(session, [NewJob(JobKind.TRIAGE, Subject(SubjectKind.TICKET, 1), NOON)] * 50)
            )
        ]
        start = threading.Barrier(9)

        def work(thread: int) -> list[int]:
            start.wait(30)
            return [i for i in ids if claim(stores[thread % 3], i, f"worker {thread}")]

        with ThreadPoolExecutor(9) as pool:
            won = [job_id for mine in pool.map(work, range(9)) for job_id in mine]
        assert sorted(won) == ids
        assert all(job_row(stores[0], job_id).attempts == 1 for job_id in ids)
        for opened in stores:
            opened.close()

    def test_an_attempt_is_counted_before_the_work_starts(self, store: Store) -> None:
        job_id = add_job(store)
        lease = claim_now(store, job_id)
        assert (lease.attempts, job_row(store, job_id).attempts) == (1, 1)
        assert (job_row(store, job_id).state, job_row(store, job_id).owner) == ("leased", "a")

    @pytest.mark.parametrize("state", ["done", "dead", "leased"])
    def test_only_a_ready_job_is_claimed(self, store: Store, state: str) -> None:
        job_id = add_job(store)
        lease = claim_now(store, job_id)
        if state == "done":
            store.write(lambda session: jobs.finish(session, [lease], NOON))
        if state == "dead":
            store.write(lambda session: jobs.bury(session, lease, "x", NOON))
        assert job_row(store, job_id).state == state
        assert claim(store, job_id, "b") is None

    def test_a_missing_job_is_not_claimed(self, store: Store) -> None:
        assert claim(store, 4711) is None

    def test_a_retried_job_waits_until_it_is_due(self, store: Store) -> None:
        job_id = add_job(store)
        lease = claim_now(store, job_id)
        store.write(lambda session: jobs.retry(session, lease, "a reason", NOON + timedelta(seconds=8)))
        assert claim(store, job_id, now=timedelta(seconds=7)) is None
        again = claim(store, job_id, now=timedelta(seconds=8))
        assert again is not None
        assert again.attempts == 2
        with store.read() as session:
            assert session.execute(select(Job.finished_at)).scalar_one() is None

    def test_due_jobs_are_ordered_by_due_time_and_bounded(self, store: Store) -> None:
        ids = [add_job(store) for _ in range(5)]
        lease = claim_now(store, ids[0])
        store.write(lambda session: jobs.retry(session, lease, "", NOON))
        with store.read() as session:
            assert [offer.job_id for offer in jobs.due(session, NOON, 10)] == [*ids[1:], ids[0]]
            assert len(jobs.due(session, NOON, 3)) == 3

    def test_a_new_job_is_due_whatever_the_clock_says(self, store: Store) -> None:
        add_job(store)
        with store.read() as session:
            assert len(jobs.due(session, NOON - timedelta(days=3650), 10)) == 1

    @pytest.mark.parametrize("leave", [finish, jobs.bury, jobs.retry])
    def test_a_worker_that_lost_its_lease_cannot_finish_retry_or_bury(
        self, store: Store, leave: Callable[..., None]
    ) -> None:
        job_id = add_job(store)
        late = claim_now(store, job_id)
        beat = job_row(store, job_id).beat
        assert store.write(lambda session: orphans.rescue_one(session, job_id, beat))
        now = claim_now(store, job_id)
        assert now.attempts == 2

        def act(session: Session) -> None:
            events.add(session, "an effect", NOON)
            leave(session, late, "x", NOON)

        with pytest.raises(LeaseLostError):
            store.write(act)
        with store.read() as session:
            assert session.execute(select(Event.id)).all() == []
        store.write(lambda session: jobs.finish(session, [now], NOON))
        assert job_row(store, job_id).state == "done"

    def test_a_job_is_not_rescued_from_a_worker_that_beats(self, store: Store) -> None:
        job_id = add_job(store)
        claim_now(store, job_id)
        with store.read() as session:
            seen = orphans.leased(session, 10)[job_id]
        store.write(lambda session: jobs.beat(session, "a", [job_id]))
        assert not store.write(lambda session: orphans.rescue_one(session, job_id, seen))
        assert job_row(store, job_id).state == "leased"

    def test_a_worker_beats_only_for_its_own_jobs(self, store: Store) -> None:
        job_id = add_job(store)
        claim_now(store, job_id)
        before = job_row(store, job_id).beat
        store.write(lambda session: jobs.beat(session, "b", [job_id]))
        assert job_row(store, job_id).beat == before
