"""The command `deliveries`: list, show, resend and dismiss outgoing emails."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Final

import click
from sqlalchemy.orm import Session

from daemon.cli.support import context, output, params
from daemon.cli.support.each import change_each
from daemon.store.deliveries import DeliveryState
from daemon.store.queries import delivery_lists
from daemon.tickets import redelivery

COLUMNS: Final = ("id", "ticket", "kind", "recipient", "state", "attempts", "created_at", "reason")


@click.group()
def deliveries() -> None:
    r"""List, show, resend and dismiss outgoing emails.

    An email is uncertain if it was handed over to the mail server twice without an answer: it may have arrived once,
    twice or not at all. It is not sent again until you say so.

    \b
    Example: triaged deliveries list --state uncertain
    """


@deliveries.command("list")
@params.state(DeliveryState, DeliveryState.UNCERTAIN, "Only deliveries in this state.")
@params.limit(100)
@params.as_json
@click.pass_context
def list_(ctx: click.Context, state: str, limit: int, as_json: bool) -> None:
    r"""List deliveries, by default the uncertain ones, newest first.

    \b
    Example: triaged deliveries list --state failed
    """
    settings = context.settings(ctx, quiet=True)
    with context.store(settings) as store, store.read() as session:
        found = delivery_lists.list_deliveries(session, DeliveryState(state), limit)
    output.listing(found, COLUMNS, as_json=as_json)
    if not found and not as_json:
        output.nothing("deliveries", state)


@deliveries.command()
@click.argument("number", type=int, metavar="ID")
@params.as_json
@click.pass_context
def show(ctx: click.Context, number: int, as_json: bool) -> None:
    r"""Show a delivery: its state, the reason, the Message-ID to look for in the mail server's log, and its job.

    \b
    Example: triaged deliveries show 17
    """
    settings = context.settings(ctx, quiet=True)
    with context.store(settings) as store, store.read() as session:
        found = delivery_lists.delivery_of(session, number)
    if found is None:
        raise context.NotFound(f"there is no delivery {number}; `triaged deliveries list` shows the uncertain ones")
    if as_json:
        output.emit(found)
        return
    output.facts(f"delivery {number}", {name.replace("_", " "): value for name, value in found.items()})


@deliveries.command()
@click.argument("ids", nargs=-1, type=int, metavar="[ID...]")
@click.option("--all", "everything", is_flag=True, help="All deliveries in the state.")
@params.state(sorted(redelivery.RESENDABLE), DeliveryState.UNCERTAIN, "With --all: the state.")
@params.actor
@click.pass_context
def resend(ctx: click.Context, ids: tuple[int, ...], everything: bool, state: str, actor: str) -> None:
    r"""Send emails again that failed or are uncertain, with the same Message-ID.

    Somebody who did receive an uncertain email gets it once more.

    \b
    Example: triaged deliveries resend 17 18
    Example: triaged deliveries resend --all --state failed
    """
    _each(ctx, ids, state, redelivery.resend, actor, "will be sent again", everything=everything)


@deliveries.command()
@click.argument("ids", nargs=-1, type=int, metavar="[ID...]")
@click.option("--all", "everything", is_flag=True, help="All deliveries in the state.")
@params.state(sorted(redelivery.DISMISSABLE), DeliveryState.UNCERTAIN, "With --all: the state.")
@params.actor
@click.pass_context
def dismiss(ctx: click.Context, ids: tuple[int, ...], everything: bool, state: str, actor: str) -> None:
    r"""Accept that emails may not have arrived: they are not sent again, and are no problem of health.

    \b
    Example: triaged deliveries dismiss 17
    Example: triaged deliveries dismiss --all
    """
    _each(ctx, ids, state, redelivery.dismiss, actor, "is dismissed", everything=everything)


def _each(
    ctx: click.Context,
    ids: tuple[int, ...],
    state: str,
    change: Callable[[Session, int, str, datetime], str],
    actor: str,
    result: str,
    *,
    everything: bool,
) -> None:
    def changed(session: Session, number: int, now: datetime) -> str:
        recipient = change(session, number, actor, now)
        return f"delivery {number} (to {output.line(recipient)}) {result}"

    def every(session: Session) -> Iterable[int]:
        return delivery_lists.ids_in(session, DeliveryState(state))

    change_each(ctx, "deliveries", ids, every, changed, everything=everything)
