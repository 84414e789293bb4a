"""Connections: many can open a new SQLite file at once, and idle ones are pinged before use."""

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text

import daemon.store.engine
from daemon.store.engine import make_engine
from daemon.store.store import Store
from tests.support.servers import PostgresServer

END_ALL = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}' AND pid <> pg_backend_pid()"


def test_a_connection_that_the_server_closed_while_idle_is_replaced(
    postgres_url: str, postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(daemon.store.engine, "IDLE_SECONDS", 0.0)
    store = Store(postgres_url)
    try:
        for _ in range(2):
            with store.read() as session:
                assert session.execute(text("SELECT 1")).scalar_one() == 1
            assert store.write(lambda session: session.execute(text("SELECT 2")).scalar_one()) == 2
            postgres_server.execute(END_ALL.format(store.engine.url.database))
    finally:
        store.close()


def test_a_connection_in_constant_use_is_not_pinged(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daemon.store.engine, "IDLE_SECONDS", 3600.0)
    store = Store(postgres_url)
    asked: list[object] = []
    monkeypatch.setattr(store.engine.dialect, "do_ping", asked.append)
    try:
        for _ in range(3):
            assert store.write(lambda session: session.execute(text("SELECT 2")).scalar_one()) == 2
        assert asked == []
    finally:
        store.close()


def test_a_new_sqlite_file_can_be_opened_by_many_at_once(tmp_path: Path) -> None:
    openers, rounds = 8, 25
    start = threading.Barrier(openers)

    def open_and_write(number: int) -> str:
        engine = make_engine(f"sqlite:///{tmp_path / f'new-{number // openers}.db'}")
        start.wait(30)
        try:
            with engine.begin() as connection:
                return str(connection.execute(text("PRAGMA journal_mode")).scalar_one())
        finally:
            engine.dispose()

    with ThreadPoolExecutor(openers) as pool:
        assert set(pool.map(open_and_write, range(openers * rounds))) == {"wal"}


def test_the_switch_of_a_new_file_to_wal_waits_for_its_lock(tmp_path: Path) -> None:
    path = tmp_path / "new.db"
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("CREATE TABLE first (id INTEGER)")
    other.execute("BEGIN IMMEDIATE")
    release = threading.Timer(0.3, lambda: other.execute("COMMIT"))
    release.start()
    engine = make_engine(f"sqlite:///{path}")
    try:
        with engine.begin() as connection:
            assert connection.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"
    finally:
        release.join()
        other.close()
        engine.dispose()
