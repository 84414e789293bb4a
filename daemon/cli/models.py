"""The command `models`: list, show, promote and roll back models."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

import click

from daemon.cli.support import context, output, params
from daemon.cli.support.promotion import record_promotion
from daemon.text import harmless_line

if TYPE_CHECKING:
    from workers.learning.registry import Registry

# A training gives one reason for each set and category.
MAX_REASONS: Final = 50
LONGEST_REASON: Final = 500
COLUMNS: Final = ("version", "current", "created", "examples", "accuracy", "macro_f1", "ece", "state")


@click.group()
def models() -> None:
    r"""List, show, promote and roll back models.

    Workers load a promoted model within seconds.

    \b
    Example: triaged models list
    """


@models.command("list")
@params.as_json
@click.pass_context
def list_(ctx: click.Context, as_json: bool) -> None:
    r"""List models, oldest first.

    Accuracy, macro-F1 and ECE were measured on held-out tickets when the model was trained.

    \b
    Example: triaged models list --json
    """
    with _registry(ctx) as registry:
        rows = [model_row(registry, version) for version in registry.versions()]
    output.listing(rows, COLUMNS, as_json=as_json)


@models.command()
@click.argument("version", required=False)
@params.as_json
@click.pass_context
def show(ctx: click.Context, version: str | None, as_json: bool) -> None:
    r"""Show details of a model, by default of the one in use.

    \b
    Example: triaged models show
    """
    with _registry(ctx) as registry:
        wanted = version or registry.current()
        if wanted is None:
            raise context.NotFound("there is no model yet; create one with `triaged train`")
        _require(registry, wanted)
        manifest = asdict(registry.show(wanted))
    if as_json:
        output.emit(manifest)
        return
    output.facts(f"model {wanted}", _spaced({k: v for k, v in manifest.items() if k not in {"figures", "notes"}}))
    figures = dict(manifest["figures"])
    held_out = dict(figures.pop("held_out", {}))
    classes = held_out.pop("classes", {})
    output.facts("figures", _spaced(figures))
    output.facts("on held-out tickets", _spaced(held_out))
    output.facts("on held-out tickets, by category", classes)
    output.heading("promotion")
    for note in manifest["notes"]:
        click.echo(f"  {output.line(note)}")


@models.command()
@click.argument("version")
@params.actor
@click.pass_context
def promote(ctx: click.Context, version: str, actor: str) -> None:
    r"""Use this model from now on.

    \b
    Example: triaged models promote 20261123-081500-1f2e3d4c
    """
    _change(ctx, actor, lambda registry: _promoted(registry, version))


@models.command()
@params.actor
@click.pass_context
def rollback(ctx: click.Context, actor: str) -> None:
    r"""Use the previous model again.

    \b
    Example: triaged models rollback
    """
    _change(ctx, actor, lambda registry: registry.rollback())


def _spaced(row: dict[str, Any]) -> dict[str, Any]:
    return {name.replace("_", " "): value for name, value in row.items()}


def _change(ctx: click.Context, actor: str, change: "Callable[[Registry], str]") -> None:
    with context.store(context.settings(ctx, quiet=True)) as store, _registry(ctx) as registry:
        version = change(registry)
        record_promotion(store, version, actor)
    click.echo(f"model {version} is in use")


def _promoted(registry: "Registry", version: str) -> str:
    _require(registry, version)
    registry.promote(version)
    return version


def _require(registry: "Registry", version: str) -> None:
    if version not in registry.versions():
        raise context.NotFound(f"no model {output.line(version, 80)}; `triaged models list` shows all")


@contextmanager
def _registry(ctx: click.Context) -> "Iterator[Registry]":
    """Give the registry; its errors become BadData, and a directory that cannot be read a Failure."""
    from daemon.system.os_errors import reason
    from workers.app import registry
    from workers.learning.registry import RegistryError

    try:
        yield registry(context.settings(ctx, quiet=True))
    except RegistryError as error:
        raise context.BadData(str(error)) from None
    except PermissionError as error:
        raise context.failure(error, f"{error.filename}: {reason(error)}") from None


def model_row(registry: "Registry", version: str) -> dict[str, Any]:
    """Return a model with its figures on held-out tickets, and why it was put in force or not.

    `state` says why it cannot be used.
    """
    from workers.learning.registry import RegistryError, refuse_foreign

    row: dict[str, Any] = {"version": version, "current": version == registry.current()}
    try:
        manifest = registry.show(version)
    except RegistryError as error:
        return {**row, "reasons": [], "state": str(error)}
    state = "ok"
    try:
        refuse_foreign(manifest)
    except RegistryError as error:
        state = str(error)
    measured = manifest.figures.get("held_out", {})
    figures = {name: measured.get(name) for name in ("accuracy", "macro_f1", "ece")}
    reasons = [harmless_line(note, LONGEST_REASON) for note in manifest.notes[:MAX_REASONS]]
    made = {"created": manifest.created, "examples": manifest.examples}
    return {**row, **made, **figures, "reasons": reasons, "state": state}
