"""Migrations: safe to repeat, to race and to kill; a newer database is refused. Keys: the same for all daemons."""

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, inspect, select, text
from sqlalchemy.orm import Session

from daemon.store import keys
from daemon.store.engine import make_engine
from daemon.store.maintenance import schema
from daemon.store.maintenance.schema import SchemaError
from daemon.store.models import Alarm, Base, MessageRow, Person, SigningKey
from daemon.store.store import Store
from tests.support.fakes import NOON
from tests.support.paths import ROOT

TICKET_OF_0001 = """
INSERT INTO ticket (id, reference, status, category, priority, subject, silent, created_at, updated_at)
VALUES (1, 'HD-AAAA-AAAA', 'OPEN', 'PENDING', 'PENDING', 'x', :no, '2026-03-02 12:00:00', '2026-03-02 12:00:00')
"""
UNMARKED_OF_0001 = """
CREATE TABLE imap_unmarked (
    account VARCHAR(64) NOT NULL, folder VARCHAR(255) NOT NULL, uidvalidity BIGINT NOT NULL, uid BIGINT NOT NULL,
    PRIMARY KEY (account, folder, uidvalidity, uid)
)
"""
PERSON_OF_0001 = """
INSERT INTO person (email, name, created_at, verified_at)
VALUES ('ann@customer.example', '', '2026-03-02 12:00:00', '2026-03-02 12:00:00')
"""
MESSAGE_OF_0001 = """
INSERT INTO message (ticket_id, kind, message_id, subject, text, reply, acknowledge, verified, created_at)
VALUES (1, 'person', '<1@x>', 'x', 'all of it', 'new', :no, :no, '2026-03-02 12:00:00')
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'deep' / 'triaged.db'}"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    made = make_engine(url)
    yield made
    made.dispose()


def tables(engine: Engine) -> set[str]:
    return set(inspect(engine).get_table_names())


def test_an_empty_database_gets_every_table(engine: Engine) -> None:
    assert schema.upgrade(engine) == (None, schema.head())
    assert tables(engine) == {*Base.metadata.tables, "alembic_version"}
    schema.check(engine)


def test_the_tables_are_those_of_the_models(engine: Engine) -> None:
    schema.upgrade(engine)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_upgrading_again_changes_nothing(engine: Engine) -> None:
    schema.upgrade(engine)
    with Session(engine) as session, session.begin():
        session.add(Alarm(key="kept", text="", since=NOON, told_at=None))
    assert schema.upgrade(engine) == (schema.head(), schema.head())
    with Session(engine) as session:
        assert session.get_one(Alarm, "kept").since == NOON


@pytest.mark.parametrize("more", [(), (UNMARKED_OF_0001,)])
def test_a_database_of_an_earlier_version_is_upgraded_and_keeps_its_rows(engine: Engine, more: tuple[str, ...]) -> None:
    config = schema._config()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        for statement in (TICKET_OF_0001, MESSAGE_OF_0001, PERSON_OF_0001, *more):
            connection.execute(text(statement), {"no": False})
    assert schema.upgrade(engine) == ("0001", schema.head())
    with Session(engine) as session:
        assert session.execute(select(MessageRow.text)).scalars().all() == ["all of it"]
        # What a token of the earlier form proved, a forged one proved too.
        assert session.execute(select(Person.verified_at)).scalars().all() == [None]
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_several_upgrades_at_once_migrate_once(url: str) -> None:
    start = threading.Barrier(4)

    def work(_number: int) -> tuple[str | None, str]:
        engine = make_engine(url)
        start.wait(30)
        try:
            return schema.upgrade(engine)
        finally:
            engine.dispose()

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(work, range(4)))
    assert sorted(found, key=str) == [*[(schema.head(), schema.head())] * 3, (None, schema.head())]


@pytest.mark.parametrize("found", ["nothing", "older"])
def test_a_database_that_lacks_a_migration_is_refused_with_a_hint(engine: Engine, found: str) -> None:
    if found == "older":
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
    with pytest.raises(SchemaError, match="run triaged db upgrade"):
        schema.check(engine)


def test_a_database_of_a_newer_version_is_refused_and_not_changed(engine: Engine) -> None:
    schema.upgrade(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        connection.execute(text("DROP TABLE alarm"))
    for act in (schema.check, schema.upgrade):
        with pytest.raises(SchemaError, match="9999, which is newer than this version"):
            act(engine)
    assert "alarm" not in tables(engine)


KILLED = """
import os, signal, sys
from alembic import op
from daemon.store.maintenance import schema
from daemon.store.engine import make_engine

create, left = op.create_table, int(sys.argv[2])

def deadly(*arguments, **options):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return create(*arguments, **options)

op.create_table = deadly
schema.upgrade(make_engine(sys.argv[1]))
"""


def test_a_killed_upgrade_leaves_the_database_as_it_was(url: str, engine: Engine) -> None:
    process = subprocess.run([sys.executable, "-c", KILLED, url, "5"], cwd=ROOT, check=False)
    assert process.returncode == -signal.SIGKILL
    assert tables(engine) == set()
    assert schema.upgrade(engine) == (None, schema.head())


class TestKeys:
    def test_the_first_key_is_created_once(self, store: Store) -> None:
        first = store.write(lambda session: keys.ensure(session, NOON))
        assert len(first) == 1
        assert len(first[0]) == 32
        assert store.write(lambda session: keys.ensure(session, NOON)) == first

    def test_a_new_key_verifies_at_once_and_signs_once_all_processes_know_it(self, store: Store) -> None:
        (first,) = store.write(lambda session: keys.ensure(session, NOON))
        rotated = NOON + timedelta(days=1)
        signing, second = store.write(lambda session: keys.rotate(session, rotated))
        assert (signing, second != first) == (first, True)
        with store.read() as session:
            assert keys.load(session, rotated + keys.SETTLING - timedelta(seconds=1)) == (first, second)
            assert keys.load(session, rotated + keys.SETTLING) == (second, first)

    def test_the_newest_keys_are_kept_also_when_none_of_them_has_settled(self, store: Store) -> None:
        made = [store.write(lambda session: keys.ensure(session, NOON))[0]]
        for _ in range(keys.KEPT + 2):
            found = store.write(lambda session: keys.rotate(session, NOON + timedelta(days=1)))
            (new,) = set(found) - set(made)
            made.append(new)
        assert found == tuple(reversed(made[-keys.KEPT :]))

    def test_a_key_that_revokes_the_others_signs_at_once(self, store: Store) -> None:
        (first,) = store.write(lambda session: keys.ensure(session, NOON))
        found = store.write(lambda session: keys.rotate(session, NOON, revoke=True))
        assert len(found) == 1
        assert first not in found

    def test_daemons_that_start_at_once_agree_on_the_key(self, store_url: str) -> None:
        stores = [Store(store_url) for _ in range(4)]
        inside, everybody = threading.Event(), threading.Event()

        def slowly(session: Session) -> tuple[bytes, ...]:
            found = keys.ensure(session, NOON)
            inside.set()
            everybody.wait(1)
            return found

        first = stores[0].submit(slowly)
        assert inside.wait(30)
        others = [other.submit(lambda session: keys.ensure(session, NOON)) for other in stores[1:]]
        found = {first.result(30), *(other.result(30) for other in others)}
        assert len(found) == 1
        with stores[0].read() as session:
            assert session.query(SigningKey).count() == 1
        for opened in stores:
            opened.close()


class TestReading:
    def test_a_reader_sees_one_consistent_state(self, store: Store) -> None:
        def add(key: str) -> None:
            def run(session: Session) -> None:
                session.add(Alarm(key=key, text="", since=NOON, told_at=None))

            store.write(run)

        add("before")
        with store.read() as session:
            assert session.query(Alarm).count() == 1
            add("meanwhile")
            assert session.query(Alarm).count() == 1
        with store.read() as session:
            assert session.query(Alarm).count() == 2

    def test_times_keep_their_zone_on_every_database(self, store: Store) -> None:
        store.write(lambda session: session.add(Alarm(key="one", text="", since=NOON, told_at=None)))
        with store.read() as session:
            assert session.get_one(Alarm, "one").since == NOON
            assert session.get_one(Alarm, "one").since.tzinfo is not None

    def test_a_time_without_a_zone_is_refused(self, store: Store) -> None:
        naive = NOON.replace(tzinfo=None)
        with pytest.raises(Exception, match="needs its time zone"):
            store.write(lambda session: session.add(Alarm(key="one", text="", since=naive, told_at=None)))


def test_sqlite_is_durable_at_power_loss(sqlite_store: Store) -> None:
    with sqlite_store.engine.connect() as connection:
        asked = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        found = [connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in asked]
    assert found == ["wal", 2, 1, 20_000]


def test_a_sqlite_file_is_private_to_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "state" / "triaged.db"
    engine = make_engine(f"sqlite:///{path}")
    schema.upgrade(engine)
    engine.dispose()
    assert path.parent.stat().st_mode & 0o077 == 0
