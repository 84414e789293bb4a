"""The commands on models."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

import click

from daemon.cli.support import context, output, params

if TYPE_CHECKING:
    from workers.learning.registry import Registry

COLUMNS: Final = ("version", "current", "created", "examples", "accuracy", "macro_f1", "ece", "state")


@click.group()
def models() -> None:
    r"""List, show, promote and roll back models. Workers take up another model within seconds.

    \b
    Example: triaged models list
    """


@models.command("list")
@params.as_json
@click.pass_context
def list_(ctx: click.Context, as_json: bool) -> None:
    r"""List models, the oldest first, with what held-out tickets said of them.

    \b
    Example: triaged models list --json
    """
    with _registry(ctx) as registry:
        rows = [_row(registry, version) for version in registry.versions()]
    output.listing(rows, COLUMNS, as_json=as_json)


@models.command()
@click.argument("version", required=False)
@params.as_json
@click.pass_context
def show(ctx: click.Context, version: str | None, as_json: bool) -> None:
    r"""Show what is known of a model; of the one in use, unless told otherwise.

    \b
    Example: triaged models show
    """
    with _registry(ctx) as registry:
        wanted = version or registry.current()
        if wanted is None:
            raise context.NotFound("there is no model yet; triaged train makes one")
        manifest = asdict(registry.show(wanted))
    if as_json:
        output.emit(manifest)
        return
    output.facts(f"model {wanted}", {k: v for k, v in manifest.items() if k not in {"figures", "notes"}})
    output.facts("figures", manifest["figures"])
    for note in manifest["notes"]:
        click.echo(f"  {output.line(note)}")


@models.command()
@click.argument("version")
@click.pass_context
def promote(ctx: click.Context, version: str) -> None:
    r"""Put a model in use.

    \b
    Example: triaged models promote 20261123-081500-1f2e3d4c
    """
    _change(ctx, lambda registry: _promoted(registry, version))


@models.command()
@click.pass_context
def rollback(ctx: click.Context) -> None:
    r"""Put the model back in use that was before.

    \b
    Example: triaged models rollback
    """
    _change(ctx, lambda registry: registry.rollback())


def _change(ctx: click.Context, change: "Callable[[Registry], str]") -> None:
    with _registry(ctx) as registry:
        version = change(registry)
    click.echo(f"model {version} is in use")


def _promoted(registry: "Registry", version: str) -> str:
    if version not in registry.versions():
        raise context.NotFound(f"no model {output.line(version, 80)}; triaged models list shows those that are kept")
    registry.promote(version)
    return version


@contextmanager
def _registry(ctx: click.Context) -> "Iterator[Registry]":
    """Give the registry; what it refuses is bad data."""
    from workers.app import registry
    from workers.learning.registry import RegistryError

    try:
        yield registry(context.settings(ctx, quiet=True))
    except RegistryError as error:
        raise context.BadData(str(error)) from None


def _row(registry: "Registry", version: str) -> dict[str, Any]:
    from workers.learning.registry import RegistryError

    row: dict[str, Any] = {"version": version, "current": version == registry.current()}
    try:
        manifest = registry.show(version)
    except RegistryError as error:
        return {**row, "state": str(error)}
    measured = manifest.figures.get("held_out", {})
    figures = {name: measured.get(name) for name in ("accuracy", "macro_f1", "ece")}
    return {**row, "created": manifest.created, "examples": manifest.examples, **figures, "state": "ok"}
