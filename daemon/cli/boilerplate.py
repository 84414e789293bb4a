"""The command `boilerplate`: list the blocks of text that triage does not read, and forget them."""

from dataclasses import asdict
from typing import Final

import click

from daemon.cli.support import context, output, params
from daemon.store import boilerplate as blocks
from daemon.store.boilerplate import BlockState

COLUMNS: Final = ("id", "state", "domains", "seen_at", "forgotten_by", "excerpt")


@click.group()
def boilerplate() -> None:
    r"""List the blocks of text that many senders' emails have, and forget them.

    A block at the top or end of emails of five domains on three days is learned
    and not read by triage: banners, footers, legal notices. The email itself stays complete.

    \b
    Example: triaged boilerplate list
    """


@boilerplate.command("list")
@params.state(BlockState, BlockState.LEARNED, "Only blocks in this state.")
@params.limit(100)
@params.as_json
@click.pass_context
def list_(ctx: click.Context, state: str, limit: int, as_json: bool) -> None:
    r"""List blocks, by default the learned ones, those seen last first.

    A block has no text before it is learned: it may be what one customer wrote.

    \b
    Example: triaged boilerplate list --json
    """
    settings = context.settings(ctx, quiet=True)
    with context.store(settings) as store, store.read() as session:
        found = [asdict(line) for line in blocks.list_blocks(session, BlockState(state), limit)]
    output.listing(found, COLUMNS, as_json=as_json)


@boilerplate.command()
@click.argument("ids", nargs=-1, required=True, type=int, metavar="ID...")
@params.actor
@click.pass_context
def forget(ctx: click.Context, ids: tuple[int, ...], actor: str) -> None:
    r"""Let triage read blocks again, and never learn them again.

    \b
    Example: triaged boilerplate forget 17 18
    """
    settings, missing = context.settings(ctx, quiet=True), []
    with context.store(settings) as store:
        for number in ids:
            if store.write(lambda session, number=number: blocks.forget(session, number, actor)):  # type: ignore[misc]  # bound here, not when called
                click.echo(f"block {number} is read from now on")
            else:
                missing.append(str(number))
    if missing:
        raise context.NotFound(f"no block {', '.join(missing)}")
