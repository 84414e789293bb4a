"""Group commit: many writes in one transaction, failures stay separate, a lost database blocks nobody."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError

import pytest
from sqlalchemy import event, insert, select
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from daemon.store.models import Alarm
from daemon.store.store import Store
from daemon.store.writer import BATCH, WriterClosedError
from tests.support.fakes import NOON, eventually
from tests.support.servers import PostgresServer


def add(key: str) -> Callable[[Session], str]:
    """Return a function that writes a row and returns its key."""

    def run(session: Session) -> str:
        session.execute(insert(Alarm).values(key=key, text="", since=NOON, told_at=None))
        return key

    return run


def rows(store: Store) -> set[str]:
    with store.read() as session:
        return set(session.execute(select(Alarm.key)).scalars())


class Gate:
    """Blocks the writer, so that writes queue up."""

    def __init__(self, store: Store) -> None:
        self._open, entered = threading.Event(), threading.Event()

        def run(_session: Session) -> None:
            entered.set()
            self._open.wait(30)

        self._future = store.submit(run)
        assert entered.wait(30)

    def open(self) -> None:
        self._open.set()
        self._future.result(30)


@pytest.fixture
def commits(store: Store) -> list[object]:
    """Return a list that grows with each commit."""
    seen: list[object] = []
    event.listen(store.engine, "commit", seen.append)
    return seen


def test_a_write_is_stored_once_its_future_resolves(store: Store) -> None:
    assert store.write(add("one")) == "one"
    assert rows(store) == {"one"}


def test_queued_writes_share_one_commit(store: Store, commits: list[object]) -> None:
    gate = Gate(store)
    futures = [store.submit(add(f"{number}")) for number in range(100)]
    gate.open()
    assert [future.result(30) for future in futures] == [f"{number}" for number in range(100)]
    assert len(commits) == 1
    assert len(rows(store)) == 100


def each(session: Session, keys: Sequence[str]) -> list[str]:
    return [add(key)(session) for key in keys]


def test_lingering_items_wait_for_others(store: Store, commits: list[object], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daemon.store.writer.LINGER_SECONDS", 30.0)
    [first] = store.submit_items(each, ["first"], linger=True)
    assert store.write(add("urgent")) == "urgent"
    [second] = store.submit_items(each, ["second"], linger=True)
    assert not first.done()
    store.flush()
    assert (first.result(30), second.result(30)) == ("first", "second")
    assert len(commits) == 2


def test_lingering_items_do_not_wait_for_ever(store: Store) -> None:
    assert store.submit_items(each, ["alone"], linger=True)[0].result(30) == "alone"


def test_lingering_items_do_not_wait_for_the_end_of_urgent_ones(store: Store) -> None:
    [patient] = store.submit_items(each, ["patient"], linger=True)
    until = time.monotonic() + 30
    number = 0
    while not patient.done() and time.monotonic() < until:
        store.write(add(f"urgent {number}"))
        number += 1
    assert patient.done()


def test_a_closing_store_writes_lingering_items(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daemon.store.writer.LINGER_SECONDS", 30.0)
    [item] = store.submit_items(each, ["last"], linger=True)
    store.writer.close()
    assert item.result(0) == "last"


def test_a_flush_commits_lingering_items(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daemon.store.writer.LINGER_SECONDS", 30.0)
    futures = [store.submit_items(each, [key], linger=True)[0] for key in ("one", "two")]
    store.flush()
    assert [future.done() for future in futures] == [True, True]


def test_many_items_are_written_together_and_each_has_its_result(store: Store, commits: list[object]) -> None:
    store.write(add("there"))
    good, bad, other = store.write_items(each, ["good", "there", "other"])
    assert (good.result(), other.result()) == ("good", "other")
    assert isinstance(bad.exception(), IntegrityError)
    assert rows(store) == {"there", "good", "other"}
    assert len(store.write_items(each, ["a", "b"])) == 2
    assert len(commits) == 4


def test_a_batch_has_a_limit(store: Store, commits: list[object]) -> None:
    gate = Gate(store)
    futures = [store.submit(add(f"{number}")) for number in range(BATCH + 1)]
    gate.open()
    assert all(future.result(30) for future in futures)
    assert len(commits) == 2


def test_no_future_resolves_before_the_commit(store: Store) -> None:
    at_commit: list[bool] = []
    future = None

    def seen(_connection: object) -> None:
        at_commit.append(future is not None and future.done())

    gate = Gate(store)
    future = store.submit(add("one"))
    event.listen(store.engine, "commit", seen)
    gate.open()
    future.result(30)
    assert at_commit
    assert not any(at_commit)


@pytest.mark.parametrize("position", [0, 4, 9])
def test_a_failing_write_in_a_batch_fails_alone(store: Store, position: int) -> None:
    store.write(add("there already"))

    def fails(_session: Session) -> str:
        raise ZeroDivisionError

    for bad, error in ((add("there already"), IntegrityError), (fails, ZeroDivisionError)):
        gate = Gate(store)
        names = [f"{error.__name__} {number}" for number in range(10)]
        work = [add(name) for name in names]
        work[position] = bad
        futures = [store.submit(run) for run in work]
        gate.open()
        for number, future in enumerate(futures):
            if number == position:
                with pytest.raises(error):
                    future.result(30)
            else:
                assert future.result(30) == names[number]
        assert rows(store) >= set(names) - {names[position]}
        assert names[position] not in rows(store)


def test_rows_of_a_failing_write_are_rolled_back(store: Store) -> None:
    def half(session: Session) -> None:
        add("half")(session)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        store.write(half)
    assert rows(store) == set()


def test_a_failed_commit_fails_every_write_of_the_batch(store: Store) -> None:
    broken = [True]

    def refuse(_session: Session) -> None:
        if broken[0]:
            raise OperationalError("COMMIT", {}, Exception("the disk is full"))

    event.listen(store.writer._sessions, "before_commit", refuse)
    gate = Gate(store)
    futures = [store.submit(add(f"{number}")) for number in range(5)]
    gate._open.set()
    for future in futures:
        with pytest.raises(OperationalError):
            future.result(30)
    broken[0] = False
    assert store.write(add("afterwards")) == "afterwards"
    assert rows(store) == {"afterwards"}


def test_a_write_cancelled_before_its_batch_is_not_done(store: Store) -> None:
    gate = Gate(store)
    futures = [store.submit(add(f"{number}")) for number in range(3)]
    assert futures[1].cancel()
    gate.open()
    assert (futures[0].result(30), futures[2].result(30)) == ("0", "2")
    with pytest.raises(CancelledError):
        futures[1].result(0)
    assert rows(store) == {"0", "2"}


def test_closing_finishes_submitted_writes_and_refuses_new_ones(store: Store) -> None:
    gate = Gate(store)
    futures = [store.submit(add(f"{number}")) for number in range(10)]
    closing = threading.Thread(target=store.writer.close)
    closing.start()
    eventually(lambda: store.writer._closed)
    late = store.submit(add("late"))
    gate.open()
    closing.join(30)
    assert [future.result(0) for future in futures] == [f"{number}" for number in range(10)]
    with pytest.raises(WriterClosedError):
        late.result(0)
    assert "late" not in rows(store)
    store.writer.close()


def test_stuck_seconds_is_how_long_a_batch_has_been_running(store: Store) -> None:
    assert store.writer.stuck_seconds() == 0
    gate = Gate(store)
    time.sleep(0.05)
    assert store.writer.stuck_seconds() >= 0.05
    gate.open()
    eventually(lambda: store.writer.stuck_seconds() == 0)


def test_many_threads_can_write(store: Store) -> None:
    def work(thread: int) -> None:
        for number in range(20):
            store.write(add(f"{thread}.{number}"))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(rows(store)) == 160


def test_while_the_database_is_gone_every_write_fails_soon_and_later_ones_succeed() -> None:
    with PostgresServer() as server:
        server.execute("CREATE TABLE alarm (key text PRIMARY KEY, text text, since timestamptz, told_at timestamptz)")
        store = Store(server.url)
        assert store.write(add("before")) == "before"
        server.kill()
        tries: list[object] = []
        event.listen(store.engine, "do_connect", lambda *arguments: tries.append(arguments))
        futures = [store.submit(add(f"{number}")) for number in range(BATCH)]
        for future in futures:
            with pytest.raises(OperationalError):
                future.result(30)
        assert len(tries) < 10
        server.start()
        assert store.write(add("after")) == "after"
        assert rows(store) == {"before", "after"}
        store.close()


def test_a_write_to_a_locked_sqlite_fails_and_later_ones_succeed(sqlite_store: Store) -> None:
    def impatient(connection: object, *_rest: object) -> None:
        connection.execute("PRAGMA busy_timeout=50")  # type: ignore[attr-defined]  # a connection of sqlite3

    event.listen(sqlite_store.engine, "connect", impatient)
    sqlite_store.engine.dispose()
    with sqlite_store.engine.begin():
        futures = [sqlite_store.submit(add(f"{number}")) for number in range(20)]
        for future in futures:
            with pytest.raises(OperationalError, match="locked"):
                future.result(30)
    assert sqlite_store.write(add("after")) == "after"
    assert rows(sqlite_store) == {"after"}


class InterruptedWrite(BaseException):
    """Raised by a time limit in a running thread."""


def test_an_interrupted_commit_leaves_the_writes_of_others_to_the_next(store: Store) -> None:
    passes: list[str] = []
    beside: list[object] = []

    def run(_session: Session) -> None:
        passes.append("interrupted")
        beside.append(store.submit(add("beside")))
        raise InterruptedWrite

    with pytest.raises(InterruptedWrite):
        store.write(run)
    assert store.write(add("after")) == "after"
    eventually(lambda: rows(store) == {"beside", "after"})
    assert passes == ["interrupted"]


def test_many_threads_that_write_at_once_all_get_a_result(store: Store) -> None:
    done: list[str] = []

    def work(thread: int) -> None:
        for number in range(50):
            done.append(store.write(add(f"{thread}-{number}")))
            store.submit(add(f"{thread}-{number}-more")).result(30)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert len(done) == 300
    assert len(rows(store)) == 600
    assert not store.writer.stuck_seconds()
