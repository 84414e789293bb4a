"""The commands on mailboxes."""

from collections.abc import Callable
from datetime import datetime

import click

from config.schema import Imap
from daemon.cli.parked import intake
from daemon.cli.support import context, output
from daemon.system.clock import SystemClock


@click.group()
def imap() -> None:
    r"""Fetch older mail from the mailboxes.

    \b
    Example: triaged imap backfill --since 2026-11-01
    """


@imap.command()
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), required=True, help="The first day to fetch.")
@click.option("--mailbox", help="Only this mailbox; else all.")
@click.pass_context
def backfill(ctx: click.Context, since: datetime, mailbox: str | None) -> None:
    r"""Open tickets for mail from before triaged came. Nobody is mailed, and the mailbox stays as it is.

    \b
    Example: triaged imap backfill --since 2026-11-01 --mailbox support
    """
    # Imported here: the overview must not wait for them.
    from daemon.imap.backfill import backfill as fill
    from daemon.imap.folder import describe
    from daemon.store.errors import UNREACHABLE

    settings, failed = context.settings(ctx, quiet=True), []
    chosen = _chosen(settings.imap, mailbox)
    with context.store(settings) as store:
        accept = intake(settings, store)
        for box in chosen:
            with output.progress(f"mailbox {box.name}", 0) as bar:
                try:
                    stored = fill(
                        box,
                        accept,
                        store,
                        SystemClock(),
                        since.date(),
                        _moving(bar),
                        max_bytes=settings.limits.message_bytes,
                    )
                except UNREACHABLE:
                    raise
                except Exception as error:  # noqa: BLE001 - one broken mailbox does not keep the others waiting
                    failed.append(f"{box.name}: {describe(error)}")
                    continue
            click.echo(f"{box.name}: {stored} mails stored")
    if failed:
        raise context.Unavailable("; ".join(failed))


def _chosen(boxes: tuple[Imap, ...], name: str | None) -> list[Imap]:
    found = [box for box in boxes if name in (None, box.name)]
    if not found:
        known = ", ".join(box.name for box in boxes) or "none"
        raise context.BadData(f"no mailbox {name or 'is configured'}; known are: {known}")
    return found


def _moving(bar: output.Bar) -> Callable[[int, int], None]:
    def move(done: int, total: int) -> None:
        bar.length = total
        bar.update(done - bar.pos)

    return move
