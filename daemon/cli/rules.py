"""The command `rules`: test the rules on tickets."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from config.settings import Settings
from daemon.cli.support import context, output, params

if TYPE_CHECKING:
    from workers.learning.examples import Example


@click.group()
def rules() -> None:
    r"""Test the rules on tickets.

    \b
    Example: triaged rules test
    """


@rules.command()
@click.argument("file", type=click.Path(path_type=Path), metavar="[FILE.csv]", required=False)
@params.as_json
@click.pass_context
def test(ctx: click.Context, file: Path | None, as_json: bool) -> None:
    r"""Show the hits and the precision of each rule.

    The tickets are those in FILE.csv, with the columns subject, body and category, or the stored tickets that people
    verified.

    \b
    Example: triaged rules test our-tickets.csv
    """
    from workers.learning.rule_precision import measure
    from workers.policies import triage_policy

    settings = context.settings(ctx, quiet=True)
    examples = _from_file(file) if file else _verified(settings)
    if not examples:
        output.note("no verified tickets yet; give a FILE.csv with the columns subject, body and category")
    rows: list[dict[str, Any]] = []
    with output.progress("rules", len(settings.rules)) as bar:
        for rule in triage_policy(settings).rules:
            (tally,) = measure((rule,), examples)
            rows.append({**asdict(tally), "precision": tally.precision, "category": rule.category})
            bar.update(1)
    output.listing(rows, ("rule", "category", "hits", "right", "precision", "wrong"), as_json=as_json)


def _from_file(file: Path) -> "Sequence[Example]":
    from workers.learning.examples import ExampleError, read_file

    try:
        return read_file(file)
    except ExampleError as error:
        raise (context.BadData if error.line else context.NotFound)(str(error)) from None


def _verified(settings: Settings) -> "Sequence[Example]":
    from daemon.system.clock import SystemClock
    from workers.app import registry
    from workers.learning.trainer import Trainer

    with context.store(settings) as store:
        names = [category.name for category in settings.categories]
        return Trainer(store, registry(settings), SystemClock(), names).verified()
