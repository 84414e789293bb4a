"""Change named rows, or all of a choice, one after another: a row that cannot be changed does not stop the others."""

from collections.abc import Callable, Iterable
from datetime import datetime

import click
from sqlalchemy.orm import Session

from daemon.cli.support import context, output
from daemon.system.clock import SystemClock
from daemon.tickets.retry import MissingRowError, RetryError


def change_each(
    ctx: click.Context,
    rows: str,
    ids: tuple[int, ...],
    every: Callable[[Session], Iterable[int]],
    change: Callable[[Session, int, datetime], str],
    *,
    everything: bool,
) -> None:
    """Change each row in a transaction of its own and print what `change` returns.

    `rows` names them ("jobs"), `every` finds them for --all. Raises UsageError unless there are IDs or --all, and
    BadData with the reasons of the rows that could not be changed: NotFound where none of these rows exists.
    """
    if bool(ids) == everything:
        raise click.UsageError(f"give the IDs of {rows}, or --all")
    settings = context.settings(ctx, quiet=True)
    failed: list[RetryError] = []
    with context.store(settings) as store:
        if everything:
            with store.read() as session:
                ids = tuple(every(session))
            if not ids:
                output.note(f"no {rows}")
        with output.progress(rows, len(ids)) as bar:
            for number in ids:
                now = SystemClock().now()
                try:
                    click.echo(store.write(lambda s, number=number, now=now: change(s, number, now)))  # type: ignore[misc]  # bound here, not when called
                except RetryError as error:
                    failed.append(error)
                bar.update(1)
    if failed:
        missing = all(isinstance(error, MissingRowError) for error in failed)
        raise (context.NotFound if missing else context.BadData)("; ".join(str(error) for error in failed))
