"""The command `run`: listener, mailboxes, relay and workers in one process."""

import click
import structlog

from config.settings import Settings
from daemon.cli.support import context, startup
from daemon.cli.support.web_tools import HttpTools
from daemon.cli.support.worker_thread import WorkerThread, reload
from daemon.service import Service

log = structlog.get_logger(__name__)


@click.command()
@click.pass_context
def run(ctx: click.Context) -> None:
    r"""Run everything in one process: listener, mailboxes, relay and workers.

    \b
    Example: triaged run
    """
    settings = context.settings(ctx)
    startup.preflight(settings)
    runtime = context.runtime(settings, migrate=True, alone=True)
    tools = HttpTools(settings, runtime.store)
    service = Service(settings, runtime.store, runtime.relay, runtime.keyring, runtime.clock, tools)
    workers = WorkerThread(settings, runtime)
    try:
        startup.serve(service, lambda: _ready(settings, service, workers), lambda: reload(ctx, workers, service))
    finally:
        workers.close()
        runtime.close()
        log.info("stopped")


def _ready(settings: Settings, service: Service, workers: WorkerThread) -> None:
    workers.start()
    service.relay.start()
    if service.http is not None:
        startup.announce_http(service.http)
    if service.address is None:
        return
    out, name = settings.outgoing, context.typed_name()
    where = f"is written to {settings.maildir}/new" if out.transport == "maildir" else f"goes to {out.host}:{out.port}"
    click.echo(
        f"triaged listens on {service.address.host}:{service.address.port} ({settings.smtp.protocol}) "
        f"for {', '.join(settings.support.emails)}\n"
        f"  outgoing email {where}\n"
        f"  to try it, run in another terminal:  {name} send-test\n"
        f"  then:  {name} tickets list\n"
        "  stop with Ctrl-C",
        err=True,
    )
