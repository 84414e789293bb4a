"""PostgreSQL ends one of two transactions that wait for each other; its function runs again."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import count
from threading import Barrier

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from daemon.store.store import Store

ADD = text("INSERT INTO alarm (key, text, since) VALUES (:key, '', now())")
APPEND = text("UPDATE alarm SET text = text || :word WHERE key = :key")
READ = text("SELECT text FROM alarm ORDER BY key")


def test_two_writes_that_wait_for_each_other_are_both_done(postgres_store_url: str) -> None:
    met = Barrier(2)

    def write(store: Store, keys: tuple[str, str], word: str) -> None:
        runs = count()

        def run(session: Session) -> None:
            session.execute(APPEND, {"key": keys[0], "word": word})
            # Whoever runs again may have the row that the other still waits for.
            if next(runs) == 0:
                met.wait(30)
            session.execute(APPEND, {"key": keys[1], "word": word})

        store.write(run)

    with closing(Store(postgres_store_url)) as one, closing(Store(postgres_store_url)) as two:
        one.write(lambda session: session.execute(ADD, [{"key": "a"}, {"key": "b"}]) and None)
        with ThreadPoolExecutor(2) as pool:
            done = [pool.submit(write, one, ("a", "b"), "1"), pool.submit(write, two, ("b", "a"), "2")]
            for each in done:
                each.result(60)
        with one.read() as session:
            assert [set(words) for words in session.execute(READ).scalars()] == [{"1", "2"}, {"1", "2"}]


def test_a_write_that_meets_a_deadlock_again_and_again_fails(postgres_store_url: str) -> None:
    tries = []

    def run(session: Session) -> None:
        tries.append(1)
        session.execute(text("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '40P01'; END $$"))

    with closing(Store(postgres_store_url)) as store, pytest.raises(OperationalError):
        store.write(run)
    assert 1 < len(tries) < 10
