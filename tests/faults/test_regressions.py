"""What the faults found: each bug once mended stays so."""

import os
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dramatiq
import pytest
from dramatiq.middleware import Middleware
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from config.settings import Settings
from daemon.broker import make_broker
from daemon.policies import identity
from daemon.relay import Relay
from daemon.store import jobs, orphans
from daemon.store.jobs import JobKind, NewJob
from daemon.store.keys import Keyring
from daemon.store.models import Job
from daemon.store.store import Store
from daemon.store.writer import WriterClosedError
from daemon.system.worker_id import is_gone, owner
from daemon.vocabulary import Subject, SubjectKind
from tests.support.fakes import NOON, FakeClock
from workers.app import WorkerApp
from workers.jobs.commit import commit_with_retry


def leased(store: Store, count: int, by: str = "elsewhere:1:0") -> list[int]:
    promises = [NewJob(JobKind.TRIAGE, Subject(SubjectKind.TICKET, n), NOON) for n in range(count)]
    ids = [offer.job_id for offer in store.write(lambda session: jobs.add(session, promises))]
    for job_id in ids:
        assert store.write(lambda session, i=job_id: jobs.claim(session, i, by, NOON))  # type: ignore[misc]
    return ids


def beats(store: Store) -> list[tuple[int, int]]:
    with store.read() as session:
        return list(orphans.leased(session, 100).items())


def test_jobs_of_a_dead_worker_are_rescued_one_by_one_fewest_attempts_first(store: Store) -> None:
    # One that kills its worker took its neighbours with it three times, and was parked together with them.
    first, *others = leased(store, 3)
    store.write(lambda session: orphans.rescue(session, [b for b in beats(store) if b[0] == first], NOON))
    assert store.write(lambda session: jobs.claim(session, first, "elsewhere:2:0", NOON))
    seen = beats(store)
    store.write(lambda session: orphans.rescue(session, seen, NOON))
    with store.read() as session:
        due = session.execute(select(Job.id, Job.due_at).order_by(Job.due_at)).all()
    assert [row.id for row in due] == [*reversed(others), first]
    assert [row.due_at - NOON for row in due[1:]] == [timedelta(seconds=0.5), timedelta(seconds=1)]


def test_the_jobs_of_a_dead_process_on_this_host_are_known_at_once(store: Store) -> None:
    # A killed daemon on SQLite waited three seconds for the beat of a process that the system knew to be dead.
    child = os.fork()
    if not child:
        os._exit(0)
    os.waitpid(child, 0)
    host = owner().partition(":")[0]
    [ours] = leased(store, 1, owner())
    [orphan] = leased(store, 1, f"{host}:{child}:abcd")
    [foreign] = leased(store, 1, f"another-host:{child}:abcd")
    with store.read() as session:
        found = [job_id for job_id, _ in orphans.orphaned(session, is_gone)]
    assert found == [orphan]
    assert {ours, foreign} < {job_id for job_id, _ in beats(store)}


def test_a_store_outage_does_not_count_against_a_worker(
    store: Store, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    # After an outage every running job was taken back before its heart could beat again.
    monkeypatch.setattr("daemon.relay.DEAD_AFTER_SECONDS", 0.05)
    [job_id] = leased(store, 1)
    relay = Relay(store, lambda _: None, clock)
    relay.sweep()
    time.sleep(0.1)
    relay._forget()
    relay.sweep()
    assert [job_id] == [i for i, _ in beats(store)]
    time.sleep(0.1)
    relay.sweep()
    assert beats(store) == []


def failing(times: int) -> Callable[[Session, Sequence[None]], list[int]]:
    calls: list[int] = []

    def run(_session: Session, _items: Sequence[None]) -> list[int]:
        calls.append(1)
        if len(calls) <= times:
            raise OperationalError("a statement", {}, OSError("away"))
        return [len(calls)]

    return run


def test_an_outcome_is_written_once_the_store_is_back(store: Store) -> None:
    # A mail whose 250 could not be commit_with_retry down went out again.
    assert commit_with_retry(store, failing(2), [None])[0].result() == 3


def test_waiting_for_the_store_ends(store: Store) -> None:
    with pytest.raises(OperationalError):
        commit_with_retry(store, failing(10), [None], patience=0.3)[0].result()


def test_a_closed_store_is_not_waited_for(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'triaged.db'}")
    store.close()
    with pytest.raises(WriterClosedError):
        commit_with_retry(store, failing(0), [None])[0].result()


class Booted(Middleware):
    """Hears what the middleware that keeps the time limit waits for."""

    heard = False

    def after_process_boot(self, broker: dramatiq.Broker) -> None:
        del broker
        self.heard = True


def test_the_time_limit_of_jobs_is_kept(store: Store, clock: FakeClock, tmp_path: Path) -> None:
    # A triage that hung held its thread for ever: outside Dramatiq's command nobody starts its timer.
    broker = make_broker("")
    booted = Booted()
    broker.add_middleware(booted)
    settings = Settings(service={"state_dir": tmp_path}, outgoing={"maildir": tmp_path / "out"})  # type: ignore[arg-type]
    worker_app = WorkerApp(settings, store, broker, Keyring((b"k" * 32,)), clock, identity)
    first_model: Any = SimpleNamespace(start=lambda: None, close=lambda: None)
    worker_app._first_model = first_model
    worker_app.start()
    worker_app.close()
    assert booted.heard
    limits = {kind: broker.get_actor(kind).options["time_limit"] for kind in JobKind}
    assert limits[JobKind.TRAIN] > limits[JobKind.TRIAGE] == limits[JobKind.NOTIFY] == limits[JobKind.DELIVER]
