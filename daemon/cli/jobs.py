"""The commands on jobs."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

import click
from sqlalchemy.orm import Session

from daemon.cli.support import context, output, params
from daemon.store.jobs import JobKind, JobState
from daemon.store.queries import lists
from daemon.system.clock import SystemClock
from daemon.tickets.retry import RetryError, dismiss_job, retry_job
from daemon.vocabulary import Subject

COLUMNS: Final = ("id", "kind", "subject", "state", "attempts", "due_at", "created_at", "last_error")


@click.group()
def jobs() -> None:
    r"""List, retry and dismiss jobs.

    \b
    Example: triaged jobs list
    """


@jobs.command("list")
@click.option("--state", type=click.Choice([s.value for s in JobState]), default=JobState.DEAD.value, show_default=True)
@click.option("--kind", type=click.Choice([k.value for k in JobKind]))
@params.limit(100)
@params.as_json
@click.pass_context
def list_(ctx: click.Context, state: str, kind: str | None, limit: int, as_json: bool) -> None:
    r"""List jobs; those that were given up, unless told otherwise.

    \b
    Example: triaged jobs list --state ready --kind deliver
    """
    settings = context.settings(ctx, quiet=True)
    with context.store(settings) as store, store.read() as session:
        found = lists.list_jobs(session, state, kind, limit)
    output.listing(found, COLUMNS, as_json=as_json)


@jobs.command()
@click.argument("ids", nargs=-1, type=int)
@click.option("--all", "everything", is_flag=True, help="Every dead job.")
@click.option("--kind", type=click.Choice([k.value for k in JobKind]), help="With --all: only of this kind.")
@params.actor
@click.pass_context
def retry(ctx: click.Context, ids: tuple[int, ...], everything: bool, kind: str | None, actor: str) -> None:
    r"""Let dead jobs be tried again, as often as new ones.

    \b
    Example: triaged jobs retry 17 18
    Example: triaged jobs retry --all --kind deliver
    """
    _each(ctx, ids, kind, retry_job, actor, "is tried again", everything=everything)


@jobs.command()
@click.argument("ids", nargs=-1, type=int)
@click.option("--all", "everything", is_flag=True, help="Every dead job.")
@click.option("--kind", type=click.Choice([k.value for k in JobKind]), help="With --all: only of this kind.")
@params.actor
@click.pass_context
def dismiss(ctx: click.Context, ids: tuple[int, ...], everything: bool, kind: str | None, actor: str) -> None:
    r"""Let dead jobs rest: they are listed no more.

    \b
    Example: triaged jobs dismiss 17
    """
    _each(ctx, ids, kind, dismiss_job, actor, "is dismissed", everything=everything)


def _each(
    ctx: click.Context,
    ids: tuple[int, ...],
    kind: str | None,
    change: Callable[[Session, int, str, datetime], Subject],
    actor: str,
    said: str,
    *,
    everything: bool,
) -> None:
    if bool(ids) == everything:
        raise click.UsageError("name jobs, or say --all")
    settings, failed = context.settings(ctx, quiet=True), []
    with context.store(settings) as store:
        if everything:
            with store.read() as session:
                ids = tuple(lists.dead_jobs(session, kind))
        with output.progress("jobs", len(ids)) as bar:
            for number in ids:
                now = SystemClock().now()
                try:
                    subject = store.write(lambda s, number=number, now=now: change(s, number, actor, now))  # type: ignore[misc]  # bound now, not later
                    click.echo(f"job {number} ({subject}) {said}")
                except RetryError as error:
                    failed.append(str(error))
                bar.update(1)
    if failed:
        raise context.BadData("; ".join(failed))
