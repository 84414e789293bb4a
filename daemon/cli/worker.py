"""The command `worker`: process stored emails."""

import signal
import threading

import click
import structlog

from daemon.cli.support import context, startup
from daemon.cli.support.worker_thread import WorkerThread, reload
from daemon.system.tuning import collect_less_often, give_memory_back

log = structlog.get_logger(__name__)


@click.command()
@click.pass_context
def worker(ctx: click.Context) -> None:
    r"""Process stored emails: triage, notify, deliver.

    Several workers may run, on any host that reaches the database.

    \b
    Example: triaged --config /etc/triaged/triaged.toml worker
    """
    settings = context.settings(ctx)
    startup.preflight(settings, accepts_email=False)
    give_memory_back()
    runtime = context.runtime(settings, migrate=False, alone=False)
    workers = WorkerThread(settings, runtime)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    signal.signal(signal.SIGHUP, lambda *_: reload(ctx, workers))
    workers.start()
    collect_less_often()
    runtime.relay.start()
    log.info("worker started", threads=settings.broker.threads)
    stop.wait()
    log.info("stopping")
    workers.close()
    runtime.close()
    log.info("stopped")
