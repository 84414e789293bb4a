"""A connection that lay idle is asked whether its server is still there."""

import pytest
from sqlalchemy import text

import daemon.store.engine
from daemon.store.store import Store
from tests.support.servers import PostgresServer

END_ALL = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}' AND pid <> pg_backend_pid()"


def test_a_connection_that_the_server_ended_while_idle_is_not_noticed(
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


def test_a_connection_in_use_all_the_time_is_not_asked(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
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
