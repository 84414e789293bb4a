"""The command `db`: upgrade, back up, import and verify the database, and rotate the signing key."""

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click
from sqlalchemy import URL, make_url

from config.settings import Settings
from daemon.cli.support import context, output, params
from daemon.store import keys
from daemon.store.engine import make_engine
from daemon.store.maintenance import schema
from daemon.store.maintenance.backup import BackupError
from daemon.store.maintenance.backup import backup as copy
from daemon.store.maintenance.schema import SchemaError
from daemon.store.maintenance.transfer import TransferError, transfer
from daemon.store.maintenance.transfer import work as rows_of
from daemon.store.maintenance.verify.run import verify as problems
from daemon.store.maintenance.verify.run import work
from daemon.system.clock import SystemClock
from daemon.system.lock import FILE, StateLock
from daemon.system.os_errors import reason

MAX_PRINTED = 1000


@click.group()
def db() -> None:
    r"""Upgrade, back up, import and verify the database, and rotate the signing key.

    \b
    Example: triaged db verify
    """


@db.command()
@click.pass_context
def upgrade(ctx: click.Context) -> None:
    r"""Create or upgrade the database schema.

    \b
    Example: triaged db upgrade
    """
    settings = context.settings(ctx, quiet=True)
    with context.starting(settings):
        settings.service.state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    with context.store(settings, checked=False) as store:
        before, after = schema.upgrade(store.engine)
    where = context.where(settings.database_url)
    if before == after:
        result = f"already has schema {after}"
    else:
        result = f"upgraded from schema {before} to {after}" if before else f"created with schema {after}"
    click.echo(f"{where}: {result}")


@db.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), required=False)
@click.pass_context
def backup(ctx: click.Context, file: Path | None) -> None:
    r"""Copy the database to FILE and check the copy.

    The daemon may run meanwhile. Without FILE, the copy is ./triaged-TIME.db.

    To restore: stop triaged, replace the database by the copy, run `triaged db verify`, and start triaged.

    \b
    Example: triaged db backup /srv/backup/triaged.db
    """
    settings = context.settings(ctx, quiet=True)
    source = make_url(settings.database_url)
    if source.get_backend_name() != "sqlite":
        raise context.Unsupported(f"this command copies SQLite only; for PostgreSQL run: {_pg_dump(settings, file)}")
    target = file or Path(f"triaged-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.db")
    try:
        if target.exists():
            raise context.NotWritten(f"{target} already exists; choose another file name")
    except OSError as error:
        raise context.NotWritten(f"{target} cannot be written: {reason(error)}") from None
    with context.store(settings), output.progress("pages", 0) as bar:

        def move(done: int, total: int) -> None:
            bar.length = total
            bar.update(done - bar.pos)

        try:
            size = copy(Path(source.database or ""), target, move)
        except BackupError as error:
            raise context.NotWritten(str(error)) from None
    click.echo(f"{target}: {size} bytes, checked")


@db.command("import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.pass_context
def import_(ctx: click.Context, file: Path) -> None:
    r"""Copy the SQLite database FILE into the empty PostgreSQL database of the settings.

    Takes everything along: emails, tickets, answers, jobs, API tokens, the signing keys. Stop triaged before, and set
    database.url. FILE is not changed; if the import fails, PostgreSQL has nothing of it.

    \b
    Example: triaged db import /var/lib/triaged/triaged.db
    """
    settings = context.settings(ctx, quiet=True)
    if make_url(settings.database_url).get_backend_name() == "sqlite":
        raise context.Misconfigured("database.url is no PostgreSQL URL: set it to the new database, then import FILE")
    if not file.is_file():
        raise context.NotFound(f"there is no file {file}")
    with stopped(settings, file), context.store(settings, checked=False) as store:
        source = make_engine(str(URL.create("sqlite", database=str(file))))
        try:
            total = rows_of(source)
            schema.upgrade(store.engine)
            with output.progress("rows", total) as bar:
                copied = transfer(source, store.engine, bar.update)
        except SchemaError as error:
            raise context.WrongSchema(f"{file}: {error}, with the settings of that database") from None
        except TransferError as error:
            raise context.BadData(f"{file} was not imported: {error}") from None
        finally:
            source.dispose()
    click.echo(f"{context.where(settings.database_url)}: {output.number(copied, 'row')} imported from {file}")
    output.note("next: triaged db verify, then start triaged")


@contextmanager
def stopped(settings: Settings, file: Path) -> Iterator[None]:
    """Refuse while a daemon uses a SQLite database, and keep one from starting meanwhile."""
    directories = dict.fromkeys((settings.service.state_dir.absolute(), file.absolute().parent))
    with context.starting(settings), ExitStack() as locks:
        for directory in directories:
            if (directory / FILE).exists():
                locks.enter_context(closing(StateLock(directory)))
        yield


@db.command("rotate-key")
@click.option("--revoke", is_flag=True, help="Accept no token of the earlier keys any more.")
@click.pass_context
def rotate_key(ctx: click.Context, revoke: bool) -> None:
    r"""Add a key that signs the tokens in our emails.

    Running processes take it over by themselves. Tokens of the newest five keys are accepted. If a key leaked, use
    --revoke: then replies to older emails no longer find their tickets by a token.

    \b
    Example: triaged db rotate-key
    """
    settings = context.settings(ctx, quiet=True)
    now = SystemClock().now()
    with context.store(settings) as store:
        found = store.write(lambda session: keys.rotate(session, now, revoke=revoke))
    begins = "at once" if len(found) == 1 else f"in {keys.SETTLING.seconds} seconds"
    accepted = output.number(len(found), "key")
    click.echo(f"{context.where(settings.database_url)}: a new key signs {begins}; tokens of {accepted} are accepted")


@db.command()
@params.as_json
@click.pass_context
def verify(ctx: click.Context, as_json: bool) -> None:
    r"""Check the database for lost or inconsistent rows.

    Checks that no accepted email is gone, that every email has one state and a reason, every ticket a decision or a
    live job, every decision a notification, every delivery an outcome or a live job, and that every raw email is
    unchanged. A damaged file is checked as far as it can be read. The daemon may run meanwhile.

    Prints each problem. Exit codes: 0 no problem, 1 problems, 75 the database cannot be reached, 78 there is none, or
    it has the schema of another version.

    \b
    Example: triaged db verify
    """
    settings, found = context.settings(ctx, quiet=True), 0
    context.refuse_missing_file(settings.database_url)
    # Not checked here: a damaged schema is a finding.
    with context.store(settings, checked=False) as store, output.progress("rows", work(store)) as bar:
        for row, problem in problems(store, SystemClock().now(), bar.update):
            found += 1
            if as_json:
                output.emit({"row": row, "problem": problem})
            elif found <= MAX_PRINTED:
                click.echo(f"{row}: {problem}")
    where = context.where(settings.database_url)
    output.note(f"{where}: {output.number(found, 'problem')}" if found else f"{where}: no problems")
    if found:
        ctx.exit(1)


def _pg_dump(settings: Settings, file: Path | None) -> str:
    target, url = file or Path("triaged.dump"), context.where(settings.database_url)
    return f"pg_dump --format=custom --file={target} '{url}' (password from PGPASSWORD or ~/.pgpass)"
