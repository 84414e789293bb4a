"""The commands `tickets reply`, `note`, `send` and `drop`: answer a customer, or write to the team."""

import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import click
from sqlalchemy.orm import Session

from daemon.cli.support import context, params, references
from daemon.mail.address import read_addresses
from daemon.mail.reply.answer import from_text
from daemon.system.clock import SystemClock
from daemon.tickets import conversation, held_answers
from daemon.tickets.actor import Actor
from daemon.tickets.answer_policy import answer_policy
from daemon.tickets.answer_values import UNREAD, AnswerError, AnswerPolicy, AnswerResult, NewAnswer, NoAnswerError
from daemon.tickets.conversation import NewNote
from daemon.tickets.readers import Addressed

Change = Callable[[Session, AnswerPolicy, datetime], AnswerResult]


text_file = click.option(
    "--file", "file", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="File with the text."
)


@click.command()
@click.argument("reference")
@text_file
@click.option(
    "--cc", multiple=True, metavar="ADDRESS", help="Address that gets the answer too; it takes part from now."
)
@params.actor
@click.pass_context
def reply(ctx: click.Context, reference: str, file: Path | None, cc: tuple[str, ...], actor: str) -> None:
    r"""Answer the customer of a ticket with the text of a file or of standard input.

    \b
    Example: triaged tickets reply HD-7K3Q-M9XY --file answer.txt
    """
    text = _text(file)
    prefix = context.settings(ctx, quiet=True).support.reference_prefix

    def change(session: Session, policy: AnswerPolicy, now: datetime) -> AnswerResult:
        ticket_id, cut = references.existing(session, reference, prefix), from_text(text)
        copied = Addressed(cc=tuple(_address(one) for one in cc))
        new = NewAnswer(ticket_id, Actor(actor, None, "cli"), cut.text, cut.html, now - UNREAD, addressed=copied)
        return conversation.reply(session, new, policy, now)

    _run(ctx, change)


@click.command()
@click.argument("reference")
@text_file
@params.actor
@click.pass_context
def note(ctx: click.Context, reference: str, file: Path | None, actor: str) -> None:
    r"""Keep an internal note on a ticket and notify its team; no customer gets it.

    The text is that of a file or of standard input.

    \b
    Example: triaged tickets note HD-7K3Q-M9XY --file note.txt
    """
    text, now = _text(file), SystemClock().now()
    if not text:
        raise context.BadData("the note has no text")
    prefix = context.settings(ctx, quiet=True).support.reference_prefix

    def keep(session: Session) -> None:
        ticket_id = references.existing(session, reference, prefix)
        conversation.note(session, NewNote(ticket_id, Actor(actor, None, "cli"), text), now)

    with context.store(context.settings(ctx, quiet=True)) as store:
        try:
            store.write(keep)
        except AnswerError as error:
            raise context.BadData(str(error)) from None
    click.echo(f"{reference}: noted (the team is notified)")


@click.command()
@click.argument("answer", type=int)
@params.actor
@click.pass_context
def send(ctx: click.Context, answer: int, actor: str) -> None:
    r"""Send an answer that is held.

    \b
    Example: triaged tickets send 12
    """
    _run(
        ctx,
        lambda session, policy, now: held_answers.send_held(session, answer, Actor(actor, None, "cli"), policy, now),
    )


@click.command()
@click.argument("answer", type=int)
@params.actor
@click.pass_context
def drop(ctx: click.Context, answer: int, actor: str) -> None:
    r"""Drop an answer that is held: nobody gets it.

    \b
    Example: triaged tickets drop 12
    """
    _run(ctx, lambda session, _policy, now: held_answers.drop(session, answer, Actor(actor, None, "cli"), now))


def _run(ctx: click.Context, change: Change) -> None:
    settings = context.settings(ctx, quiet=True)
    policy, now = answer_policy(settings), SystemClock().now()
    with context.store(settings) as store:
        try:
            result = store.write(lambda session: change(session, policy, now))
        except NoAnswerError as error:
            raise context.NotFound(str(error)) from None
        except AnswerError as error:
            raise context.BadData(str(error)) from None
    to = f" to {', '.join(result.recipients)}" if result.recipients else ""
    because = f": {'; '.join(result.reasons)}" if result.reasons else ""
    click.echo(f"answer {result.answer_id} is {result.state}{to}{because}")


def _text(file: Path | None) -> str:
    return (file.read_text(encoding="utf-8") if file else sys.stdin.read()).strip()


def _address(text: str) -> str:
    found = [one.email for one in read_addresses(text) if one.email]
    if len(found) != 1:
        raise context.BadData(f"--cc: {text!r} is not one address")
    return found[0].lower()


COMMANDS = (reply, note, send, drop)
