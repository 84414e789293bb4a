"""The command `trace`: show the way of an email from receipt to the last notification."""

from dataclasses import asdict
from typing import Final

import click
from sqlalchemy.orm import Session

from daemon.cli.support import context, output, params
from daemon.store.queries import tickets
from daemon.store.queries.timeline import TimelineEntry, emails_of, find_emails, timeline

# Below the time and a space, as on a terminal.
INDENT: Final = 21


@click.command()
@click.argument("mail", metavar="ID")
@params.as_json
@click.pass_context
def trace(ctx: click.Context, mail: str, as_json: bool) -> None:
    r"""Show the way of an email from receipt to the last notification.

    ID is the reference of a ticket, the number of a received email, the Message-ID of a received or sent email, the
    SHA-256 of a raw email, or a number from the log with its kind: inbound:7, ticket:7, job:7, delivery:7.

    \b
    Example: triaged trace HD-7K3Q-M9XY
    Example: triaged trace '<CAF3x@mail.example>'
    """
    settings = context.settings(ctx, quiet=True)
    with context.store(settings) as store, store.read() as session:
        entries = timeline(session, _emails(session, mail, settings.support.reference_prefix))
    for entry in entries:
        if as_json:
            output.emit(asdict(entry))
        else:
            _write(entry)


def _emails(session: Session, text: str, prefix: str) -> list[int]:
    ticket_id = tickets.find_ticket_id(session, text, prefix)
    found = emails_of(session, ticket_id) if ticket_id is not None else find_emails(session, text.strip())
    if not found:
        raise context.NotFound(
            f"no email matches {output.line(text, 100)}; give a reference, a Message-ID or another ID (see --help)"
        )
    return found


def _write(entry: TimelineEntry) -> None:
    head = f"{output.moment(entry.at)}  {entry.subject:<12}  "
    click.echo(output.hang(f"{head}{output.styled(output.line(entry.state, 60))}  ", output.line(entry.text), INDENT))
    for reason in entry.reasons:
        # The reason of a sent delivery is the reply of the server; that of a sent answer says what was left out.
        because = "" if entry.state == "sent" else "because "
        click.echo(output.hang(" " * INDENT, f"{because}{output.line(reason)}", INDENT + 2))
