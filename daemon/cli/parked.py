"""The command `parked`: list, show and replay emails that could not be processed."""

from typing import Final

import click

from daemon.cli.support import context, output, params, stored_mail
from daemon.cli.support.manual_intake import intake
from daemon.store.queries import lists
from daemon.vocabulary import Disposition

COLUMNS: Final = ("id", "received_at", "source", "mail_from", "size", "ticket", "reasons")
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
        found = lists.list_emails(session, [Disposition.PARKED], limit)
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
    hint = "`triaged parked list` shows the parked ones"
    stored_mail.show(context.settings(ctx, quiet=True), number, hint, raw=raw)


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
    settings, results = context.settings(ctx, quiet=True), []
    with context.store(settings) as store:
        if everything:
            with store.read() as session:
                ids = tuple(row["id"] for row in lists.list_emails(session, [Disposition.PARKED], ALL))[::-1]
            if not ids:
                output.note("no parked emails")
        accept = intake(settings, store)
        with output.progress("emails", len(ids)) as bar:
            for number in ids:
                results.append(stored_mail.replay(store, accept, number, actor, silent=silent))
                bar.update(1)
    stored_mail.raise_failures(results, "replayed")
