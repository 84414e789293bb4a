"""The queue of record: claimed once, counted first, fenced, beaten for, given back, given up."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from daemon.store import events, jobs
from daemon.store.jobs import JobKind, Lease, LeaseLostError, NewJob
from daemon.store.models import Event, Job
from daemon.store.store import Store
from daemon.vocabulary import Subject, SubjectKind
from tests.support.fakes import NOON, FakeClock, eventually
from workers.jobs import batching
from workers.jobs.batching import BatchedWork
from workers.jobs.executor import JobExecutor, SnoozeError, WorkWindow
from workers.jobs.heartbeat import Heartbeat


def promise(store: Store, kind: JobKind = JobKind.TRIAGE, subject: str = Subject(SubjectKind.TICKET, 1)) -> int:
    return store.write(lambda session: jobs.add(session, [NewJob(kind, subject, NOON)])[0]).job_id


def claimed(store: Store, job_id: int, owner: str = "a", now: timedelta = timedelta()) -> Lease | None:
    return store.write(lambda session: jobs.claim(session, job_id, owner, NOON + now))


def row(store: Store, job_id: int) -> Job:
    with store.read() as session:
        return session.get_one(Job, job_id)


def finish(session: Session, lease: Lease, _reason: str, now: datetime) -> None:
    jobs.finish(session, [lease], now)


def taken(store: Store, job_id: int) -> Lease:
    lease = claimed(store, job_id)
    assert lease is not None
    return lease


class TestQueueOfRecord:
    def test_a_promise_is_kept_or_gone_with_its_transaction(self, store: Store) -> None:
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
            return [i for i in ids if claimed(stores[thread % 3], i, f"worker {thread}")]

        with ThreadPoolExecutor(9) as pool:
            won = [job_id for mine in pool.map(work, range(9)) for job_id in mine]
        assert sorted(won) == ids
        assert all(row(stores[0], job_id).attempts == 1 for job_id in ids)
        for opened in stores:
            opened.close()

    def test_an_attempt_is_counted_before_the_work_starts(self, store: Store) -> None:
        job_id = promise(store)
        lease = taken(store, job_id)
        assert (lease.attempts, row(store, job_id).attempts) == (1, 1)
        assert (row(store, job_id).state, row(store, job_id).owner) == ("leased", "a")

    @pytest.mark.parametrize("state", ["done", "dead", "leased"])
    def test_only_a_ready_job_is_claimed(self, store: Store, state: str) -> None:
        job_id = promise(store)
        lease = taken(store, job_id)
        if state == "done":
            store.write(lambda session: jobs.finish(session, [lease], NOON))
        if state == "dead":
            store.write(lambda session: jobs.bury(session, lease, "x", NOON))
        assert row(store, job_id).state == state
        assert claimed(store, job_id, "b") is None

    def test_a_job_that_is_not_there_is_not_claimed(self, store: Store) -> None:
        assert claimed(store, 4711) is None

    def test_a_job_given_back_waits_until_it_is_due(self, store: Store) -> None:
        job_id = promise(store)
        lease = taken(store, job_id)
        store.write(lambda session: jobs.retry(session, lease, "a reason", NOON + timedelta(seconds=8)))
        assert claimed(store, job_id, now=timedelta(seconds=7)) is None
        again = claimed(store, job_id, now=timedelta(seconds=8))
        assert again is not None
        assert again.attempts == 2
        with store.read() as session:
            assert session.execute(select(Job.finished_at)).scalar_one() is None

    def test_due_jobs_come_the_longest_due_first_and_in_bounds(self, store: Store) -> None:
        ids = [promise(store) for _ in range(5)]
        lease = taken(store, ids[0])
        store.write(lambda session: jobs.retry(session, lease, "", NOON))
        with store.read() as session:
            assert [offer.job_id for offer in jobs.due(session, NOON, 10)] == [*ids[1:], ids[0]]
            assert len(jobs.due(session, NOON, 3)) == 3

    def test_new_work_is_due_whatever_the_clock_says(self, store: Store) -> None:
        promise(store)
        with store.read() as session:
            assert len(jobs.due(session, NOON - timedelta(days=3650), 10)) == 1

    @pytest.mark.parametrize("leave", [finish, jobs.bury, jobs.retry])
    def test_who_lost_the_lease_can_neither_finish_nor_give_back_nor_give_up(
        self, store: Store, leave: Callable[..., None]
    ) -> None:
        job_id = promise(store)
        late = taken(store, job_id)
        beat = row(store, job_id).beat
        assert store.write(lambda session: jobs.rescue_one(session, job_id, beat))
        now = taken(store, job_id)
        assert now.attempts == 2

        def act(session: Session) -> None:
            events.add(session, "an effect", NOON)
            leave(session, late, "x", NOON)

        with pytest.raises(LeaseLostError):
            store.write(act)
        with store.read() as session:
            assert session.execute(select(Event.id)).all() == []
        store.write(lambda session: jobs.finish(session, [now], NOON))
        assert row(store, job_id).state == "done"

    def test_a_job_is_not_taken_from_who_beats(self, store: Store) -> None:
        job_id = promise(store)
        taken(store, job_id)
        with store.read() as session:
            seen = jobs.leased(session, 10)[job_id]
        store.write(lambda session: jobs.beat(session, "a", [job_id]))
        assert not store.write(lambda session: jobs.rescue_one(session, job_id, seen))
        assert row(store, job_id).state == "leased"

    def test_nobody_beats_for_the_jobs_of_another(self, store: Store) -> None:
        job_id = promise(store)
        taken(store, job_id)
        before = row(store, job_id).beat
        store.write(lambda session: jobs.beat(session, "b", [job_id]))
        assert row(store, job_id).beat == before

    @pytest.mark.parametrize(("attempts", "seconds"), [(1, 2), (2, 8), (3, 32), (6, 2048), (7, 3600), (100, 3600)])
    def test_the_wait_grows_up_to_an_hour(self, attempts: int, seconds: int) -> None:
        assert jobs.backoff(attempts) == timedelta(seconds=seconds)


AFTER = {
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
    """An actor that does what it is told, in turn; and finishes the job once nothing is left to be told."""

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
        return jobs.add_leased(session, [(lease, AFTER.get(lease.kind, ())) for lease in leases])

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

    def test_a_job_is_done_once_however_often_it_is_offered(
        self, store: Store, executor_of: Callable[..., JobExecutor]
    ) -> None:
        actor, job_id = Scripted(), promise(store, JobKind.DELIVER)
        engine = executor_of(actor)
        for _ in range(3):
            engine.perform(job_id)
        assert actor.attempts == [1]
        assert row(store, job_id).state == "done"

    def test_whoever_does_a_job_goes_on_with_what_it_promised(
        self, store: Store, executor_of: Callable[..., JobExecutor], heartbeat: Heartbeat
    ) -> None:
        actor = Scripted()
        executor_of(actor).perform(promise(store))
        assert actor.kinds == [JobKind.TRIAGE, JobKind.NOTIFY, JobKind.DELIVER, JobKind.DELIVER]
        assert actor.attempts == [1, 1, 1, 1]
        assert states(store) == ["done"] * 4
        assert not heartbeat._running

    def test_whoever_is_called_to_a_job_takes_along_what_waits_beside_it(
        self, store: Store, executor_of: Callable[..., JobExecutor]
    ) -> None:
        actor, ids = Scripted(), [promise(store, subject=Subject(SubjectKind.TICKET, n)) for n in range(5)]
        engine = executor_of(actor)
        for job_id in ids:
            engine.perform(job_id)
        assert actor.together == [5, 5, 8, 2]
        assert set(states(store)) == {"done"}

    def test_a_worker_of_many_threads_leaves_work_for_the_others(
        self, store: Store, executor_of: Callable[..., JobExecutor]
    ) -> None:
        actor, ids = Scripted(), [promise(store, subject=Subject(SubjectKind.TICKET, n)) for n in range(9)]
        executor_of(actor, threads=4).perform(ids[0])
        assert actor.together[0] == 3

    def test_what_was_taken_along_and_failed_is_done_when_it_is_due_again(
        self, store: Store, executor_of: Callable[..., JobExecutor], clock: FakeClock
    ) -> None:
        class Failing(Scripted):
            def perform(self, lease: Lease, window: WorkWindow) -> BatchedWork[Sequence[Lease]]:
                if lease.subject == Subject(SubjectKind.TICKET, 1) and lease.attempts == 1:
                    raise ZeroDivisionError
                return (yield from super().perform(lease, window))

        actor, ids = Failing(), [promise(store, subject=Subject(SubjectKind.TICKET, n)) for n in range(3)]
        engine = executor_of(actor)
        for job_id in ids:
            engine.perform(job_id)
        assert states(store).count("ready") == 1
        clock.advance(seconds=2)
        engine.perform(ids[1])
        assert set(states(store)) == {"done"}

    def test_what_is_promised_is_beaten_for_while_it_waits_its_turn(
        self, store: Store, executor_of: Callable[..., JobExecutor], heartbeat: Heartbeat
    ) -> None:
        held: list[set[int]] = []

        class Watching(Scripted):
            def perform(self, lease: Lease, window: WorkWindow) -> BatchedWork[Sequence[Lease]]:
                held.append(set(heartbeat._running))
                return (yield from super().perform(lease, window))

        executor_of(Watching()).perform(promise(store))
        leased = jobs_by_kind(store)
        assert held[2] >= set(leased[JobKind.DELIVER])

    def test_what_was_promised_and_failed_waits_alone(
        self, store: Store, executor_of: Callable[..., JobExecutor]
    ) -> None:
        class Refusing(Scripted):
            def perform(self, lease: Lease, window: WorkWindow) -> BatchedWork[Sequence[Lease]]:
                if lease.kind is JobKind.DELIVER and JobKind.DELIVER not in self.kinds:
                    self.kinds.append(lease.kind)
                    raise SnoozeError("the smarthost is away", timedelta(minutes=1))
                return (yield from super().perform(lease, window))

        executor_of(Refusing()).perform(promise(store))
        assert states(store) == ["done", "done", "ready", "done"]

    @pytest.mark.parametrize("ends", ["closed", "late"])
    def test_what_a_worker_does_not_begin_is_left_to_another(
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
        job_id = promise(store)
        engine.perform(job_id)
        assert actor.kinds == []
        with store.read() as session:
            assert [offer.job_id for offer in jobs.due(session, clock.now(), 9)] == [job_id]

    def test_a_failure_is_tried_again_after_a_wait_and_given_up_in_the_end(
        self, store: Store, executor_of: Callable[..., JobExecutor], clock: FakeClock
    ) -> None:
        actor, job_id = Scripted(*[ZeroDivisionError("by zero")] * 9), promise(store)
        engine = executor_of(actor)
        for seconds in (0, 1, 1, 7, 1, 100, 10_000):
            clock.advance(seconds=seconds)
            engine.perform(job_id)
        assert actor.attempts == [1, 2, 3]
        assert actor.given_up == ["ZeroDivisionError: by zero"]
        found = row(store, job_id)
        assert (found.state, found.last_error) == ("dead", "ZeroDivisionError: by zero")

    def test_a_job_that_kills_its_worker_is_given_up_without_a_fourth_attempt(
        self, store: Store, executor_of: Callable[..., JobExecutor]
    ) -> None:
        actor, job_id = Scripted(), promise(store)
        for _ in range(3):
            taken(store, job_id)
            beat = row(store, job_id).beat
            store.write(partial(jobs.rescue_one, job_id=job_id, seen_beat=beat))
        executor_of(actor).perform(job_id)
        assert actor.attempts == []
        assert len(actor.given_up) == 1
        assert row(store, job_id).state == "dead"

    def test_what_is_postponed_waits_as_long_as_it_says_and_is_not_given_up(
        self, store: Store, executor_of: Callable[..., JobExecutor], clock: FakeClock
    ) -> None:
        wait = SnoozeError("the smarthost is away", timedelta(minutes=1))
        actor, job_id = Scripted(*[wait] * 5), promise(store, JobKind.DELIVER)
        engine = executor_of(actor)
        for _ in range(6):
            engine.perform(job_id)
            clock.advance(seconds=59)
            engine.perform(job_id)
            clock.advance(seconds=1)
        assert actor.attempts == [1, 2, 3, 4, 5, 6]
        assert row(store, job_id).state == "done"

    def test_a_job_is_buried_even_if_giving_it_up_fails(
        self, store: Store, executor_of: Callable[..., JobExecutor], clock: FakeClock
    ) -> None:
        class Hopeless(Scripted):
            def give_up(self, session: Session, lease: Lease, error: str) -> Sequence[Lease]:
                super().give_up(session, lease, error)
                raise LookupError("what the job was about is gone")

        actor, job_id = Hopeless(*[LookupError("gone")] * 9), promise(store)
        engine = executor_of(actor)
        for _ in range(3):
            engine.perform(job_id)
            clock.advance(hours=1)
        found = row(store, job_id)
        assert (found.state, found.last_error) == ("dead", "LookupError: gone")
        with store.read() as session:
            assert session.execute(select(Event.id)).all() == []

    def test_a_job_that_is_not_ours_any_more_is_left_alone(
        self, store: Store, executor_of: Callable[..., JobExecutor], heartbeat: Heartbeat
    ) -> None:
        actor, job_id = Scripted(LeaseLostError("x")), promise(store)
        executor_of(actor).perform(job_id)
        assert row(store, job_id).state == "leased"
        assert not heartbeat._running

    def test_attempts_for_which_the_store_failed_do_not_count(
        self, store: Store, executor_of: Callable[..., JobExecutor], clock: FakeClock, heartbeat: Heartbeat
    ) -> None:
        gone = OperationalError("x", {}, Exception("gone"))
        actor, job_id = Scripted(*[gone] * 5), promise(store, JobKind.DELIVER)
        engine = executor_of(actor)
        for _ in range(5):
            engine.perform(job_id)
            assert row(store, job_id).state == "ready"
            assert not heartbeat._running
            clock.advance(seconds=5)
        engine.perform(job_id)
        assert actor.attempts == [1] * 6
        assert row(store, job_id).state == "done"

    def test_a_job_for_which_the_store_always_fails_is_given_up_in_the_end(
        self, store: Store, executor_of: Callable[..., JobExecutor], clock: FakeClock
    ) -> None:
        actor, job_id = Scripted(*[OperationalError("x", {}, Exception("gone"))] * 9), promise(store)
        engine = executor_of(actor)
        clock.advance(hours=7)
        for _ in range(4):
            engine.perform(job_id)
            beat = row(store, job_id).beat
            store.write(lambda session, beat=beat: jobs.rescue_one(session, job_id, beat))
        assert row(store, job_id).state == "dead"

    def test_the_heart_beats_while_a_job_runs_and_not_after(
        self, store: Store, executor_of: Callable[..., JobExecutor], heartbeat: Heartbeat
    ) -> None:
        entered, leave = threading.Event(), threading.Event()

        class Slow(Scripted):
            def perform(self, lease: Lease, window: WorkWindow) -> BatchedWork[Sequence[Lease]]:
                entered.set()
                leave.wait(30)
                return (yield from super().perform(lease, window))

        job_id = promise(store)
        thread = threading.Thread(target=executor_of(Slow()).perform, args=(job_id,))
        thread.start()
        assert entered.wait(30)
        first = row(store, job_id).beat
        eventually(lambda: row(store, job_id).beat >= first + 2)
        assert heartbeat.holds_lease()
        leave.set()
        thread.join(30)
        assert row(store, job_id).state == "done"
        assert not heartbeat._running

    def test_a_heart_that_cannot_beat_says_that_it_holds_nothing(
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
