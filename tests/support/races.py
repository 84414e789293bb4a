"""Two transactions that overlap: the second begins before the first is committed."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from typing import Any, TypeVar

from sqlalchemy import text
from sqlalchemy.orm import Session

from daemon.store.store import Store
from tests.support.fakes import eventually

T = TypeVar("T")
WAITING = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")


def overlap(
    url: str,
    first: Callable[[Session], object],
    second: Callable[[Store], T],
    then: Callable[[Session], object] = lambda _: None,
) -> T:
    """Begin `second` once all statements of `first` ran, and commit `first` once `second` waits for it or has ended.

    `then` is done before that commit, in the same transaction. Each has a store of its own, as two processes have. On
    SQLite, which has one writer at a time, `second` waits for the commit.
    """
    ran, go_on = threading.Event(), threading.Event()

    def held(session: Session) -> None:
        first(session)
        ran.set()
        assert go_on.wait(60)
        then(session)

    with closing(Store(url)) as one, closing(Store(url)) as two, ThreadPoolExecutor(2) as pool:
        try:
            begun: Future[Any] = pool.submit(one.write, held)
            eventually(lambda: ran.is_set() or begun.done())
            other = pool.submit(second, two)
            if two.engine.dialect.name == "postgresql":
                eventually(lambda: other.done() or _waits(two))
        finally:
            go_on.set()
        begun.result(60)
        return other.result(60)


def _waits(store: Store) -> bool:
    with store.read() as session:
        return bool(session.execute(WAITING).scalar_one())
