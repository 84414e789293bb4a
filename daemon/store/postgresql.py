"""Connections to PostgreSQL that never wait without an end.

A reply can stay away for ever: the server lost its power after it had acknowledged the query, or the query never left
(libpq reports a failed send only with the reply that it then waits for). A writer that waits for it stops all email.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeVar, cast

import psycopg
from psycopg.abc import PQGen
from psycopg.pq import Conninfo, TransactionStatus
from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.exc import ArgumentError

STATEMENT_MS: Final = 30_000
# The server ends a statement before this, and says so.
REPLY_SECONDS: Final = 35.0
# All our statements are short. Compiling one that the planner believes to be expensive takes longer than to run it.
OPTIONS: Final = ("jit=off", f"statement_timeout={STATEMENT_MS}", f"idle_in_transaction_session_timeout={STATEMENT_MS}")
CONNECT_ARGUMENTS: Final = {
    "connect_timeout": 10,
    "options": " ".join(f"-c {option}" for option in OPTIONS),
    # The kernel finds a dead server within 25 seconds, so that idle connections to it fail at once when they are used.
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,
}
RV = TypeVar("RV")


class BoundedConnection(psycopg.Connection[Any]):
    """A connection that is closed, with an OperationalError, where a reply takes longer than `reply_seconds`."""

    reply_seconds: float | None = REPLY_SECONDS

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        """Wait for a reply, at most for `timeout` seconds or the limit of the connection."""
        try:
            return super().wait(gen, interval, self.reply_seconds if timeout is None else timeout)
        except psycopg.OperationalError:
            if self.pgconn.transaction_status == TransactionStatus.ACTIVE:
                # A reply that comes late would be taken for the next one. A closed connection leaves the pool.
                self.close()
            raise


def check_options(names: Iterable[str]) -> None:
    """Raise ArgumentError for an option that libpq does not know.

    The driver has options of its own: with `autocommit`, each statement would be a transaction.
    """
    known = {option.keyword.decode() for option in Conninfo.get_defaults()}
    for name in names:
        if name not in known:
            raise ArgumentError(f"PostgreSQL has no option {name!r}")


def bound(engine: Engine) -> None:
    """Make the connections of an engine bounded."""
    event.listen(
        engine, "do_connect", lambda _dialect, _record, args, options: BoundedConnection.connect(*args, **options)
    )


@contextmanager
def unbounded(connection: Connection) -> Iterator[None]:
    """Let the statements of a transaction take any time, such as those that change a table of a million rows."""
    raw = cast(BoundedConnection, connection.connection.dbapi_connection)
    connection.execute(text("SET LOCAL statement_timeout = 0"))
    raw.reply_seconds = None
    try:
        yield
    finally:
        del raw.reply_seconds
