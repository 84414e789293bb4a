"""The commands on parked mail: what our own code failed on, kept whole."""

import sys
from typing import Final

import click

from config.settings import Settings
from daemon.cli.support import context, output, params
from daemon.store import keys, ledger
from daemon.store.models import Inbound
from daemon.store.queries import lists
from daemon.store.store import Store
from daemon.system.clock import SystemClock
from daemon.tickets import retry
from daemon.tickets.intake import Intake
from daemon.vocabulary import Disposition

COLUMNS: Final = ("id", "received_at", "source", "mail_from", "size", "ticket", "reasons")
SHOWN: Final = 20_000
ALL: Final = 1_000_000


@click.group()
def parked() -> None:
    r"""List, show and replay mail that was not understood. It is kept whole until somebody acts.

    \b
    Example: triaged parked list
    """


@parked.command("list")
@params.limit(100)
@params.as_json
@click.pass_context
def list_(ctx: click.Context, limit: int, as_json: bool) -> None:
    r"""List parked mail, the newest first, with the reason.

    \b
    Example: triaged parked list --json
    """
    settings = context.settings(ctx, quiet=True)
    with context.store(settings) as store, store.read() as session:
        found = lists.list_mails(session, Disposition.PARKED, limit)
    output.listing(found, COLUMNS, as_json=as_json)


@parked.command()
@click.argument("number", type=int, metavar="ID")
@click.option("--raw", is_flag=True, help="Write the raw mail, octet for octet.")
@click.pass_context
def show(ctx: click.Context, number: int, raw: bool) -> None:
    r"""Show why a mail was parked, and the mail. Works for every mail in the ledger.

    \b
    Example: triaged parked show 7 --raw > mail.eml
    """
    settings = context.settings(ctx, quiet=True)
    with context.store(settings) as store, store.read() as session:
        row = session.get(Inbound, number)
        if row is None:
            raise context.NotFound(f"no mail {number} is in the ledger")
        try:
            octets = ledger.raw_of(session, number)
        except LookupError as error:
            raise context.NotFound(str(error)) from None
    if raw:
        sys.stdout.buffer.write(octets)
        return
    names = ("disposition", "reasons", "received_at", "source", "peer", "mail_from", "rcpt_tos", "size", "sha256")
    output.facts(f"mail {number}", {name.replace("_", " "): getattr(row, name) for name in names})
    click.echo()
    click.echo(output.block(octets[:SHOWN].decode("utf-8", "replace"), "  "))
    if len(octets) > SHOWN:
        output.note(f"the first {SHOWN} of {len(octets)} octets; --raw shows all")


@parked.command()
@click.argument("ids", nargs=-1, type=int)
@click.option("--all", "everything", is_flag=True, help="Every parked mail.")
@click.option("--silent", is_flag=True, help="Open tickets, but send no mail.")
@params.actor
@click.pass_context
def replay(ctx: click.Context, ids: tuple[int, ...], everything: bool, silent: bool, actor: str) -> None:
    r"""Take parked mail in again, as if it came now; where only triage had failed, triage it again.

    \b
    Example: triaged parked replay 7
    Example: triaged parked replay --all
    """
    if bool(ids) == everything:
        raise click.UsageError("name mails, or say --all")
    settings, still = context.settings(ctx, quiet=True), 0
    with context.store(settings) as store:
        if everything:
            with store.read() as session:
                ids = tuple(row["id"] for row in lists.list_mails(session, Disposition.PARKED, ALL))[::-1]
        accept = intake(settings, store)
        with output.progress("mails", len(ids)) as bar:
            for number in ids:
                still += not _replay(store, accept, number, actor, silent=silent)
                bar.update(1)
    if still:
        raise context.BadData(f"{still} of {len(ids)} were not replayed")


def intake(settings: Settings, store: Store) -> Intake:
    """Return the way in for mail that somebody asks for by hand."""
    from daemon.policies import identity

    now = SystemClock().now()
    # The relay of the running daemon finds the jobs; nobody needs to be woken from here.
    return Intake(store, identity(settings, store.write(lambda session: keys.ensure(session, now))), lambda _: None)


def _replay(store: Store, accept: Intake, number: int, actor: str, *, silent: bool) -> bool:
    """Replay one email; say what became of it, and return whether it is parked no more."""
    with store.read() as session:
        row = session.get(Inbound, number)
    if row is None:
        click.echo(f"mail {number}: is not in the ledger")
        return False
    if row.disposition != Disposition.PARKED:
        click.echo(f"mail {number}: is not parked, it is {row.disposition}")
        return True
    if row.ticket_id is not None:
        ticket, now = row.ticket_id, SystemClock().now()
        click.echo(f"mail {number}: {store.write(lambda s: retry.triage_again(s, number, ticket, actor, now))}")
        return True
    receipt = accept.replay(number, silent=silent)
    click.echo(f"mail {number}: {receipt.disposition} {receipt.reference or ''}".rstrip())
    return receipt.disposition is not Disposition.PARKED
