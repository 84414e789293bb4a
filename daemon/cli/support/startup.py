"""Refuse a wrong configuration before a process starts; `check` runs the same checks one by one."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from config.settings import ConfigError, Settings
from daemon import broker
from daemon.cli.support import context
from daemon.policies import tls
from daemon.runtime import is_embedded
from daemon.service import Service
from daemon.system import binding, lock, systemd
from daemon.system.binding import ListenError
from daemon.system.directory import probe
from daemon.system.os_errors import reason
from daemon.tickets.sign_in import LINK_MINUTES

if TYPE_CHECKING:
    from daemon.web.edge import WebEdge

MODELS: Final = "models"


def preflight(settings: Settings, *, accepts_email: bool = True) -> None:
    """Raise Misconfigured, or Unavailable for a cause that may pass, before anything is started or created.

    Settings that a process does not use are checked too, so that each command refuses the same configuration.
    """
    # Imported here: it imports the template engine, which other commands do without.
    from workers import preflight

    with context.starting(settings):
        if accepts_email:
            check_sources(settings)
        check_listener(settings)
        check_directories(settings)
        preflight.check(settings)
        broker.check_credentials(settings.broker.url.get_secret_value())


def announce_http(edge: "WebEdge") -> None:
    """Print where the pages are, and a link that signs in once as an admin, unless that would keep it in a log."""
    if systemd.logs_to_journal():
        # Whoever may read the journal, or what it is forwarded to, is no admin.
        how = "let it send a link to the address of service.admin"
    else:
        how = f"open within {LINK_MINUTES} minutes:  {edge.operator_link()}"
    click.echo(f"triaged serves HTTP at {edge.url}\n  to see your tickets, {how}", err=True)


def check_sources(settings: Settings) -> None:
    """Raise ConfigError if no email can come in."""
    if not settings.smtp.enabled and not settings.imap:
        raise ConfigError("no email can come in: set smtp.enabled = true, or add [[imap]]")


def check_listener(settings: Settings) -> None:
    """Raise ConfigError for a wrong certificate or one address used twice, ListenError for a wrong address."""
    check_addresses(settings)
    if settings.http.enabled and not systemd.has_sockets(http=True):
        binding.check("http.listen", settings.http.listen)
    if not settings.smtp.enabled:
        return
    tls(settings)
    if not systemd.has_sockets():
        binding.check("smtp.listen", settings.smtp.listen)


def check_addresses(settings: Settings) -> None:
    """Raise ConfigError if email and HTTP cannot both listen; without http.listen, HTTP takes the next free port."""
    http, smtp = settings.http, settings.smtp
    inherited = systemd.has_sockets() or systemd.has_sockets(http=True)
    if inherited or not (http.enabled and smtp.enabled and "listen" in http.model_fields_set):
        return
    if binding.overlap(http.listen, smtp.listen):
        raise ConfigError(f"http.listen: {http.listen} is taken by smtp.listen; give each another port")


def check_directories(settings: Settings) -> None:
    """Raise Misconfigured or Unavailable for a directory that cannot be written."""
    check_state(settings)
    if settings.outgoing.transport == "maildir":
        check_directory("outgoing.maildir", settings.maildir)


def check_state(settings: Settings) -> None:
    """Raise Misconfigured or Unavailable if what triaged keeps in the state directory cannot be written."""
    path = settings.service.state_dir
    for directory in (path, path / MODELS):
        check_directory("service.state_dir", directory)
    if not is_embedded(settings):
        return
    try:
        lock.probe(path)
    except OSError as error:
        message = f"service.state_dir: {error.filename} cannot be written: {reason(error)}"
        raise context.failure(error, message) from None


def check_directory(setting: str, path: Path) -> None:
    """Raise Misconfigured or Unavailable if a directory cannot be written or created."""
    try:
        probe(path)
    except OSError as error:
        raise context.failure(error, f"{setting}: {path} cannot be written: {reason(error)}") from None


def serve(service: Service, ready: Callable[[], None], reload: Callable[[], None]) -> None:
    """Run the service until it is stopped; raises Misconfigured or Unavailable if it cannot listen."""
    try:
        asyncio.run(service.run(ready, reload))
    except ListenError as error:
        raise context.failure(error.cause, str(error)) from None
