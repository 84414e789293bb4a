"""The command `mail`: list, show and release emails that were screened out or parked."""

from datetime import datetime
from typing import Final

import click

from daemon.cli.support import context, output, params, stored_mail
from daemon.cli.support.manual_intake import intake
from daemon.store.models import InboundRow
from daemon.store.queries import lists
from daemon.store.store import Store
from daemon.system.clock import SystemClock
from daemon.tickets.intake import Intake
from daemon.tickets.release import ReleaseError, release
from daemon.vocabulary import SCREENED_OUT, Disposition

STATES: Final = (*SCREENED_OUT, Disposition.PARKED)
COLUMNS: Final = ("id", "received_at", "disposition", "mail_from", "size", "ticket", "reasons")


@click.group()
def mail() -> None:
    r"""List, show and release emails that were screened out or parked.

    Emails of machines (automatic replies, bounces, lists, our own) are kept, but open no ticket.
    If one was written by a person, release it.

    \b
    Example: triaged mail list --state auto-reply --since 1d
    """


@mail.command("list")
@click.option(
    "--state",
    "states",
    type=click.Choice([str(state) for state in STATES]),
    multiple=True,
    help="Only emails in this state; may be repeated.  [default: all of these]",
)
@params.since("Emails received since: 2026-11-01, or 30d.")
@click.option("--from", "sender", default="", metavar="TEXT", help="Only emails whose envelope sender contains this.")
@params.limit(100)
@params.as_json
@click.pass_context
def list_(
    ctx: click.Context, states: tuple[str, ...], since: datetime | None, sender: str, limit: int, as_json: bool
) -> None:
    r"""List emails that were screened out or parked, with the reason, newest first.

    \b
    Example: triaged mail list --state list --state bounce --from example.com
    """
    settings = context.settings(ctx, quiet=True)
    wanted = [Disposition(state) for state in dict.fromkeys(states)] or STATES
    with context.store(settings) as store, store.read() as session:
        found = lists.list_emails(session, wanted, limit, since=since, sender=sender)
    output.listing(found, COLUMNS, as_json=as_json)


@mail.command()
@click.argument("number", type=int, metavar="ID")
@click.option("--raw", is_flag=True, help="Write the raw email, byte for byte.")
@click.pass_context
def show(ctx: click.Context, number: int, raw: bool) -> None:
    r"""Show an email and the reasons for its state.

    \b
    Example: triaged mail show 7 --raw > mail.eml
    """
    hint = "`triaged mail list` shows those that were screened out"
    stored_mail.show(context.settings(ctx, quiet=True), number, hint, raw=raw)


@mail.command("release")
@click.argument("ids", nargs=-1, type=int, metavar="ID...", required=True)
@params.actor
@click.pass_context
def release_(ctx: click.Context, ids: tuple[int, ...], actor: str) -> None:
    r"""Process emails again as if a person wrote them: each becomes a ticket, or joins one.

    The team is notified. The sender gets no automatic answer, because it may be a machine.
    A parked email is replayed.

    \b
    Example: triaged mail release 7
    """
    settings = context.settings(ctx, quiet=True)
    with context.store(settings) as store:
        accept = intake(settings, store)
        results = [_release(store, accept, number, actor) for number in ids]
    stored_mail.raise_failures(results, "released")


def _release(store: Store, accept: Intake, number: int, actor: str) -> stored_mail.Result:
    """Release one email and print the result."""
    with store.read() as session:
        row = session.get(InboundRow, number)
    if row is not None and row.disposition == Disposition.PARKED:
        return stored_mail.replay(store, accept, number, actor, silent=False)
    try:
        receipt = release(accept, number, actor, SystemClock().now())
    except LookupError:
        click.echo(f"email {number}: does not exist")
        return stored_mail.Result.MISSING
    except ReleaseError as error:
        click.echo(f"email {number}: {error}")
    else:
        click.echo(f"email {number}: {receipt.disposition} {receipt.reference or ''}".rstrip())
        if receipt.disposition is not Disposition.PARKED:
            return stored_mail.Result.DONE
    return stored_mail.Result.FAILED
