"""The command `rehearse`: show what other settings would decide; nothing is changed."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from config.settings import ConfigError, Settings, load
from daemon.cli.support import context, output, params
from daemon.vocabulary import PENDING, Triage

if TYPE_CHECKING:
    from daemon.store.store import Store
    from workers.triage.preprocess import Case

NEVER_AUDITED: Final = 1.0
COLUMNS: Final = ("reference", "category", "team", "new_category", "new_team", "new_confidence", "subject")


@dataclass(frozen=True, slots=True)
class CurrentDecision:
    """An email, its current category and team, and the text that triage reads of it."""

    reference: str
    subject: str
    category: str
    team: str
    case: "Case"
    address: str


@click.command()
@click.argument("paths", nargs=-1, metavar="[PATH...]")
@click.option("--config", "other", type=click.Path(path_type=Path), metavar="NEW.toml", help="Settings to rehearse.")
@params.since("Tickets opened since: 2026-11-01, or 30d.", default="30d")
@params.limit(10_000)
@click.option("--all", "everything", is_flag=True, help="Include unchanged tickets.")
@params.as_json
@click.pass_context
def rehearse(
    ctx: click.Context,
    paths: tuple[str, ...],
    other: Path | None,
    since: datetime,
    limit: int,
    everything: bool,
    as_json: bool,
) -> None:
    r"""Show what other settings would decide on stored tickets. Nothing is changed.

    Without --config, the current settings and model decide again. With PATH (a file, an mbox, a Maildir or a directory
    of .eml files), the emails in PATH are decided by the current and by the other settings, and compared.

    \b
    Example: triaged rehearse --config new.toml --since 30d
    Example: triaged rehearse --config new.toml old-mail.mbox
    """
    settings = context.settings(ctx, quiet=True)
    try:
        new = load(other) if other else settings
    except ConfigError as error:
        raise context.Misconfigured(str(error)) from None
    decide = _decider(new, "other settings" if other else "current settings")
    moves: Counter[tuple[str, str]] = Counter()
    rows = _rows(_current_decisions(settings, paths, since, limit), decide, moves, everything=everything)
    output.listing(rows, COLUMNS, as_json=as_json)
    _summary(moves)


def _rows(
    current: Iterator[CurrentDecision],
    decide: "Callable[[Case, str], Triage]",
    moves: Counter[tuple[str, str]],
    *,
    everything: bool,
) -> Iterator[dict[str, Any]]:
    for email in current:
        new = decide(email.case, email.address)
        moves[email.team, new.team] += 1
        if everything or (email.category, email.team) != (new.category, new.team):
            yield {
                "reference": email.reference,
                "subject": email.subject,
                "category": email.category,
                "team": email.team,
                "new_category": new.category,
                "new_team": new.team,
                "new_confidence": new.confidence,
                "reasons": list(new.reasons),
            }


def _decider(settings: Settings, label: str) -> "Callable[[Case, str], Triage]":
    from daemon.cli.support.dry_run import usable_model
    from workers.learning import semantic
    from workers.policies import triage_policy
    from workers.triage.decide import decide

    with output.busy("loading the model"):
        policy, (model, note) = triage_policy(settings), usable_model(settings)
    output.note(f"{label}: {note}")
    encoder = semantic.shared(enabled=settings.triage.semantic)
    return lambda case, to: decide(case, policy, model, {}, NEVER_AUDITED, to, encoder)


def _current_decisions(
    settings: Settings, paths: tuple[str, ...], since: datetime, limit: int
) -> Iterator[CurrentDecision]:
    if paths:
        yield from _from_files(settings, paths)
        return
    with context.store(settings) as store:
        yield from _stored(store, since, limit)


def _stored(store: "Store", since: datetime, limit: int) -> Iterator[CurrentDecision]:
    """Yield stored tickets, the newest first, with one short read each."""
    from daemon.store import boilerplate, decisions
    from daemon.store.queries import tickets
    from daemon.store.queries.tickets import TicketFilter
    from workers.triage import preprocess as text

    with store.read() as session:
        lines = tickets.list_tickets(session, TicketFilter(since=since), limit)
        learned = boilerplate.learned(session)
    with output.progress("tickets", len(lines)) as bar:
        for line in lines:
            with store.read() as session:
                ticket_id = tickets.ticket_id_of(session, line.reference)
                read = decisions.text_of(session, ticket_id) if ticket_id else None
            bar.update(1)
            if read is not None and line.category != PENDING:
                case = text.clean(read.subject, read.text, learned)
                team = line.assigned_team or ""
                yield CurrentDecision(line.reference, line.subject, line.category, team, case, read.address)


def _from_files(settings: Settings, paths: tuple[str, ...]) -> Iterator[CurrentDecision]:
    from daemon.cli.support.archives import read_emails
    from daemon.mail import own_address
    from daemon.mail.mime.parse import parse
    from workers.triage import preprocess as text

    decide = _decider(settings, "current settings")
    try:
        for name, raw in read_emails(paths):
            message = parse(raw)
            case = text.clean(message.subject, message.text)
            to = own_address.first_own(own_address.named(message, ()), settings.support.own)
            now = decide(case, to)
            yield CurrentDecision(name, message.subject, now.category, now.team, case, to)
    except OSError as error:
        raise context.NotFound(f"{error.filename}: {error.strerror}") from None


def _summary(moves: Counter[tuple[str, str]]) -> None:
    total, moved = moves.total(), sum(count for (old, new), count in moves.items() if old != new)
    output.note(f"{total} decided, {moved} would go to another team")
    for (old, new), count in moves.most_common():
        if old != new:
            output.note(f"{count} from {old or 'no team'} to {new}")
