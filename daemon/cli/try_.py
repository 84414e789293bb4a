"""The command `try`: show what would happen to emails; nothing is stored or sent."""

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import click

from daemon.cli.support import context, output, params
from daemon.cli.support.archives import read_emails
from daemon.cli.support.dry_run import dry_run_tools
from daemon.cli.support.dry_run_mail import DryRunResult, EmailFile, dry_run, failed
from daemon.cli.support.process_pool import ProcessPool, run_in_child
from daemon.mail import follow_up

if TYPE_CHECKING:
    from config.settings import Settings
    from daemon.store.store import Store

SHOWN_LINES = 12


@click.command("try")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option(
    "--jobs", default=2, show_default=True, type=click.IntRange(1, 64), metavar="N", help="Number of worker processes."
)
@click.option("--full", is_flag=True, help="Show the whole text of each email.")
@params.as_json
@click.pass_context
def try_(ctx: click.Context, paths: tuple[str, ...], jobs: int, full: bool, as_json: bool) -> None:
    r"""Show what would happen to emails, and why. Nothing is stored or sent.

    PATH is a file, an mbox, a Maildir, a directory of .eml files, or - for standard input.

    \b
    Example: triaged try mail.eml
    Example: triaged try Maildir --json > results.jsonl
    """
    settings, paths = context.settings(ctx, quiet=True), _enterable(paths)
    started, tally = monotonic(), _Tally()
    with ExitStack() as stack:
        lookup = _StoreLookup(stack, settings)
        try:
            note, tools = run_in_child(dry_run_tools, context.config_path(ctx), lookup.keys, lookup.boilerplate)
        except ChildProcessError as error:
            raise context.Unavailable(f"the model cannot be loaded: {error}") from None
        pool: ProcessPool[EmailFile, DryRunResult] = ProcessPool(dry_run, failed, tools, jobs)
        stack.callback(pool.close)
        if not as_json:
            output.note(note)
        bar = stack.enter_context(output.progress("bytes", _size(paths), hidden=sys.stdout.isatty()))
        for email, found in pool.answers(_emails(paths, tally)):
            row = {**found.row, "follow_up": lookup.follow_up(found)}
            tally.add(row)
            if as_json:
                output.emit(row)
            else:
                _print(row, full=full)
            bar.update(len(email.raw))
    if not as_json:
        output.note(f"{tally.summary()}; {monotonic() - started:.1f} s")
    if tally.unreadable:
        raise context.NotFound("; ".join(tally.unreadable))


class _Tally:
    """Counts emails by sender kind, and collects the paths that could not be read."""

    def __init__(self) -> None:
        self.unreadable: list[str] = []
        self._kinds: dict[str, int] = {}

    def add(self, row: dict[str, Any]) -> None:
        kind = row["screening"]["kind"] if row["screening"] else "failed"
        self._kinds[kind] = self._kinds.get(kind, 0) + 1

    def summary(self) -> str:
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(self._kinds.items()))
        return f"{output.number(sum(self._kinds.values()), 'email')}: {kinds}" if kinds else "no emails"


class _StoreLookup:
    """Reads keys, learned boilerplate and the tickets that emails may belong to, if there is a store."""

    def __init__(self, stack: ExitStack, settings: "Settings") -> None:
        self._store: Store | None = None
        self._prefix = settings.support.reference_prefix
        self.keys: tuple[bytes, ...] = ()
        self.boilerplate: frozenset[str] = frozenset()
        try:
            self._store = stack.enter_context(context.store(settings))
        except context.Failure:
            return
        from daemon.store import boilerplate, keys

        with self._store.read() as session:
            self.keys, self.boilerplate = keys.load(session, datetime.now(UTC)), boilerplate.learned(session)

    def follow_up(self, found: DryRunResult) -> dict[str, Any] | None:
        """Return the ticket that an email would join or point to, and the evidence for it."""
        if self._store is None or not (found.keys.tokens or found.keys.message_ids or found.keys.references):
            return None
        from daemon.store import tickets

        with self._store.read() as session:
            candidates = tickets.find_candidates(session, found.keys, datetime.now(UTC))
            joined = follow_up.decide(found.keys, candidates, found.author, found.row["subject"])
            if joined is None:
                return None
            reference = tickets.reference_of(session, joined.ticket_id)
        return {"reference": reference, "joins": joined.joins, "evidence": joined.evidence}


def _enterable(paths: tuple[str, ...]) -> tuple[str, ...]:
    """Leave a directory that our user may not enter, as children die in it; return the paths for the new one."""
    if os.access(".", os.X_OK):
        return paths
    found = tuple(path if path == "-" else str(Path(path).absolute()) for path in paths)
    os.chdir("/")
    return found


def _emails(paths: Iterable[str], tally: _Tally) -> Iterator[EmailFile]:
    for path in paths:
        try:
            for name, raw in read_emails([path]):
                yield EmailFile(name, raw)
        except OSError as error:
            tally.unreadable.append(f"{path}: {error.strerror}")


def _size(paths: Iterable[str]) -> int:
    """Return the number of bytes to read; standard input, and what cannot be read, count as none."""
    return sum(map(_bytes_below, map(Path, paths)))


def _bytes_below(path: Path) -> int:
    try:
        files = path.rglob("*") if path.is_dir() else (path,)
        return sum(file.stat().st_size for file in files if file.is_file())
    except OSError:
        return 0


def _print(row: dict[str, Any], *, full: bool) -> None:
    output.heading(f"{row['file']}: {row['subject'] or '(no subject)'}")
    for name, value in _facts(row):
        click.echo(output.hang(f"  {name:<11}", output.line(value), 13))
    body = row["text"] if full else row["reply"]
    lines = output.block(body.strip("\n"), "    ").split("\n")
    click.echo("\n".join(lines if full else lines[:SHOWN_LINES]))
    if not full and len(lines) > SHOWN_LINES:
        click.echo(f"    ... {output.number(len(lines) - SHOWN_LINES, 'more line')}; --full shows all")
    click.echo()


def _facts(row: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "from", _people(row["from"])
    yield "to", _people([*row["to"], *row["cc"]])
    if row.get("error"):
        yield "FAILED", row["error"]
        return
    screening = row["screening"]
    answer = "may be acknowledged" if screening["acknowledge"] else "is not acknowledged"
    yield "screening", f"{screening['kind']}, {answer}: {'; '.join(screening['reasons'])}"
    if row["bounce"]:
        bounce = row["bounce"]
        kind = "permanent" if bounce["permanent"] else "temporary"
        yield (
            "bounce",
            f"{', '.join(bounce['recipients']) or 'no recipient named'}, {bounce['status'] or 'no status'}, {kind}",
        )
    if row["follow_up"]:
        found = row["follow_up"]
        yield "follow-up", f"{'joins' if found['joins'] else 'points to'} {found['reference']}: {found['evidence']}"
    if row["triage"]:
        yield from _triage(row["triage"])
    if row["attachments"]:
        yield (
            "files",
            "; ".join(f"{a['filename']} ({a['content_type']}, {a['size']} bytes)" for a in row["attachments"]),
        )
    if row["defects"]:
        yield "defects", ", ".join(row["defects"])


def _triage(triage: dict[str, Any]) -> Iterator[tuple[str, str]]:
    decided = f"{triage['category']} / {triage['priority']}, confidence {triage['confidence']:.2f}"
    yield "triage", f"{decided} -> {triage['team']}"
    for reason in triage["reasons"]:
        yield "", f"because {reason}"


def _people(people: list[dict[str, str | None]]) -> str:
    return ", ".join(f"{p['name'] or ''} <{p['email'] or '?'}>".strip() for p in people[:10]) or "-"
