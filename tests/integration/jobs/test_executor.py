"""The executor: retries, gives up, releases, and runs follow-up jobs."""

import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from daemon.store import events, jobs, orphans
from daemon.store.jobs import JobKind, Lease, LeaseLostError, NewJob
from daemon.store.models import Event, Job
from daemon.store.store import Store
from daemon.vocabulary import Subject, SubjectKind
from tests.support.fakes import NOON, FakeClock, eventually
from tests.support.jobs import add_job, claim_now, job_row
from workers.jobs import batching
from workers.jobs.batching import BatchedWork
from workers.jobs.executor import JobExecutor, SnoozeError, WorkWindow
from workers.jobs.heartbeat import Heartbeat

FOLLOW_UPS = {
    JobKind.TRIAGE: [NewJob(JobKind.NOTIFY, Subject(SubjectKind.MESSAGE, 1), NOON)],
    JobKind.NOTIFY: [NewJob(JobKind.DELIVER, Subject(SubjectKind.DELIVERY, number), NOON) for number in (1, 2)],
}


def states(store: Store) -> list[str]:
    with store.read() as session:
        return list(session.execute(select(Job.state).order_by(Job.id)).scalars())


def jobs_by_kind(store: Store) -> dict[JobKind, list[int]]:
    with store.read() as session:
        rows = session.execute(select(Job.kind, Job.id).order_by(Job.id)).all()
    return {JobKind(kind): [row.id for row in rows if row.kind == kind] for kind, _ in rows}


class Scripted:
    """An actor that raises the errors of its script one by one, then finishes the job."""

    def __init__(self, *script: BaseException) -> None:
        self._script = list(script)
        self.attempts: list[int] = []
        self.kinds: list[JobKind] = []
        self.given_up: list[str] = []
        self.together: list[int] = []

    def perform(self, lease: Lease, window: WorkWindow) -> BatchedWork[Sequence[Lease]]:
        del window
        self.attempts.append(lease.attempts)
        self.kinds.append(lease.kind)
        if self._script:
            raise self._script.pop(0)
        return (yield from batching.write(self._done, lease))

    def _done(self, session: Session, leases: Sequence[Lease]) -> list[list[Lease]]:
        self.together.append(len(leases))
        jobs.finish(session, leases, NOON)
        return jobs.add_leased(session, [(lease, FOLLOW_UPS.get(lease.kind, ())) for lease in leases])

    def give_up(self, session: Session, lease: Lease, error: str) -> Sequence[Lease]:
        del lease
        events.add(session, "given up", NOON)
        self.given_up.append(error)
        return ()


class TestJobExecutor:
    @pytest.fixture
    def heartbeat(self, store: Store) -> Iterator[Heartbeat]:
        heartbeat = Heartbeat(store, "tests:1")
        heartbeat.start()
        yield heartbeat
        heartbeat.close()

    @pytest.fixture
    def executor_of(self, store: Store, clock: FakeClock, heartbeat: Heartbeat) -> Callable[..., JobExecutor]:
        def make(actor: Scripted, threads: int = 1) -> JobExecutor:
            return JobExecutor(store, clock, heartbeat, 3, threads, dict.fromkeys(JobKind, actor))

        return make

    def test_a_job_offered_many_times_runs_once(self, store: Store, executor_of: Callable[..., JobExecutor]) -> None:
        actor, job_id = Scripted(), add_job(store, JobKind.DELIVER)
        engine = executor_of(actor)
        for _ in range(3):
            engine.perform(job_id)
        assert actor.attempts == [1]
        assert job_row(store, job_id).state == "done"

    def test_a_worker_runs_the_follow_up_jobs_itself(
        self, store: Store, executor_of: Callable[..., JobExecutor], heartbeat: Heartbeat
    ) -> None:
        actor = Scripted()
        executor_of(actor).perform(add_job(store))
        assert actor.kinds == [JobKind.TRIAGE, JobKind.NOTIFY, JobKind.DELIVER, JobKind.DELIVER]
        assert actor.attempts == [1, 1, 1, 1]
        assert states(store) == ["done"] * 4
        assert not heartbeat._running

    def test_a_worker_claims_waiting_jobs_with_its_job(
        self, store: Store, executor_of: Callable[..., JobExecutor]
    ) -> None:
        actor, ids = Scripted(), [add_job(store, subject=Subject(SubjectKind.TICKET, n)) for n in range(5)]
        engine = executor_of(actor)
        for job_id in ids:
            engine.perform(job_id)
        assert actor.together == [5, 5, 8, 2]
        assert set(states(store)) == {"done"}

    def test_a_worker_of_many_threads_leaves_work_for_the_others(
        self, store: Store, executor_of: Callable[..., JobExecutor]
    ) -> None:
        actor, ids = Scripted(), [add_job(store, subject=Subject(SubjectKind.TICKET, n)) for n in range(9)]
        executor_of(actor, threads=4).perform(ids[0])
        assert actor.together[0] == 3

    def test_a_job_that_failed_in_a_batch_runs_when_it_is_due_again(
        self, store: Store, executor_of: Callable[..., JobExecutor], clock: FakeClock
    ) -> None:
        class Failing(Scripted):
            def perform(self, lease: Lease, window: WorkWindow) -> BatchedWork[Sequence[Lease]]:
                if lease.subject == Subject(SubjectKind.TICKET, 1) and lease.attempts == 1:
                    raise ZeroDivisionError
                return (yield from super().perform(lease, window))

        actor, ids = Failing(), [add_job(store, subject=Subject(SubjectKind.TICKET, n)) for n in range(3)]
        engine = executor_of(actor)
        for job_id in ids:
            engine.perform(job_id)
        assert states(store).count("ready") == 1
        clock.advance(seconds=2)
        engine.perform(ids[1])
        assert set(states(store)) == {"done"}

    def test_waiting_follow_up_jobs_are_beaten_for(
        self, store: Store, executor_of: Callable[..., JobExecutor], heartbeat: Heartbeat
    ) -> None:
        held: list[set[int]] = []

        class Watching(Scripted):
            def perform(self, lease: Lease, window: WorkWindow) -> BatchedWork[Sequence[Lease]]:
                held.append(set(heartbeat._running))
                return (yield from super().perform(lease, window))

        executor_of(Watching()).perform(add_job(store))
        leased = jobs_by_kind(store)
        assert held[2] >= set(leased[JobKind.DELIVER])

    def test_a_failed_follow_up_job_is_retried_alone(
        self, store: Store, executor_of: Callable[..., JobExecutor]
    ) -> None:
        class Refusing(Scripted):
            def perform(self, lease: Lease, window: WorkWindow) -> BatchedWork[Sequence[Lease]]:
                if lease.kind is JobKind.DELIVER and JobKind.DELIVER not in self.kinds:
                    self.kinds.append(lease.kind)
                    raise SnoozeError("the smarthost is away", timedelta(minutes=1))
                return (yield from super().perform(lease, window))

        executor_of(Refusing()).perform(add_job(store))
        assert states(store) == ["done", "done", "ready", "done"]

    @pytest.mark.parametrize("ends", ["closed", "late"])
    def test_a_job_that_a_worker_does_not_start_is_left_to_another(
        self,
        store: Store,
        executor_of: Callable[..., JobExecutor],
        clock: FakeClock,
        ends: str,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        actor = Scripted()
        engine = executor_of(actor)
        if ends == "late":
            monkeypatch.setattr("workers.jobs.executor.WINDOW_SECONDS", 0.0)
        else:
            engine.close()
        job_id = add_job(store)
        engine.perform(job_id)
        assert actor.kinds == []
        with store.read() as session:
            assert [offer.job_id for offer in jobs.due(session, clock.now(), 9)] == [job_id]

    def test_a_failing_job_is_retried_with_back_off_and_then_buried(
        self, store: Store, executor_of: Callable[..., JobExecutor], clock: FakeClock
    ) -> None:
        actor, job_id = Scripted(*[ZeroDivisionError("by zero")] * 9), add_job(store)
        engine = executor_of(actor)
        for seconds in (0, 1, 1, 7, 1, 100, 10_000):
            clock.advance(seconds=seconds)
            engine.perform(job_id)
        assert actor.attempts == [1, 2, 3]
        assert actor.given_up == ["ZeroDivisionError: by zero"]
        found = job_row(store, job_id)
        assert (found.state, found.last_error) == ("dead", "ZeroDivisionError: by zero")

    def test_a_job_that_kills_its_worker_is_buried_without_a_fourth_attempt(
        self, store: Store, executor_of: Callable[..., JobExecutor]
    ) -> None:
        actor, job_id = Scripted(), add_job(store)
        for _ in range(3):
            claim_now(store, job_id)
            beat = job_row(store, job_id).beat
            store.write(partial(orphans.rescue_one, job_id=job_id, seen_beat=beat))
        executor_of(actor).perform(job_id)
        assert actor.attempts == []
        assert len(actor.given_up) == 1
        assert job_row(store, job_id).state == "dead"

    def test_a_snoozed_job_waits_for_its_delay_and_is_not_buried(
        self, store: Store, executor_of: Callable[..., JobExecutor], clock: FakeClock
    ) -> None:
        wait = SnoozeError("the smarthost is away", timedelta(minutes=1))
        actor, job_id = Scripted(*[wait] * 5), add_job(store, JobKind.DELIVER)
        engine = executor_of(actor)
        for _ in range(6):
            engine.perform(job_id)
            clock.advance(seconds=59)
            engine.perform(job_id)
            clock.advance(seconds=1)
        assert actor.attempts == [1, 2, 3, 4, 5, 6]
        assert job_row(store, job_id).state == "done"

    def test_postponements_do_not_count_when_a_job_fails(
        self, store: Store, executor_of: Callable[..., JobExecutor], clock: FakeClock
    ) -> None:
        wait = SnoozeError("the smarthost is away", timedelta(minutes=1))
        fault = ZeroDivisionError("by zero")
        actor, job_id = Scripted(*[wait] * 5, *[fault] * 2, wait, fault), add_job(store, JobKind.DELIVER)
        engine = executor_of(actor)
        for attempt in range(1, 9):
            engine.perform(job_id)
            assert (attempt, job_row(store, job_id).state) == (attempt, "ready")
            clock.advance(hours=1)
        engine.perform(job_id)
        assert (job_row(store, job_id).state, actor.given_up) == ("dead", ["ZeroDivisionError: by zero"])

    def test_a_job_is_buried_even_if_giving_it_up_fails(
        self, store: Store, executor_of: Callable[..., JobExecutor], clock: FakeClock
    ) -> None:
        class Hopeless(Scripted):
            def give_up(self, session: Session, lease: Lease, error: str) -> Sequence[Lease]:
                super().give_up(session, lease, error)
                raise LookupError("what the job was about is gone")

        actor, job_id = Hopeless(*[LookupError("gone")] * 9), add_job(store)
        engine = executor_of(actor)
        for _ in range(3):
            engine.perform(job_id)
            clock.advance(hours=1)
        found = job_row(store, job_id)
        assert (found.state, found.last_error) == ("dead", "LookupError: gone")
        with store.read() as session:
            assert session.execute(select(Event.id)).all() == []

    def test_a_job_with_a_lost_lease_is_left_alone(
        self, store: Store, executor_of: Callable[..., JobExecutor], heartbeat: Heartbeat
    ) -> None:
        actor, job_id = Scripted(LeaseLostError("x")), add_job(store)
        executor_of(actor).perform(job_id)
        assert job_row(store, job_id).state == "leased"
        assert not heartbeat._running

    def test_attempts_that_failed_because_of_the_store_do_not_count(
        self, store: Store, executor_of: Callable[..., JobExecutor], clock: FakeClock, heartbeat: Heartbeat
    ) -> None:
        gone = OperationalError("x", {}, Exception("gone"))
        actor, job_id = Scripted(*[gone] * 5), add_job(store, JobKind.DELIVER)
        engine = executor_of(actor)
        for _ in range(5):
            engine.perform(job_id)
            assert job_row(store, job_id).state == "ready"
            assert not heartbeat._running
            clock.advance(seconds=5)
        engine.perform(job_id)
        assert actor.attempts == [1] * 6
        assert job_row(store, job_id).state == "done"

    def test_a_job_for_which_the_store_always_fails_is_buried_in_the_end(
        self, store: Store, executor_of: Callable[..., JobExecutor], clock: FakeClock
    ) -> None:
        actor, job_id = Scripted(*[OperationalError("x", {}, Exception("gone"))] * 9), add_job(store)
        engine = executor_of(actor)
        clock.advance(hours=7)
        for _ in range(4):
            engine.perform(job_id)
            beat = job_row(store, job_id).beat
            store.write(lambda session, beat=beat: orphans.rescue_one(session, job_id, beat))
        assert job_row(store, job_id).state == "dead"

    def test_the_heartbeat_beats_only_while_a_job_runs(
        self, store: Store, executor_of: Callable[..., JobExecutor], heartbeat: Heartbeat
    ) -> None:
        entered, leave = threading.Event(), threading.Event()

        class Slow(Scripted):
            def perform(self, lease: Lease, window: WorkWindow) -> BatchedWork[Sequence[Lease]]:
                entered.set()
                leave.wait(30)
                return (yield from super().perform(lease, window))

        job_id = add_job(store)
        thread = threading.Thread(target=executor_of(Slow()).perform, args=(job_id,))
        thread.start()
        assert entered.wait(30)
        first = job_row(store, job_id).beat
        eventually(lambda: job_row(store, job_id).beat >= first + 2)
        assert heartbeat.holds_lease()
        leave.set()
        thread.join(30)
        assert job_row(store, job_id).state == "done"
        assert not heartbeat._running

    def test_a_heartbeat_that_cannot_write_holds_no_lease(
        self, store: Store, heartbeat: Heartbeat, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fails(*_arguments: object) -> None:
            raise OperationalError("x", {}, Exception("gone"))

        monkeypatch.setattr("workers.jobs.heartbeat.HELD_SECONDS", 0.6)
        with heartbeat.beating([1]):
            assert heartbeat.holds_lease()
            monkeypatch.setattr(store, "write", fails)
            eventually(lambda: not heartbeat.holds_lease())
            monkeypatch.undo()
            eventually(heartbeat.holds_lease)
