"""Run actions on tickets from the command line: one transaction each, and a refusal as one line."""

from collections.abc import Callable, Sequence
from datetime import datetime

import click
from sqlalchemy.orm import Session

from daemon.cli.support import context, references
from daemon.system.clock import SystemClock
from daemon.tickets.action_base import ActionError, ActionResult
from daemon.tickets.actor import Actor

Action = Callable[[Session, int, Actor, datetime], ActionResult]


def run_action(ctx: click.Context, named: Sequence[str], actor: str, unchanged: str, action: Action) -> None:
    """Do an action on each ticket and print what was done, or `unchanged`; raises BadData where it is refused."""
    settings, who = context.settings(ctx, quiet=True), Actor(actor, None, "cli")
    prefix = settings.support.reference_prefix
    with context.store(settings) as store:
        for reference in named:
            now = SystemClock().now()

            def write(session: Session, reference: str = reference, now: datetime = now) -> ActionResult:
                return action(session, references.existing(session, reference, prefix), who, now)

            try:
                done = store.write(write)
            except ActionError as error:
                raise context.BadData(f"{reference}: {error}") from None
            click.echo(f"{reference}: {', '.join(done.done) if done.changed else unchanged}")
