"""The command `web`: serve HTTP in a process of its own, beside daemons and workers."""

import asyncio
import signal
from collections.abc import Callable
from dataclasses import dataclass

import click
import structlog

from config.settings import Settings
from daemon.cli.support import context, startup
from daemon.cli.support.web_tools import HttpTools
from daemon.cli.support.worker_thread import reload
from daemon.policies import identity, reloaded_identity, reloaded_settings
from daemon.system import systemd
from daemon.system.binding import ListenError
from daemon.system.disk import FreeSpace
from daemon.system.logs import limit_loop_errors
from daemon.tickets.intake import Intake
from daemon.web.edge import WebEdge

log = structlog.get_logger(__name__)


@click.command()
@click.pass_context
def web(ctx: click.Context) -> None:
    r"""Serve HTTP only: the inbox, the API with its documentation, and the metrics.

    Needs PostgreSQL, as SQLite has room for one daemon; where it runs, set http.enabled = false for the daemons.

    \b
    Example: triaged --config /etc/triaged/triaged.toml web
    """
    settings = context.settings(ctx)
    startup.preflight(settings, accepts_email=False)
    runtime = context.runtime(settings, migrate=False, alone=True, works=False)
    intake = Intake(runtime.store, identity(settings, runtime.keyring.value), runtime.relay.wake, runtime.keyring)
    space = FreeSpace(settings.service.state_dir, settings.limits.free_bytes)
    tools = HttpTools(settings, runtime.store)
    try:
        edge = WebEdge(
            settings, runtime.store, intake, runtime.keyring, runtime.clock, runtime.relay.wake, space, tools
        )
        runtime.relay.start()
        asyncio.run(_serve(edge, lambda: reload(ctx, None, _Reload(settings, intake, edge))))
    except ListenError as error:
        raise context.failure(error.cause, str(error)) from None
    finally:
        runtime.close()
        log.info("stopped")


@dataclass(frozen=True, slots=True)
class _Reload:
    """Applies changed settings to what serves HTTP."""

    settings: Settings
    intake: Intake
    edge: WebEdge

    def reload(self, settings: Settings) -> None:
        """Apply new teams, categories and rules."""
        self.intake.identity = reloaded_identity(self.intake.identity, settings)
        self.edge.reload(reloaded_settings(self.settings, settings))


async def _serve(edge: WebEdge, on_reload: Callable[[], None]) -> None:
    """Serve until SIGTERM or SIGINT, and then finish the requests in progress; SIGHUP calls `on_reload`."""
    stop = asyncio.Event()
    limit_loop_errors(asyncio.get_running_loop())
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, on_reload)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    edge.start()
    await asyncio.to_thread(startup.announce_http, edge)
    systemd.notify("READY=1")
    await stop.wait()
    systemd.notify("STOPPING=1")
    log.info("stopping")
    await edge.stop()
