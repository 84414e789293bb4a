"""The command `stats`: counts of emails, tickets, jobs and deliveries, and the quality of triage."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import click

from config.settings import Settings
from daemon.cli.support import context, output, params
from daemon.store import boilerplate, delivery_counts
from daemon.store.queries import lists
from daemon.store.store import Store
from daemon.system.clock import SystemClock
from daemon.text import length_of_time
from daemon.vocabulary import SCREENED_OUT, MailKind

SECTIONS: Final = (
    ("emails", "emails by disposition"),
    ("tickets", "tickets by status"),
    ("teams", "tickets by team"),
    ("categories", "tickets by category"),
    ("boilerplate", "blocks of text by state"),
    ("jobs", "jobs by state"),
    ("deliveries", "outgoing emails by state"),
    ("not_acknowledged", "acknowledgements not sent on the last day, by reason"),
)
DAY: Final = timedelta(days=1)


@click.group(invoke_without_command=True)
@params.as_json
@click.pass_context
def stats(ctx: click.Context, as_json: bool) -> None:
    r"""Count emails, tickets, jobs and deliveries, and show waiting jobs.

    \b
    Example: triaged stats
    Example: triaged stats triage --since 30d
    """
    if ctx.invoked_subcommand is not None:
        return
    settings = context.settings(ctx, quiet=True)
    with context.store(settings) as store:
        found = _numbers(store)
    if as_json:
        output.emit(found)
        return
    for key, title in SECTIONS:
        if found[key]:
            output.facts(title, found[key])
    screened_out = sum(found["emails"].get(state, 0) for state in SCREENED_OUT)
    if screened_out:
        click.echo(f"{output.number(screened_out, 'email')} were screened out; list them with `triaged mail list`")
    _show_waiting(found["oldest_due"], found["due_later"])
    if found["mailboxes"]:
        output.heading("mailboxes")
        output.listing(
            found["mailboxes"], ("account", "folder", "last_uid", "polled_at", "last_mail_at", "error"), as_json=False
        )


@stats.command()
@params.since("Decisions since: 2026-11-01, or 30d.", default="90d")
@params.as_json
@click.pass_context
def triage(ctx: click.Context, since: datetime, as_json: bool) -> None:
    r"""Show the quality of triage.

    Shows the decisions that people overrode, the share of tickets sent to review, and the status of the model.

    \b
    Example: triaged stats triage --since 30d
    """
    settings = context.settings(ctx, quiet=True)
    with context.store(settings) as store:
        found = _triage(settings, store, since)
    if as_json:
        output.emit(found)
        return
    output.facts(
        f"triage since {since:%Y-%m-%d}",
        {k.replace("_", " "): v for k, v in found.items() if not isinstance(v, (list, dict))},
    )
    output.facts("first decision by", found["by"])
    output.facts("minimum confidence for automatic routing, by category", found["certified"])
    columns = ("kind", "name", "routed", "checked", "overridden", "share")
    output.listing(found["overrides"], columns, as_json=False)


def _show_waiting(oldest: dict[str, Any] | None, later: dict[str, Any] | None) -> None:
    if oldest:
        click.echo(f"oldest waiting job: {oldest['job']}, due for {oldest['seconds']:.0f} s")
    if later:
        reason = f": {later['reason']}" if later["reason"] else ""
        when = f"{output.moment(later['due_at'])}, in {length_of_time(later['seconds'])}"
        click.echo(
            f"{output.number(later['number'], 'job')} due later; the next is {later['job']}, due at {when}"
            f"{output.line(reason)}"
        )
    if not oldest and not later:
        click.echo("no job is waiting")


def _numbers(store: Store) -> dict[str, Any]:
    now = SystemClock().now()
    with store.read() as session:
        waiting, later = lists.oldest_due(session, now), lists.later_jobs(session, now)
        found: dict[str, Any] = {
            **lists.counts(session),
            "boilerplate": boilerplate.counts(session),
            "not_acknowledged": delivery_counts.held_back_reasons(session, MailKind.ACKNOWLEDGEMENT, now - DAY),
            "mailboxes": lists.mailboxes(session),
        }
    oldest = (
        {"job": waiting[1], "since": waiting[0], "seconds": (now - waiting[0]).total_seconds()} if waiting else None
    )
    postponed = asdict(later) | {"seconds": (later.due_at - now).total_seconds()} if later else None
    return {**found, "oldest_due": oldest, "due_later": postponed}


def _triage(settings: Settings, store: Store, since: datetime) -> dict[str, Any]:
    from daemon.cli.support.model_status import model_status
    from daemon.store.queries.triage_stats import score

    with store.read() as session:
        found = score(session, since, settings.triage.review_team)
    rows = [asdict(o) | {"share": o.overridden / o.checked if o.checked else None} for o in found.overrides]
    return {
        "decided": found.decided,
        "review_share": found.reviewed / found.decided if found.decided else None,
        "coverage": found.coverage,
        "audits": found.audits,
        **model_status(settings, store, datetime.now(UTC)),
        "by": found.by,
        "overrides": rows,
    }
