"""The command `imap`: import older emails from mailboxes, and list and retry those that could not be read."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Final

import click

from config.schema import Imap
from daemon.cli.support import context, output, params
from daemon.cli.support.manual_intake import intake
from daemon.store import unreadable
from daemon.store.store import Store
from daemon.store.unreadable import Unreadable
from daemon.system.clock import SystemClock

COLUMNS: Final = ("id", "at", "mailbox", "folder", "uid", "reason")
AT_ONCE: Final = 10_000


@click.group()
def imap() -> None:
    r"""Import older emails from the mailboxes; list, retry and dismiss the unreadable ones.

    \b
    Example: triaged imap backfill --since 2026-11-01
    """


@imap.command()
@click.option("--since", type=params.Since(), required=True, metavar="YYYY-MM-DD", help="First day to import.")
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
                        since.astimezone().date(),
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


@imap.command("unreadable")
@params.limit(100)
@params.as_json
@click.pass_context
def list_unreadable(ctx: click.Context, limit: int, as_json: bool) -> None:
    r"""List the emails in mailboxes that could not be read, oldest first.

    Each failed three times to be fetched or stored, and was skipped. It is still in its mailbox.

    \b
    Example: triaged imap unreadable
    """
    settings = context.settings(ctx, quiet=True)
    with context.store(settings) as store, store.read() as session:
        found = unreadable.find(session, limit)
    output.listing(({"mailbox": one.account, **asdict(one)} for one in found), COLUMNS, as_json=as_json)


@imap.command()
@click.argument("ids", nargs=-1, type=int, metavar="[ID...]")
@click.option("--all", "everything", is_flag=True, help="All emails that could not be read.")
@click.pass_context
def retry(ctx: click.Context, ids: tuple[int, ...], everything: bool) -> None:
    r"""Read emails again that could not be read. The daemon may run meanwhile.

    \b
    Example: triaged imap retry 3
    Example: triaged imap retry --all
    """
    from daemon.imap.folder import describe
    from daemon.imap.retry import GONE, STORED, read_again
    from daemon.store.errors import UNREACHABLE

    if bool(ids) == everything:
        raise click.UsageError("give the IDs of emails, or --all")
    settings, failed = context.settings(ctx, quiet=True), []
    with context.store(settings) as store:
        wanted, accept = _wanted(store, ids), intake(settings, store)
        if not wanted:
            output.note("no unreadable emails")
        for account in dict.fromkeys(one.account for one in wanted):
            [box] = _chosen(settings.imap, account)
            of_account = [one for one in wanted if one.account == account]
            most = settings.limits.message_bytes
            try:
                for one, result in read_again(box, accept, store, SystemClock(), of_account, max_bytes=most):
                    click.echo(f"{one.id}: {output.line(result)}")
                    if result not in (STORED, GONE):
                        failed.append(f"{one.id} cannot be read")
            except UNREACHABLE:
                raise
            except Exception as error:  # noqa: BLE001 - continue with the other mailboxes
                failed.append(f"{account}: {describe(error)}")
    if failed:
        raise context.Unavailable("; ".join(failed))


@imap.command()
@click.argument("ids", nargs=-1, type=int, metavar="ID...", required=True)
@params.actor
@click.pass_context
def dismiss(ctx: click.Context, ids: tuple[int, ...], actor: str) -> None:
    r"""Dismiss emails that could not be read: they are not listed any more, and stay in their mailbox.

    \b
    Example: triaged imap dismiss 3
    """
    settings = context.settings(ctx, quiet=True)
    with context.store(settings) as store:
        for one in _wanted(store, ids):
            now = SystemClock().now()
            store.write(lambda s, one=one, now=now: unreadable.settle(s, one, "dismissed", now, actor))  # type: ignore[misc]  # bound here, not when called
            click.echo(f"{one.id}: dismissed")


def _wanted(store: Store, ids: tuple[int, ...]) -> list[Unreadable]:
    """Return the emails with these ids, or all; raises NotFound."""
    with store.read() as session:
        found = unreadable.find(session, AT_ONCE, ids)
    missing = sorted(set(ids) - {one.id for one in found})
    if missing:
        raise context.NotFound(f"there is no unreadable email {missing[0]}; `triaged imap unreadable` lists them")
    return found


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
