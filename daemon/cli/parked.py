"""The command `parked`: list, show and replay emails that could not be processed."""

import sys
from typing import Final

import click

from daemon.cli.support import context, output, params
from daemon.cli.support.manual_intake import intake
from daemon.store import ledger
from daemon.store.models import Inbound
from daemon.store.queries import lists
from daemon.store.store import Store
from daemon.system.clock import SystemClock
from daemon.tickets import retry
from daemon.tickets.intake import Intake
from daemon.vocabulary import Disposition

COLUMNS: Final = ("id", "received_at", "source", "mail_from", "size", "ticket", "reasons")
MAX_BYTES_SHOWN: Final = 20_000
ALL: Final = 1_000_000


@click.group()
def parked() -> None:
    r"""List, show and replay emails that could not be processed.

    A parked email is stored unchanged. It waits until it is replayed.

    \b
    Example: triaged parked list
    """


@parked.command("list")
@params.limit(100)
@params.as_json
@click.pass_context
def list_(ctx: click.Context, limit: int, as_json: bool) -> None:
    r"""List parked emails with the reason, newest first.

    \b
    Example: triaged parked list --json
    """
    settings = context.settings(ctx, quiet=True)
    with context.store(settings) as store, store.read() as session:
        found = lists.list_mails(session, Disposition.PARKED, limit)
    output.listing(found, COLUMNS, as_json=as_json)


@parked.command()
@click.argument("number", type=int, metavar="ID")
@click.option("--raw", is_flag=True, help="Write the raw email, byte for byte.")
@click.pass_context
def show(ctx: click.Context, number: int, raw: bool) -> None:
    r"""Show a parked email and the reason.

    ID is the number of any email, also of one that is not parked.

    \b
    Example: triaged parked show 7 --raw > mail.eml
    """
    settings = context.settings(ctx, quiet=True)
    with context.store(settings) as store, store.read() as session:
        row = session.get(Inbound, number)
        if row is None:
            raise context.NotFound(f"there is no email {number}; `triaged parked list` shows the parked ones")
        try:
            raw_email = ledger.raw_of(session, number)
        except LookupError as error:
            raise context.NotFound(str(error)) from None
    if raw:
        sys.stdout.buffer.write(raw_email)
        return
    names = ("disposition", "reasons", "received_at", "source", "peer", "mail_from", "rcpt_tos", "size", "sha256")
    output.facts(f"email {number}", {name.replace("_", " "): getattr(row, name) for name in names})
    click.echo()
    click.echo(output.block(raw_email[:MAX_BYTES_SHOWN].decode("utf-8", "replace"), "  "))
    if len(raw_email) > MAX_BYTES_SHOWN:
        output.note(f"the first {MAX_BYTES_SHOWN} of {len(raw_email)} bytes; --raw shows all")


@parked.command()
@click.argument("ids", nargs=-1, type=int, metavar="[ID...]")
@click.option("--all", "everything", is_flag=True, help="All parked emails.")
@click.option("--silent", is_flag=True, help="Open tickets, but send no email.")
@params.actor
@click.pass_context
def replay(ctx: click.Context, ids: tuple[int, ...], everything: bool, silent: bool, actor: str) -> None:
    r"""Process parked emails again, as if they came now.

    If only triage of an email had failed, its ticket is triaged again.

    \b
    Example: triaged parked replay 7
    Example: triaged parked replay --all
    """
    if bool(ids) == everything:
        raise click.UsageError("give the IDs of emails, or --all")
    settings, failed = context.settings(ctx, quiet=True), 0
    with context.store(settings) as store:
        if everything:
            with store.read() as session:
                ids = tuple(row["id"] for row in lists.list_mails(session, Disposition.PARKED, ALL))[::-1]
        accept = intake(settings, store)
        with output.progress("emails", len(ids)) as bar:
            for number in ids:
                failed += not _replay(store, accept, number, actor, silent=silent)
                bar.update(1)
    if failed:
        raise context.BadData(f"{failed} of {output.number(len(ids), 'email')} could not be replayed")


def _replay(store: Store, accept: Intake, number: int, actor: str, *, silent: bool) -> bool:
    """Replay one email and print the result; return False if it is still parked or missing."""
    with store.read() as session:
        row = session.get(Inbound, number)
    if row is None:
        click.echo(f"email {number}: does not exist")
        return False
    if row.disposition != Disposition.PARKED:
        click.echo(f"email {number}: is not parked; its disposition is {row.disposition}")
        return True
    if row.ticket_id is not None:
        ticket, now = row.ticket_id, SystemClock().now()
        click.echo(f"email {number}: {store.write(lambda s: retry.triage_again(s, number, ticket, actor, now))}")
        return True
    receipt = accept.replay(number, silent=silent)
    click.echo(f"email {number}: {receipt.disposition} {receipt.reference or ''}".rstrip())
    return receipt.disposition is not Disposition.PARKED
