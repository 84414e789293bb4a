"""Open the database: SQLite that is durable at power loss, or PostgreSQL."""

import sqlite3
from functools import partial
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from sqlalchemy import Connection, Dialect, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

BUSY_MS = 20_000
STATEMENT_MS = 30_000
IDLE_SECONDS = 1.0
SWITCH_PAUSE = 0.01
# An extended result code has its primary code in the lowest byte (sqlite.org/rescode.html).
PRIMARY_CODE = 0xFF
# The upper levels of all indexes of a large database; the default of 2 MB is read again with every mail.
CACHE_KB = 8_000


def make_engine(url: str) -> Engine:
    """Return an engine whose commit means stored (SQLite: WAL with synchronous=FULL)."""
    if make_url(url).get_backend_name() == "sqlite":
        return _sqlite(url)
    engine = create_engine(
        url,
        pool_size=10,
        max_overflow=20,
        connect_args={
            "connect_timeout": 10,
            "options": f"-c statement_timeout={STATEMENT_MS} -c idle_in_transaction_session_timeout={STATEMENT_MS}",
        },
    )
    event.listen(engine, "checkin", _left)
    event.listen(engine, "checkout", partial(_still_there, engine.dialect))
    return engine


def _left(connection: DBAPIConnection | None, entry: ConnectionPoolEntry) -> None:
    del connection
    entry.info["left"] = monotonic()


def _still_there(
    dialect: Dialect, connection: DBAPIConnection, entry: ConnectionPoolEntry, proxy: PoolProxiedConnection
) -> None:
    """Ask a connection that lay idle whether its server is still there; asking each time costs a round trip a mail."""
    del proxy
    if monotonic() - entry.info.get("left", monotonic()) < IDLE_SECONDS:
        return
    try:
        dialect.do_ping(connection)
    except Exception as error:
        raise DisconnectionError from error


def _sqlite(url: str) -> Engine:
    name = make_url(url).database
    if name:
        Path(name).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = create_engine(url, pool_size=10, max_overflow=20, connect_args={"timeout": BUSY_MS / 1000})
    event.listen(engine, "connect", _durable)
    event.listen(engine, "begin", _begin)
    return engine


def _durable(connection: Any, entry: ConnectionPoolEntry) -> None:  # noqa: ANN401 - a driver's connection has no common type
    del entry
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={BUSY_MS}")
    _switch_to_wal(cursor)
    for pragma in ("synchronous=FULL", "foreign_keys=ON", f"cache_size=-{CACHE_KB}"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _switch_to_wal(cursor: Any) -> None:  # noqa: ANN401 - see above
    """Switch the file to a write-ahead log, waiting for others that open the new file at the same moment.

    SQLite does not apply its busy timeout to this one switch, so several processes that start on a new machine would
    fail with "database is locked". On a file that has its log already, nothing is locked.
    """
    until = monotonic() + BUSY_MS / 1000
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & PRIMARY_CODE != sqlite3.SQLITE_BUSY or monotonic() > until:
                raise
            sleep(SWITCH_PAUSE)
        else:
            return


def _begin(connection: Connection) -> None:
    # BEGIN IMMEDIATE takes the write lock at once: a transaction that reads first and writes later would fail with
    # SQLITE_BUSY_SNAPSHOT when another wrote in between.
    reading = connection.get_execution_options().get("readonly", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
