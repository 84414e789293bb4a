"""Create the database engine: SQLite that is durable at power loss, or PostgreSQL."""

import sqlite3
from functools import partial
from time import monotonic, sleep
from typing import Any

from sqlalchemy import Connection, Dialect, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection, ExceptionContext
from sqlalchemy.exc import DBAPIError, DisconnectionError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from daemon.store.sqlite_file import SqliteFile, sqlite_file

BUSY_MS = 20_000
IDLE_SECONDS = 1.0
SWITCH_PAUSE_SECONDS = 0.01
# An extended result code has its primary code in the lowest byte (sqlite.org/rescode.html).
PRIMARY_CODE = 0xFF
# Holds the upper levels of all indexes of a large database; with the default of 2 MB, every email reads them again.
CACHE_KB = 8_000
# Errors of SQLite that last until somebody corrects the path, the permissions or the file.
LASTING = frozenset(
    {
        *(sqlite3.SQLITE_AUTH, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB),
        *(sqlite3.SQLITE_PERM, sqlite3.SQLITE_READONLY),
    }
)
# What PostgreSQL and libpq say when they refuse a connection for good; there is no SQLSTATE before the login.
REFUSALS = (
    *("authentication failed", "does not exist", "no pg_hba.conf entry", "no password supplied", "invalid "),
    *("could not parse network address", "could not match"),
)


def is_lasting(error: DBAPIError) -> bool:
    """Return whether a database error lasts until somebody corrects the URL, the permissions or the file."""
    cause = error.orig
    if isinstance(cause, sqlite3.Error):
        return getattr(cause, "sqlite_errorcode", 0) & PRIMARY_CODE in LASTING
    return getattr(cause, "sqlstate", None) is None and any(phrase in str(cause) for phrase in REFUSALS)


def make_engine(url: str, file: SqliteFile | None = None) -> Engine:
    """Return an engine whose commits are durable (SQLite: WAL with synchronous=FULL).

    `file` is the file of a SQLite database, made from the URL by default; no commit succeeds once it is lost.
    Raises ArgumentError for an option in the URL that PostgreSQL does not have.
    """
    if make_url(url).get_backend_name() == "sqlite":
        return _sqlite(url, file or sqlite_file(url))
    # Imported here: the driver of PostgreSQL is an extra.
    from daemon.store import postgresql  # noqa: PLC0415 - see above

    postgresql.check_options(make_url(url).query)
    engine = create_engine(url, pool_size=10, max_overflow=20, connect_args=postgresql.CONNECT_ARGUMENTS)
    postgresql.bound(engine)
    event.listen(engine, "checkin", _note_checkin)
    event.listen(engine, "checkout", partial(_ping_if_idle, engine.dialect))
    return engine


def _note_checkin(connection: DBAPIConnection | None, entry: ConnectionPoolEntry) -> None:
    del connection
    entry.info["checkin"] = monotonic()


def _ping_if_idle(
    dialect: Dialect, connection: DBAPIConnection, entry: ConnectionPoolEntry, proxy: PoolProxiedConnection
) -> None:
    """Ping a connection that was idle before it is used; a ping at every checkout costs a round trip per email."""
    del proxy
    if monotonic() - entry.info.get("checkin", monotonic()) < IDLE_SECONDS:
        return
    try:
        dialect.do_ping(connection)
    except Exception as error:
        raise DisconnectionError from error


def _sqlite(url: str, file: SqliteFile | None) -> Engine:
    engine = create_engine(url, pool_size=10, max_overflow=20, connect_args={"timeout": BUSY_MS / 1000})
    if file is not None:
        file.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        event.listen(engine, "do_connect", lambda *_: file.prepare())
        event.listen(engine, "connect", lambda *_: file.note_connect())
        event.listen(engine, "close", lambda *_: file.note_close())
        event.listen(engine, "commit", lambda _: file.check())
    event.listen(engine, "connect", _set_pragmas)
    event.listen(engine, "begin", _begin)
    event.listen(engine, "handle_error", _as_outage, retval=True)
    return engine


def _as_outage(context: ExceptionContext) -> BaseException | None:
    """Report a file that cannot be read as an outage: a failed read appears as damage, which no email has caused."""
    error = context.original_exception
    if type(error) is sqlite3.DatabaseError:
        return OperationalError(context.statement, context.parameters, error)
    return None


def _set_pragmas(connection: Any, entry: ConnectionPoolEntry) -> None:  # noqa: ANN401 - the connections of drivers have no common type
    del entry
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={BUSY_MS}")
    _switch_to_wal(cursor)
    for pragma in ("synchronous=FULL", "foreign_keys=ON", f"cache_size=-{CACHE_KB}"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _switch_to_wal(cursor: Any) -> None:  # noqa: ANN401 - see above
    """Switch the file to a write-ahead log, with retries while other processes open the new file.

    SQLite does not apply its busy timeout to this switch, so several processes that start on a new machine would fail
    with "database is locked". On a file in WAL mode, the pragma takes no lock.
    """
    until = monotonic() + BUSY_MS / 1000
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & PRIMARY_CODE != sqlite3.SQLITE_BUSY or monotonic() > until:
                raise
            sleep(SWITCH_PAUSE_SECONDS)
        else:
            return


def _begin(connection: Connection) -> None:
    # BEGIN IMMEDIATE takes the write lock at once: a transaction that reads first and writes later would fail with
    # SQLITE_BUSY_SNAPSHOT if another one wrote in between.
    reading = connection.get_execution_options().get("readonly", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
