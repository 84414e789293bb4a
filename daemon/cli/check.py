"""The command `check`: show the settings, test every connection, and say how to fix problems."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from itertools import chain
from typing import Any

import click

from config.settings import Settings, masked
from daemon.cli.support import context, output, params
from daemon.cli.support.checks.finding import Finding, State

CONFIG, TEMPORARY = 78, 75


@click.command()
@click.option(
    "--live",
    is_flag=True,
    help="Check only what runs: waiting and dead jobs, mailboxes, Redis, and each outgoing mail server.",
)
@click.option("--quiet", is_flag=True, help="Print only warnings and failures.")
@params.as_json
@click.pass_context
def check(ctx: click.Context, live: bool, quiet: bool, as_json: bool) -> None:
    r"""Show the settings, with secrets masked, and test every connection. No email is sent.

    The exit code is 78 if the configuration is wrong, 75 if a connection fails or the system is unhealthy, else 0.

    \b
    Example: triaged --config /etc/triaged/triaged.toml check
    """
    from daemon.cli.support.checks import authentication, connections, health, http, lead, local, oidc, senders

    settings = context.settings(ctx, quiet=True)
    if not (live or quiet or as_json):
        _settings(ctx, settings)
    configured = (local.findings, authentication.findings, lead.findings, senders.findings)
    all_parts = (*configured, connections.findings, http.findings, oidc.findings, health.findings)
    parts = (health.live, connections.lost_broker, connections.outgoing) if live else all_parts
    worst = 0
    for finding in chain.from_iterable(part(settings) for part in parts):
        worst = max(worst, _code(finding))
        if not quiet or finding.state is not State.OK:
            _write(finding, as_json=as_json)
    ctx.exit(worst)


def _code(finding: Finding) -> int:
    if finding.state is not State.FAIL:
        return 0
    return TEMPORARY if finding.temporary else CONFIG


def _write(finding: Finding, *, as_json: bool) -> None:
    if as_json:
        output.emit(asdict(finding))
        return
    head = f"{output.styled(finding.state)}{' ' * (6 - len(finding.state))}"
    click.echo(output.hang(head, f"{finding.what}: {output.line(finding.text)}", 9))
    if finding.advice:
        click.echo(output.hang("      -> ", output.line(finding.advice), 9))


def _settings(ctx: click.Context, settings: Settings) -> None:
    output.heading(
        f"settings in force (from {context.config_path(ctx) or 'TRIAGED_CONFIG, ./triaged.toml or the defaults'})"
    )
    plain = masked(settings)
    for key, value in _flat(plain if isinstance(plain, Mapping) else {}):
        click.echo(f"  {key} = {output.line(str(value))}")
    click.echo()


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{name}.")
        elif isinstance(value, list) and any(isinstance(item, Mapping) for item in value):
            yield from _table(name, value)
        else:
            yield name, repr(value) if isinstance(value, str) else value


def _table(name: str, items: list[Any]) -> Iterator[tuple[str, Any]]:
    """Show a rule by its name and effect, and other tables in full; an address may stand there as text."""
    for item in items:
        if isinstance(item, str):
            yield f"{name}.{item}", "(no settings of its own)"
        elif name == "rules":
            yield f"rules.{item['name']}", item["category"] or f"priority {item['priority']}"
        else:
            key = "address" if name == "support.addresses" else "name"
            yield from _flat({each: value for each, value in item.items() if each != key}, f"{name}.{item[key]}.")
