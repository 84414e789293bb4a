"""The command `imap`: import older emails from mailboxes."""

from collections.abc import Callable
from datetime import datetime

import click

from config.schema import Imap
from daemon.cli.support import context, output
from daemon.cli.support.manual_intake import intake
from daemon.system.clock import SystemClock


@click.group()
def imap() -> None:
    r"""Import older emails from the mailboxes.

    \b
    Example: triaged imap backfill --since 2026-11-01
    """


@imap.command()
@click.option(
    "--since", type=click.DateTime(["%Y-%m-%d"]), required=True, metavar="YYYY-MM-DD", help="First day to import."
)
@click.option("--mailbox", metavar="NAME", help="Import only this mailbox.  [default: all]")
@click.pass_context
def backfill(ctx: click.Context, since: datetime, mailbox: str | None) -> None:
    r"""Open tickets for emails that are older than triaged.

    No notification or acknowledgement is sent, and the mailbox is not changed.

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
                        _progress(bar),
                        max_bytes=settings.limits.message_bytes,
                    )
                except UNREACHABLE:
                    raise
                except Exception as error:  # noqa: BLE001 - continue with the other mailboxes
                    failed.append(f"{box.name}: {describe(error)}")
                    continue
            click.echo(f"{box.name}: {output.number(stored, 'email')} stored")
    if failed:
        raise context.Unavailable("; ".join(failed))


def _chosen(boxes: tuple[Imap, ...], name: str | None) -> list[Imap]:
    found = [box for box in boxes if name in (None, box.name)]
    if not found:
        known = ", ".join(box.name for box in boxes) or "none"
        raise context.BadData(
            f"no mailbox is named {output.line(name, 60)}; configured are: {known}"
            if name and boxes
            else "no mailbox is configured; add [[imap]] to the settings"
        )
    return found


def _progress(bar: output.Bar) -> Callable[[int, int], None]:
    def move(done: int, total: int) -> None:
        bar.length = total
        bar.update(done - bar.pos)

    return move
