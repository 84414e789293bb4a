"""The command `train`: train a model and promote it if it is not worse."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from daemon.cli.support import context, output, params
from daemon.cli.support.promotion import record_promotion
from daemon.system.clock import SystemClock

if TYPE_CHECKING:
    from config.settings import Settings
    from daemon.store.store import Store
    from workers.learning.trainer import Trained


@click.command()
@click.option(
    "--from", "file", type=click.Path(path_type=Path), metavar="FILE.csv", help="Also train on these tickets."
)
@params.actor
@params.as_json
@click.pass_context
def train(ctx: click.Context, file: Path | None, actor: str, as_json: bool) -> None:
    r"""Train a model, and promote it if it is not worse.

    The model learns from the examples and from the tickets that people verified. It is compared with the model in use.
    FILE.csv has the columns subject, body and category (or label), and optionally priority. Later trainings do not know
    FILE.csv; to learn from it in each of them, put it into the directory that the setting triage.examples names.

    \b
    Example: triaged train
    Example: triaged train --from our-tickets.csv
    """
    settings = context.settings(ctx, quiet=True)
    with context.store(settings) as store, output.busy("training"):
        made = _train(settings, store, file)
        if made.promoted:
            record_promotion(store, made.version, actor)
    if as_json:
        output.emit(asdict(made))
        return
    click.echo(
        f"model {made.version}: {'promoted; workers use it from now on' if made.promoted else 'kept, but not promoted'}"
    )
    for reason in made.reasons:
        click.echo(f"  {output.line(reason)}")


def _train(settings: "Settings", store: "Store", file: Path | None) -> "Trained":
    # Imported here: to import scikit-learn takes long.
    from workers.app import trainer
    from workers.learning import semantic
    from workers.learning.examples import ExampleError, read_file
    from workers.learning.registry import RegistryError
    from workers.learning.training import TrainingError

    names = [category.name for category in settings.categories]
    encoder = semantic.shared(enabled=settings.triage.semantic)
    try:
        return trainer(settings, store, SystemClock(), encoder).train(read_file(file, names) if file else ())
    except ExampleError as error:
        raise (context.BadData if error.line else context.NotFound)(str(error)) from None
    except TrainingError as error:
        raise context.BadData(str(error)) from None
    except RegistryError as error:
        raise context.NotWritten(str(error)) from None
