"""The command `daemon`: accept emails; worker processes handle them."""

import click
import structlog

from daemon.cli.support import context, startup
from daemon.cli.support.web_tools import HttpTools
from daemon.cli.support.worker_thread import reload
from daemon.service import Service

log = structlog.get_logger(__name__)


@click.command()
@click.pass_context
def daemon(ctx: click.Context) -> None:
    r"""Accept emails only: run the listener, the mailboxes and the relay.

    Start `triaged worker` as well, on this or another host, to process the emails.

    \b
    Example: triaged --config /etc/triaged/triaged.toml daemon
    """
    settings = context.settings(ctx)
    startup.preflight(settings)
    runtime = context.runtime(settings, migrate=False, alone=True, works=False)
    tools = HttpTools(settings, runtime.store)
    service = Service(settings, runtime.store, runtime.relay, runtime.keyring, runtime.clock, tools)
    runtime.relay.start()
    try:
        startup.serve(service, lambda: None, lambda: reload(ctx, None, service))
    finally:
        runtime.close()
        log.info("stopped")
