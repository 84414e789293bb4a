"""The command `webhooks`: create, list, show, rotate, enable, replay and remove webhooks."""

from typing import Any, Final

import click

from daemon.cli.support import context, output, params
from daemon.store import webhook_deliveries
from daemon.store import webhooks as rows
from daemon.store.queries.feed_rows import FeedType
from daemon.system.clock import SystemClock
from daemon.tickets import webhooks as actions

COLUMNS: Final = ("name", "url", "events", "pending", "created_at", "failing_since", "disabled_at")
DELIVERY_COLUMNS: Final = ("id", "type", "row", "state", "attempts", "answer", "created_at", "sent_at")


@click.group()
def webhooks() -> None:
    r"""Create, list, show, rotate, enable, replay and remove webhooks.

    A webhook tells a program what happens to tickets.

    \b
    Example: triaged webhooks list
    """


@webhooks.command()
@click.argument("name")
@click.argument("url")
@click.option(
    "--event",
    "types",
    type=click.Choice([str(one) for one in FeedType]),
    multiple=True,
    help="Type of event; several; default: all.",
)
@params.actor
@click.pass_context
def create(ctx: click.Context, name: str, url: str, types: tuple[str, ...], actor: str) -> None:
    r"""Send events to URL from now on, and print the secret that signs them. It is shown this once.

    \b
    Example: triaged webhooks create shop https://shop.example/hooks --event ticket.decided
    """
    wanted = [FeedType(one) for one in dict.fromkeys(types)] or [*FeedType]
    networks = context.settings(ctx, quiet=True).webhooks.allowed_networks
    click.echo(_write(ctx, lambda session, now: actions.create(session, name, url, wanted, actor, now, networks)))
    output.note("keep it now: it cannot be shown again")


@webhooks.command("list")
@params.as_json
@click.pass_context
def list_(ctx: click.Context, as_json: bool) -> None:
    r"""List the webhooks, with the time since which each fails.

    \b
    Example: triaged webhooks list --json
    """
    with context.store(context.settings(ctx, quiet=True)) as store, store.read() as session:
        found = rows.lines(session)
    output.listing(found, COLUMNS, as_json=as_json)


@webhooks.command()
@click.argument("name")
@params.limit(50)
@params.as_json
@click.pass_context
def show(ctx: click.Context, name: str, limit: int, as_json: bool) -> None:
    r"""Show the newest events of a webhook and what became of them.

    \b
    Example: triaged webhooks show shop
    """
    with context.store(context.settings(ctx, quiet=True)) as store, store.read() as session:
        try:
            found = webhook_deliveries.lines(session, name, limit)
        except LookupError as error:
            raise context.NotFound(str(error)) from None
    output.listing(found, DELIVERY_COLUMNS, as_json=as_json)


@webhooks.command()
@click.argument("delivery", type=int)
@params.actor
@click.pass_context
def replay(ctx: click.Context, delivery: int, actor: str) -> None:
    r"""Send an event once more, under the same id. DELIVERY is a number of `webhooks show`.

    \b
    Example: triaged webhooks replay 7
    """
    done = _write(ctx, lambda session, now: actions.replay(session, delivery, actor, now))
    click.echo(f"{delivery}: {'is sent again' if done else 'is pending, or its webhook is disabled or removed'}")


@webhooks.command()
@click.argument("name")
@params.actor
@click.pass_context
def rotate(ctx: click.Context, name: str, actor: str) -> None:
    r"""Give a webhook a new secret and print it. The old one signs too for 24 hours.

    \b
    Example: triaged webhooks rotate shop
    """
    click.echo(_write(ctx, lambda session, now: actions.rotate(session, name, actor, now)))
    output.note("keep it now: it cannot be shown again")


@webhooks.command()
@click.argument("name")
@params.actor
@click.pass_context
def enable(ctx: click.Context, name: str, actor: str) -> None:
    r"""Let a webhook that failed for days get events again, also those since then.

    \b
    Example: triaged webhooks enable shop
    """
    _write(ctx, lambda session, now: actions.enable(session, name, actor, now))
    click.echo(f"{name}: enabled")


@webhooks.command()
@click.argument("name")
@params.actor
@click.pass_context
def remove(ctx: click.Context, name: str, actor: str) -> None:
    r"""Remove a webhook. What it was sent stays in the database.

    \b
    Example: triaged webhooks remove shop
    """
    _write(ctx, lambda session, now: actions.remove(session, name, actor, now))
    click.echo(f"{name}: removed")


def _write(ctx: click.Context, change: Any) -> Any:  # noqa: ANN401 - any change, and what it returns
    with context.store(context.settings(ctx, quiet=True)) as store:
        try:
            return store.write(lambda session: change(session, SystemClock().now()))
        except LookupError as error:
            raise context.NotFound(str(error)) from None
        except ValueError as error:
            raise context.BadData(str(error)) from None
