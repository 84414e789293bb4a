"""Upgrade the database to this version's schema, under a lock, in one transaction; refuse a newer one."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

# An arbitrary constant.
ADVISORY_LOCK = 0x7472_6961


class SchemaError(Exception):
    """The database does not match this version; the message says what to do."""


class EmptyError(SchemaError):
    """The database has no tables."""


def upgrade(engine: Engine) -> tuple[str | None, str]:
    """Apply the missing migrations; return the revisions before and after.

    All of them run in one transaction: a killed upgrade changes nothing. Raises SchemaError for a database of a newer
    version.
    """
    with locked(engine) as connection:
        before = revision(connection)
        refuse_newer(before)
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        return before, head()


def check(engine: Engine) -> None:
    """Raise SchemaError unless the database has exactly this version's schema."""
    with engine.connect().execution_options(readonly=True) as connection:
        found = revision(connection)
    refuse_newer(found)
    if found is None:
        raise EmptyError("the database has no tables yet: run triaged db upgrade")
    if found != head():
        raise SchemaError(f"the database is at {found}, this version needs {head()}: run triaged db upgrade")


def refuse_newer(found: str | None) -> None:
    """Raise SchemaError for a revision that this version does not know."""
    known = {step.revision for step in ScriptDirectory.from_config(_config()).walk_revisions()}
    if found is not None and found not in known:
        raise SchemaError(f"the database is at {found}, which is newer than this version of triaged: upgrade triaged")


def head() -> str:
    """Return the revision of this version."""
    newest = ScriptDirectory.from_config(_config()).get_current_head()
    if newest is None:
        raise SchemaError("this installation has no migrations; install it again")
    return newest


def revision(connection: Connection) -> str | None:
    """Return the revision of a database; None if it is empty."""
    return MigrationContext.configure(connection).get_current_revision()


@contextmanager
def locked(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that excludes other migrations (SQLite: it holds the write lock)."""
    with engine.begin() as connection:
        if engine.dialect.name != "postgresql":
            yield connection
            return
        from daemon.store import postgresql  # noqa: PLC0415 - the driver of PostgreSQL is an extra

        with postgresql.unbounded(connection):
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
            yield connection


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(files("daemon.store") / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
