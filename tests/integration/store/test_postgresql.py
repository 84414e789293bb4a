"""PostgreSQL that does not reply: the wait ends, the connection is replaced, and only an upgrade may take any time."""

from collections.abc import Iterator

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from daemon.store.maintenance import schema
from daemon.store.postgresql import BoundedConnection
from daemon.store.store import Store

SLEEP = "SELECT 1 FROM pg_sleep(3)"


@pytest.fixture
def store(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setattr(BoundedConnection, "reply_seconds", 0.5)
    opened = Store(postgres_url)
    yield opened
    opened.close()


def backend(session: Session) -> int:
    return int(session.execute(text("SELECT pg_backend_pid()")).scalar_one())


def test_a_write_whose_reply_does_not_come_fails_and_the_next_one_succeeds(store: Store) -> None:
    before = store.write(backend)
    with pytest.raises(OperationalError, match="timeout"):
        store.write(lambda session: session.execute(text(SLEEP)).scalar_one())
    assert store.write(backend) != before
    assert store.writer.stuck_seconds() == 0


def test_a_statement_that_the_server_ends_keeps_its_connection(store: Store) -> None:
    before = store.write(backend)
    with pytest.raises(OperationalError, match="statement timeout"):
        store.write(lambda session: session.execute(text(f"SET LOCAL statement_timeout = 50; {SLEEP}")))
    assert store.write(backend) == before


def test_an_upgrade_may_take_any_time(store: Store) -> None:
    with schema.locked(store.engine) as connection:
        assert connection.execute(text("SHOW statement_timeout")).scalar_one() == "0"
        assert connection.execute(text(SLEEP)).scalar_one() == 1
    with store.read() as session:
        assert session.execute(text("SHOW statement_timeout")).scalar_one() == "30s"
    with pytest.raises(OperationalError, match="timeout"):
        store.write(lambda session: session.execute(text(SLEEP)).scalar_one())
