"""Real servers and fresh stores for every test that asks for them."""

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis
import structlog
from hypothesis import settings
from sqlalchemy import Engine, create_engine, event

from daemon.store import engine as engines
from daemon.store.engine import make_engine
from daemon.store.maintenance import schema
from daemon.store.models import Base
from daemon.store.store import Store
from daemon.system import logs
from tests.support.fakes import FakeClock
from tests.support.servers import PostgresServer, RedisServer

# No test depends on the speed of the machine, and each run is the same; fuzzing is for `make fuzz`.
settings.register_profile("suite", deadline=None, derandomize=True)
settings.load_profile("suite")
logs.configure("debug", "json")

STORES = "stores"
STATEMENTS = 2000
MEMORY, ROOM = Path("/dev/shm"), 48 << 20  # noqa: S108 - each test has a directory of its own there
_names = (f"test_{number}" for number in count(1))


@pytest.fixture(autouse=True)
def _umask() -> Iterator[None]:
    """Restore the umask, which every command sets: servers of other users must read what later tests create."""
    before = os.umask(0o022)
    os.umask(before)
    yield
    os.umask(before)


@pytest.fixture(autouse=True)
def _log() -> Iterator[None]:
    """Restore what is logged, which every command configures: later tests read lines of every level."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)


def _reverse_unordered(connection: object, record: object) -> None:
    """Let SQLite return rows without ORDER BY in reverse order, so that nothing depends on the order of one database.

    PostgreSQL returns them in any order it likes, and seldom in a surprising one (sqlite.org/pragma.html).
    """
    del record
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA reverse_unordered_selects = ON")


event.listen(Engine, "connect", _reverse_unordered)


class SharedStatements(dict[tuple[Any, ...], Any]):
    """What statements are compiled to, for the engines of all tests: each test has its own, and would compile anew.

    SQLAlchemy's keys begin with the dialect of an engine; those of one class and server are alike.
    """

    def get(self, key: tuple[Any, ...], default: Any = None) -> Any:
        return super().get((type(key[0]), *key[1:]), default)

    def __setitem__(self, key: tuple[Any, ...], compiled: Any) -> None:
        if len(self) >= STATEMENTS:
            self.clear()
        super().__setitem__((type(key[0]), *key[1:]), compiled)


engines.create_engine = partial(create_engine, execution_options={"compiled_cache": SharedStatements()})


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    with redis.Redis.from_url(redis_server.url) as client:
        client.flushall()
    return redis_server.url


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    with PostgresServer() as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """Return the URL of an empty database."""
    yield from _database(postgres_server, "template0")


@pytest.fixture
def postgres_store_url(postgres_server: PostgresServer, _postgres_template: str) -> str:
    """Return the URL of a database with the schema in force and without rows."""
    return _emptied(postgres_server, _postgres_template)


@pytest.fixture(scope="session")
def _postgres_template(postgres_server: PostgresServer) -> str:
    postgres_server.execute("CREATE DATABASE migrated TEMPLATE template0")
    _upgrade(postgres_server.url_of("migrated"))
    return "migrated"


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "triaged.db"
    _upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_url(_sqlite_template: Path) -> Iterator[str]:
    """Return the URL of a SQLite of this test alone, with the schema in force; in memory where there is room for it."""
    memory = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM
    with tempfile.TemporaryDirectory(prefix="triaged-test-", dir=MEMORY if memory else None) as directory:
        path = Path(directory) / "triaged.db"
        shutil.copy(_sqlite_template, path)
        yield f"sqlite:///{path}"


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest) -> str:
    """Return the URL of a database of this test alone, with the schema in force."""
    if request.param == "sqlite":
        return str(request.getfixturevalue("sqlite_url"))
    return str(request.getfixturevalue("postgres_store_url"))


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    opened = Store(store_url)
    yield opened
    opened.close()


@pytest.fixture
def sqlite_store(sqlite_url: str) -> Iterator[Store]:
    """A store for tests of what does not depend on the database."""
    opened = Store(sqlite_url)
    yield opened
    opened.close()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def _emptied(server: PostgresServer, template: str) -> str:
    """Return the URL of the one database of stores, emptied: ten times faster than a new one for each test."""
    tables = Base.metadata.sorted_tables[::-1]
    numbered = [table.name for table in tables if table.autoincrement_column is not None]
    statements = [str(table.delete()) for table in tables]
    # ALTER SEQUENCE would make a new file for each.
    statements += ["SELECT " + ", ".join(f"setval('{name}_id_seq', 1, false)" for name in numbered)]
    try:
        server.execute("; ".join(statements), STORES)
    except psycopg.Error:
        server.execute(f"DROP DATABASE IF EXISTS {STORES} WITH (FORCE)")
        server.execute(f"CREATE DATABASE {STORES} TEMPLATE {template}")
    return server.url_of(STORES)


def _database(server: PostgresServer, template: str) -> Iterator[str]:
    name = next(_names)
    server.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    yield server.url_of(name)
    server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _upgrade(url: str) -> None:
    engine = make_engine(url)
    schema.upgrade(engine)
    engine.dispose()
