"""The command `jobs`: list, retry and dismiss jobs."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Final

import click
from sqlalchemy.orm import Session

from daemon.cli.support import context, output, params
from daemon.cli.support.each import change_each
from daemon.store.jobs import JobKind, JobState
from daemon.store.queries import lists
from daemon.tickets.retry import dismiss_job, retry_job
from daemon.vocabulary import Subject

COLUMNS: Final = ("id", "kind", "subject", "state", "attempts", "due_at", "created_at", "last_error")


@click.group()
def jobs() -> None:
    r"""List, retry and dismiss jobs.

    \b
    Example: triaged jobs list
    """


@jobs.command("list")
@params.state(JobState, JobState.DEAD, "Only jobs in this state.")
@click.option("--kind", type=click.Choice([k.value for k in JobKind]), help="Only jobs of this kind.")
@params.limit(100)
@params.as_json
@click.pass_context
def list_(ctx: click.Context, state: str, kind: str | None, limit: int, as_json: bool) -> None:
    r"""List jobs, by default the dead ones.

    \b
    Example: triaged jobs list --state ready --kind deliver
    """
    settings = context.settings(ctx, quiet=True)
    with context.store(settings) as store, store.read() as session:
        found = lists.list_jobs(session, state, kind, limit)
    output.listing(found, COLUMNS, as_json=as_json)
    if not found and not as_json:
        output.nothing(f"{kind} jobs" if kind else "jobs", state)


@jobs.command()
@click.argument("ids", nargs=-1, type=int, metavar="[ID...]")
@click.option("--all", "everything", is_flag=True, help="All dead jobs.")
@click.option("--kind", type=click.Choice([k.value for k in JobKind]), help="With --all: only jobs of this kind.")
@params.actor
@click.pass_context
def retry(ctx: click.Context, ids: tuple[int, ...], everything: bool, kind: str | None, actor: str) -> None:
    r"""Run dead jobs again, with a full number of attempts.

    \b
    Example: triaged jobs retry 17 18
    Example: triaged jobs retry --all --kind deliver
    """
    _each(ctx, ids, kind, retry_job, actor, "will be tried again", everything=everything)


@jobs.command()
@click.argument("ids", nargs=-1, type=int, metavar="[ID...]")
@click.option("--all", "everything", is_flag=True, help="All dead jobs.")
@click.option("--kind", type=click.Choice([k.value for k in JobKind]), help="With --all: only jobs of this kind.")
@params.actor
@click.pass_context
def dismiss(ctx: click.Context, ids: tuple[int, ...], everything: bool, kind: str | None, actor: str) -> None:
    r"""Dismiss dead jobs: they are not listed and not run again.

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
    result: str,
    *,
    everything: bool,
) -> None:
    def changed(session: Session, number: int, now: datetime) -> str:
        return f"job {number} ({change(session, number, actor, now)}) {result}"

    def every(session: Session) -> Iterable[int]:
        return lists.dead_jobs(session, kind)

    change_each(ctx, "jobs", ids, every, changed, everything=everything)
