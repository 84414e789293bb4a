"""Check the database: whether it is there, who may open it, and its schema."""

from sqlalchemy import text

from config.settings import Settings
from daemon.cli.support import context
from daemon.cli.support.checks import rights
from daemon.cli.support.checks.finding import Finding, fail, ok, warn
from daemon.store.sqlite_file import sqlite_file
from daemon.store.store import Store

CREATE = "create it with `triaged run` or `triaged db upgrade`"


def finding(settings: Settings) -> Finding:
    """Open the database and say what it is, or why it cannot be used."""
    where = context.where(settings.database_url)
    try:
        with context.store(settings) as store:
            return ok("database", f"{where}, {_engine(store)}")
    except context.Unavailable as error:
        return fail("database", error.message, "start the database, or correct database.url", temporary=True)
    except context.NoDatabase:
        return _absent(settings, where)
    except context.WrongSchema as error:
        return fail("database", f"{where}: {error.message}", "or correct database.url, if this is another database")
    except context.Misconfigured as error:
        return fail("database", error.message, _advice(settings))


def _absent(settings: Settings, where: str) -> Finding:
    file = sqlite_file(settings.database_url)
    if file is None:
        return warn("database", f"{where} is empty", CREATE)
    if not file.path.exists():
        return warn("database", f"{where} does not exist yet", CREATE)
    advice = "restore a backup if it was in use before; if not, run `triaged db upgrade`"
    return fail("database", f"{where} has no tables: a first start was interrupted, or the file was emptied", advice)


def _advice(settings: Settings) -> str:
    file = sqlite_file(settings.database_url)
    if file is None:
        return "correct database.url"
    if rights.may_write(file.path):
        return "correct database.url, or restore a backup"
    return rights.advice(file.path)


def _engine(store: Store) -> str:
    with store.read() as session:
        if store.engine.dialect.name == "sqlite":
            journal = session.execute(text("PRAGMA journal_mode")).scalar_one()
            synchronous = session.execute(text("PRAGMA synchronous")).scalar_one()
            return f"journal {journal}, synchronous {'FULL' if synchronous == 2 else synchronous}"  # noqa: PLR2004 - 2 is FULL
        return f"PostgreSQL {session.execute(text('SHOW server_version')).scalar_one()}"
