"""The commands on the database."""

from datetime import UTC, datetime
from pathlib import Path

import click
from sqlalchemy import make_url

from config.settings import Settings
from daemon.cli.support import context, output, params
from daemon.store.maintenance import schema
from daemon.store.maintenance.backup import BackupError
from daemon.store.maintenance.backup import backup as copy
from daemon.store.maintenance.verify import verify as problems
from daemon.store.maintenance.verify import work

NAMED_AT_MOST = 1000


@click.group()
def db() -> None:
    r"""Upgrade, back up and verify the database.

    \b
    Example: triaged db verify
    """


@db.command()
@click.pass_context
def upgrade(ctx: click.Context) -> None:
    r"""Bring the database to the schema of this version, making it where there is none.

    \b
    Example: triaged db upgrade
    """
    settings = context.settings(ctx, quiet=True)
    settings.service.state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    with context.store(settings, checked=False) as store:
        before, after = schema.upgrade(store.engine)
    where = context.where(settings.database_url)
    said = f"is at {after} already" if before == after else f"upgraded from {before or 'nothing'} to {after}"
    click.echo(f"{where}: {said}")


@db.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), required=False)
@click.pass_context
def backup(ctx: click.Context, file: Path | None) -> None:
    r"""Copy the database into FILE while it is in use, and check the copy.

    \b
    Example: triaged db backup /srv/backup/triaged.db
    To restore: stop triaged, put the copy in the place of the database, run `triaged db verify`, start triaged.
    """
    settings = context.settings(ctx, quiet=True)
    source = make_url(settings.database_url)
    if source.get_backend_name() != "sqlite":
        raise context.Unsupported(f"PostgreSQL has its own tool; run: {_pg_dump(settings, file)}")
    target = file or Path(f"triaged-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.db")
    with context.store(settings), output.progress("pages", 0) as bar:

        def move(done: int, total: int) -> None:
            bar.length = total
            bar.update(done - bar.pos)

        try:
            size = copy(Path(source.database or ""), target, move)
        except BackupError as error:
            raise context.NotWritten(str(error)) from None
    click.echo(f"{target}: {size} octets, checked")


@db.command()
@params.as_json
@click.pass_context
def verify(ctx: click.Context, as_json: bool) -> None:
    r"""Prove that nothing is lost; name every row that is wrong, and exit 1 if there is any.

    Every mail is in one state with a reason, every ticket has its decision or a live job, every delivery its fate or a
    live job, every raw mail is what was accepted. Safe while triaged runs.

    \b
    Example: triaged db verify
    """
    settings, found = context.settings(ctx, quiet=True), 0
    with context.store(settings) as store, output.progress("rows", work(store)) as bar:
        for row, problem in problems(store, bar.update):
            found += 1
            if as_json:
                output.emit({"row": row, "problem": problem})
            elif found <= NAMED_AT_MOST:
                click.echo(f"{row}: {problem}")
    output.note(f"{found} problems" if found else f"{context.where(settings.database_url)}: nothing is wrong")
    if found:
        ctx.exit(1)


def _pg_dump(settings: Settings, file: Path | None) -> str:
    target, url = file or Path("triaged.dump"), context.where(settings.database_url)
    return f"pg_dump --format=custom --file={target} '{url}' (the password from PGPASSWORD or ~/.pgpass)"
