"""The command `tickets`: list, search, show and change tickets, and answer their customers."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

import click
from sqlalchemy.orm import Session

from config.settings import Settings
from daemon.cli.support import answer_commands, context, output, params, references, review_command, ticket_view
from daemon.cli.support.ticket_actions import run_action
from daemon.mail.command_arguments import ArgumentError, read_duration
from daemon.store.queries import tickets as reports
from daemon.store.queries.text_search import SEARCHED
from daemon.store.queries.ticket_detail import ticket_detail
from daemon.store.queries.tickets import TicketFilter
from daemon.store.store import Store
from daemon.system.clock import SystemClock
from daemon.tickets import actions
from daemon.tickets.actions import ActionResult, Correction
from daemon.tickets.actor import Actor
from daemon.tickets.answer_policy import address_teams
from daemon.vocabulary import Priority, Status

COLUMNS: Final = (
    *("reference", "status", "category", "priority", "confidence", "assigned_team"),
    *("subject", "requester", "created_at"),
)
PRIORITIES: Final = tuple(p.value for p in Priority if p is not Priority.PENDING)


@click.group()
def tickets() -> None:
    r"""List, show, search and change tickets, and answer their customers.

    To read: list, search, show, review. To answer: reply, note, send, drop. To decide: take, assign, correct, merge,
    split. For the status: open, wait, resolve, close, spam.

    \b
    Example: triaged tickets list --status OPEN --team MANUAL_REVIEW
    """


@tickets.command("list")
@click.option("--status", type=click.Choice([s.value for s in Status], case_sensitive=False), help="Only this status.")
@click.option("--team", metavar="TEAM", help="Only tickets of this team.")
@click.option("--category", metavar="CATEGORY", help="Only this category; PENDING for tickets before triage.")
@params.since("Tickets opened since: 2026-11-01, or 7d.")
@params.limit(50)
@params.as_json
@click.pass_context
def list_(
    ctx: click.Context,
    status: str | None,
    team: str | None,
    category: str | None,
    since: datetime | None,
    limit: int,
    as_json: bool,
) -> None:
    r"""List tickets, newest first.

    \b
    Example: triaged tickets list --team PAYMENTS_TEAM --since 7d --json
    """
    settings = context.settings(ctx, quiet=True)
    with context.store(settings) as store, store.read() as session:
        found = reports.list_tickets(session, TicketFilter(status, team, category, since), limit)
    output.listing(map(asdict, found), COLUMNS, as_json=as_json)
    if len(found) == limit and not as_json:
        output.note(f"only the first {limit} are shown; use --limit to see more")


@tickets.command()
@click.argument("words", nargs=-1, required=True)
@click.option(
    "--newest",
    default=SEARCHED,
    show_default=True,
    metavar="N",
    help="Number of tickets to search, newest first.",
)
@params.limit(50)
@params.as_json
@click.pass_context
def search(ctx: click.Context, words: tuple[str, ...], newest: int, limit: int, as_json: bool) -> None:
    r"""Search tickets by words in subject, text, reference or requester.

    \b
    Example: triaged tickets search debited but not credited
    """
    settings = context.settings(ctx, quiet=True)
    text = " ".join(words).strip()
    with context.store(settings) as store, store.read() as session:
        found = reports.search_tickets(session, text, limit, newest)
    output.listing(map(asdict, found), COLUMNS, as_json=as_json)
    if not found:
        output.note(f"no match among the {newest} newest tickets; use --newest to search more")


@tickets.command()
@click.argument("reference")
@click.option("--full", is_flag=True, help="Show whole emails, with quoted text.")
@params.as_json
@click.pass_context
def show(ctx: click.Context, reference: str, full: bool, as_json: bool) -> None:
    r"""Show a ticket with its emails, decisions and notifications.

    \b
    Example: triaged tickets show HD-7K3Q-M9XY
    """
    settings = context.settings(ctx, quiet=True)
    with context.store(settings) as store, store.read() as session:
        found = ticket_detail(session, references.existing(session, reference, settings.support.reference_prefix))
    if found is None:
        raise context.NotFound(f"no ticket {output.line(reference, 60)}")
    if as_json:
        output.emit(ticket_view.as_row(found))
    else:
        ticket_view.write(found, full=full)


@tickets.command()
@click.argument("named", nargs=-1, required=True, metavar="REFERENCE...")
@params.actor
@click.pass_context
def close(ctx: click.Context, named: tuple[str, ...], actor: str) -> None:
    r"""Close tickets.

    No email is sent. A later reply of the customer opens a new ticket that refers to the closed one.

    \b
    Example: triaged tickets close HD-7K3Q-M9XY
    """
    run_action(ctx, named, actor, "already closed", actions.close)


@tickets.command()
@click.argument("named", nargs=-1, required=True, metavar="REFERENCE...")
@params.actor
@click.pass_context
def resolve(ctx: click.Context, named: tuple[str, ...], actor: str) -> None:
    r"""Mark tickets as resolved; the next email of the customer opens them.

    \b
    Example: triaged tickets resolve HD-7K3Q-M9XY
    """
    run_action(ctx, named, actor, "already resolved", actions.resolve)


@tickets.command("open")
@click.argument("named", nargs=-1, required=True, metavar="REFERENCE...")
@params.actor
@click.pass_context
def open_(ctx: click.Context, named: tuple[str, ...], actor: str) -> None:
    r"""Open tickets again.

    \b
    Example: triaged tickets open HD-7K3Q-M9XY
    """
    run_action(ctx, named, actor, "already open", actions.reopen)


@tickets.command()
@click.argument("named", nargs=-1, required=True, metavar="REFERENCE...")
@params.actor
@click.pass_context
def spam(ctx: click.Context, named: tuple[str, ...], actor: str) -> None:
    r"""Mark tickets as spam.

    \b
    Example: triaged tickets spam HD-7K3Q-M9XY
    """
    run_action(ctx, named, actor, "already marked as spam", actions.spam)


@tickets.command()
@click.argument("named", nargs=-1, required=True, metavar="REFERENCE...")
@params.actor
@click.pass_context
def take(ctx: click.Context, named: tuple[str, ...], actor: str) -> None:
    r"""Record that you are answering these tickets, and let their teams see it.

    \b
    Example: triaged tickets take HD-7K3Q-M9XY
    """
    run_action(ctx, named, actor, "already taken by you", actions.take)


@tickets.command()
@click.argument("named", nargs=-1, required=True, metavar="REFERENCE...")
@params.actor
@click.pass_context
def split(ctx: click.Context, named: tuple[str, ...], actor: str) -> None:
    r"""Undo the merge of tickets, as long as no customer got an email since.

    \b
    Example: triaged tickets split HD-7K3Q-M9XY
    """
    run_action(ctx, named, actor, "not merged", actions.split)


@tickets.command()
@click.argument("reference")
@click.argument("time")
@params.actor
@click.pass_context
def wait(ctx: click.Context, reference: str, time: str, actor: str) -> None:
    r"""Mark a ticket as waiting for its customer; it opens again after TIME, such as 3d, 12h or 2w.

    \b
    Example: triaged tickets wait HD-7K3Q-M9XY 3d
    """
    try:
        duration = read_duration(time)
    except ArgumentError as error:
        raise context.BadData(str(error)) from None
    run_action(
        ctx,
        (reference,),
        actor,
        "already waiting",
        lambda s, found, who, now: actions.wait(s, found, duration, who, now),
    )


@tickets.command()
@click.argument("reference")
@click.argument("into")
@params.actor
@click.pass_context
def merge(ctx: click.Context, reference: str, into: str, actor: str) -> None:
    r"""Move everything of a ticket INTO another, and notify both teams.

    \b
    Example: triaged tickets merge HD-7K3Q-M9XY HD-2K32-FE76
    """
    prefix = context.settings(ctx, quiet=True).support.reference_prefix
    run_action(
        ctx,
        (reference,),
        actor,
        "already merged",
        lambda s, found, who, now: actions.merge(s, found, references.existing(s, into, prefix), who, now),
    )


@tickets.command()
@click.argument("reference")
@click.option("--team", required=True, metavar="TEAM", help="Name of the team.")
@params.actor
@click.pass_context
def assign(ctx: click.Context, reference: str, team: str, actor: str) -> None:
    r"""Assign a ticket to a team, and notify the team.

    The category stays the same; use `triaged tickets correct` to change it.

    \b
    Example: triaged tickets assign HD-7K3Q-M9XY --team TECH_SUPPORT
    """
    settings = context.settings(ctx, quiet=True)
    _require("team", team, [t.name for t in settings.teams])
    with context.store(settings) as store:
        done = _change(
            store,
            settings,
            reference,
            lambda session, found, now: actions.assign(session, found, team, _cli(actor), now),
        )
    _print_result(reference, done, f"assigned to {team}", f"already assigned to {team}")


@tickets.command()
@click.argument("reference")
@click.option("--category", required=True, metavar="CATEGORY", help="The right category.")
@click.option(
    "--priority", type=click.Choice(PRIORITIES, case_sensitive=False), help="The right priority.  [default: unchanged]"
)
@params.actor
@click.pass_context
def correct(ctx: click.Context, reference: str, category: str, priority: str | None, actor: str) -> None:
    r"""Correct the category and priority of a ticket.

    The ticket moves to the team of the category, unless the address that its customer wrote to has a fixed team; the
    team is notified, and triage learns from the correction.

    \b
    Example: triaged tickets correct HD-7K3Q-M9XY --category Login --priority High
    """
    settings = context.settings(ctx, quiet=True)
    _require("category", category, [c.name for c in settings.categories])
    wanted = next(c for c in settings.categories if c.name == category)
    chosen, default = Priority(priority) if priority else None, Priority(wanted.priority)
    correction = Correction(category, wanted.team, chosen, default, address_teams(settings))
    with context.store(settings) as store:
        done = _change(
            store,
            settings,
            reference,
            lambda session, found, now: actions.correct(
                session, found, correction, _cli(actor), now, retrain_after=settings.triage.retrain_after
            ),
        )
    _print_result(
        reference, done, f"category {category}, team {done.team}", f"already has category {category}; nothing to do"
    )


def _cli(name: str) -> Actor:
    return Actor(name, None, "cli")


def _change(store: Store, settings: Settings, reference: str, change: Callable[[Session, int, datetime], Any]) -> Any:  # noqa: ANN401 - what the change returns
    now = SystemClock().now()
    prefix = settings.support.reference_prefix
    try:
        return store.write(lambda session: change(session, references.existing(session, reference, prefix), now))
    except actions.ActionError as error:
        hint = "; set its category with `triaged tickets correct`" if "triage has not" in str(error) else ""
        raise context.BadData(f"{reference}: {error}{hint}") from None


def _print_result(reference: str, done: ActionResult, changed: str, unchanged: str) -> None:
    if done.decision is None:
        click.echo(f"{reference}: {unchanged}")
        return
    note = "the team is notified" if done.changed else "confirmed; the team was notified before"
    click.echo(f"{reference}: {changed} ({note})")


def _require(kind: str, name: str, names: list[str]) -> None:
    if name not in names:
        raise context.BadData(f"there is no {kind} {name!r} in the settings; use one of: {', '.join(names)}")


for _command in (*answer_commands.COMMANDS, review_command.review):
    tickets.add_command(_command)
