"""The command `tokens`: create, list and revoke API tokens."""

from dataclasses import asdict
from typing import Any, Final

import click

from daemon.cli.support import context, output, params
from daemon.store import api_tokens
from daemon.system.clock import SystemClock
from daemon.tickets import access
from daemon.tickets.access import Scope

COLUMNS: Final = ("name", "scopes", "created_at", "created_by", "last_used_at", "revoked_at")
LONGEST_NAME: Final = 64


class Scopes(click.ParamType[tuple[Scope, ...]]):
    """Scopes, separated by commas."""

    name = "scopes"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[Scope, ...]:  # noqa: ANN401 - the signature is the library's
        """Return the scopes, each once."""
        if isinstance(value, tuple):
            return value
        try:
            return tuple(dict.fromkeys(Scope(word.strip()) for word in str(value).split(",")))
        except ValueError:
            self.fail(f"{value!r} is not a list of scopes; known are {', '.join(Scope)}", param, ctx)


@click.group()
def tokens() -> None:
    r"""Create, list and revoke the tokens by which programs use the HTTP API.

    \b
    Example: triaged tokens list
    """


@tokens.command()
@click.argument("name")
@click.option(
    "--scope", "scopes", type=Scopes(), required=True, metavar="SCOPE,...", help=f"One or more of: {', '.join(Scope)}."
)
@params.actor
@click.pass_context
def create(ctx: click.Context, name: str, scopes: tuple[Scope, ...], actor: str) -> None:
    r"""Create a token and print it. It is shown this once: only its hash is stored.

    NAME is recorded with everything that is done with the token.

    \b
    Example: triaged tokens create shop --scope tickets:read,tickets:write
    """
    settings = context.settings(ctx, quiet=True)
    if not name.isprintable() or not 0 < len(name.strip()) <= LONGEST_NAME:
        raise context.BadData(f"a name has 1 to {LONGEST_NAME} printable characters")
    with context.store(settings) as store:
        try:
            text = store.write(lambda s: access.create(s, name.strip(), scopes, actor, SystemClock().now()))
        except ValueError as error:
            raise context.BadData(str(error)) from None
    click.echo(text)
    output.note("keep it now: it cannot be shown again")


@tokens.command("list")
@params.as_json
@click.pass_context
def list_(ctx: click.Context, as_json: bool) -> None:
    r"""List all tokens, also revoked ones, with their last use (exact to a minute).

    \b
    Example: triaged tokens list --json
    """
    settings = context.settings(ctx, quiet=True)
    with context.store(settings) as store, store.read() as session:
        found = api_tokens.lines(session)
    output.listing(map(asdict, found), COLUMNS, as_json=as_json)


@tokens.command()
@click.argument("name")
@params.actor
@click.pass_context
def revoke(ctx: click.Context, name: str, actor: str) -> None:
    r"""Revoke a token. Running processes refuse it within a second.

    \b
    Example: triaged tokens revoke shop
    """
    settings = context.settings(ctx, quiet=True)
    with context.store(settings) as store:
        try:
            done = store.write(lambda session: access.revoke(session, name, actor, SystemClock().now()))
        except LookupError as error:
            raise context.NotFound(str(error)) from None
    click.echo(f"{name}: {'revoked' if done else 'was revoked before'}")
