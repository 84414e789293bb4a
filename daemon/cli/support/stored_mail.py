"""Show a stored email and replay a parked one, for the commands `mail` and `parked`."""

import sys
from collections.abc import Sequence
from enum import Enum, auto
from typing import Final

import click

from config.settings import Settings
from daemon.cli.support import context, output
from daemon.store import ledger
from daemon.store.models import InboundRow
from daemon.store.store import Store
from daemon.system.clock import SystemClock
from daemon.tickets.intake import Intake
from daemon.tickets.replay import NotParkedError
from daemon.tickets.replay import replay as replay_email
from daemon.vocabulary import Disposition

MAX_BYTES_SHOWN: Final = 20_000
NAMES: Final = (
    "disposition",
    "reasons",
    "received_at",
    "source",
    "peer",
    "mail_from",
    "rcpt_tos",
    "size",
    "sha256",
)


class Result(Enum):
    """What became of an email that was to be processed again."""

    DONE = auto()
    FAILED = auto()
    MISSING = auto()


def show(settings: Settings, number: int, hint: str, *, raw: bool) -> None:
    """Print the facts and the content of an email, or write it byte for byte; raises NotFound with a hint."""
    with context.store(settings) as store, store.read() as session:
        row = session.get(InboundRow, number)
        if row is None:
            raise context.NotFound(f"there is no email {number}; {hint}")
        try:
            raw_email = ledger.raw_of(session, number)
        except LookupError as error:
            raise context.NotFound(str(error)) from None
    if raw:
        sys.stdout.buffer.write(raw_email)
        return
    output.facts(f"email {number}", {name.replace("_", " "): getattr(row, name) for name in NAMES})
    click.echo()
    click.echo(output.block(raw_email[:MAX_BYTES_SHOWN].decode("utf-8", "replace"), "  "))
    if len(raw_email) > MAX_BYTES_SHOWN:
        output.note(f"the first {MAX_BYTES_SHOWN} of {len(raw_email)} bytes; --raw shows all")


def replay(store: Store, accept: Intake, number: int, actor: str, *, silent: bool) -> Result:
    """Replay one parked email and print the result."""
    try:
        done = replay_email(store, accept, number, actor, SystemClock().now(), silent=silent)
    except LookupError:
        click.echo(f"email {number}: does not exist")
        return Result.MISSING
    except NotParkedError as error:
        click.echo(f"email {number}: {error}")
        return Result.DONE
    click.echo(f"email {number}: {done.text}")
    return Result.FAILED if done.disposition is Disposition.PARKED else Result.DONE


def raise_failures(results: Sequence[Result], wish: str) -> None:
    """Raise where emails were not processed: NotFound if all of those are missing, else BadData."""
    failed = [result for result in results if result is not Result.DONE]
    if failed:
        error = context.NotFound if set(failed) == {Result.MISSING} else context.BadData
        raise error(f"{len(failed)} of {output.number(len(results), 'email')} could not be {wish}")
