"""The commands that run: everything in one process, the daemon alone, a worker alone; and the first test mail."""

import asyncio
import signal
import smtplib
import ssl
import threading
from collections.abc import Callable
from email.message import EmailMessage
from email.utils import make_msgid
from typing import TYPE_CHECKING, Final

import click
import structlog

from config.schema import Smtp
from config.settings import Settings, load
from daemon.cli.support import context
from daemon.runtime import Runtime
from daemon.service import Service
from daemon.system.tuning import collect_less_often, give_memory_back

if TYPE_CHECKING:
    from workers.app import WorkerApp

log = structlog.get_logger(__name__)

START_AGAIN_SECONDS: Final = 10.0


@click.command()
@click.pass_context
def run(ctx: click.Context) -> None:
    r"""Run everything in one process: listener, mailboxes, relay and workers.

    \b
    Example: triaged run
    """
    settings = context.settings(ctx)
    runtime = context.runtime(settings, migrate=True, alone=True)
    service = Service(settings, runtime.store, runtime.relay, runtime.keys, runtime.clock)
    workers = _Workers(settings, runtime)
    try:
        asyncio.run(service.run(lambda: _ready(settings, service, workers), lambda: _reload(ctx, workers)))
    finally:
        workers.close()
        runtime.close()
        log.info("stopped")


@click.command()
@click.pass_context
def daemon(ctx: click.Context) -> None:
    r"""Accept mail, without working on it: the listener, the mailboxes and the relay.

    \b
    Example: triaged --config /etc/triaged/triaged.toml daemon
    """
    settings = context.settings(ctx)
    runtime = context.runtime(settings, migrate=False, alone=True, works=False)
    service = Service(settings, runtime.store, runtime.relay, runtime.keys, runtime.clock)
    runtime.relay.start()
    try:
        asyncio.run(service.run(lambda: None, lambda: _reload(ctx, None)))
    finally:
        runtime.close()
        log.info("stopped")


@click.command()
@click.pass_context
def worker(ctx: click.Context) -> None:
    r"""Work on what is stored: triage, notify, deliver. Run as many as you like, on any host.

    \b
    Example: triaged --config /etc/triaged/triaged.toml worker
    """
    settings = context.settings(ctx)
    give_memory_back()
    runtime = context.runtime(settings, migrate=False, alone=False)
    workers = _Workers(settings, runtime)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    signal.signal(signal.SIGHUP, lambda *_: _reload(ctx, workers))
    workers.start()
    collect_less_often()
    runtime.relay.start()
    log.info("working", threads=settings.broker.threads)
    stop.wait()
    log.info("stopping")
    workers.close()
    runtime.close()
    log.info("stopped")


@click.command("send-test")
@click.option("--subject", default="Payment failed", show_default=True)
@click.option("--body", default="Amount debited but not credited", show_default=True)
@click.option("--from", "sender", default="ann@customer.example", show_default=True)
@click.pass_context
def send_test(ctx: click.Context, subject: str, body: str, sender: str) -> None:
    r"""Send a mail to the listener as a customer would.

    \b
    Example: triaged send-test --subject "Cannot log in" --body "It says my password is wrong"
    """
    settings = context.settings(ctx)
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = f"Ann Example <{sender}>", settings.support.address, subject
    mail["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2])
    mail.set_content(body)
    host, _, port = settings.smtp.listen.rpartition(":")
    kind = smtplib.LMTP if settings.smtp.protocol == "lmtp" else smtplib.SMTP
    try:
        with kind(host.strip("[]"), int(port)) as client:
            _introduce(client, settings.smtp)
            client.mail(sender)
            client.rcpt(settings.support.address)
            code, answer = client.data(mail.as_bytes())
    except (OSError, smtplib.SMTPException) as error:
        raise context.Unavailable(f"nobody took the mail at {settings.smtp.listen}: {error}") from error
    click.echo(f"{code} {answer.decode('utf-8', 'replace')}")


def _introduce(client: smtplib.SMTP, smtp: Smtp) -> None:
    """Greet our own listener as it wants to be greeted: over TLS, and as one of its users."""
    client.ehlo_or_helo_if_needed()
    if smtp.certificate is not None:
        # It has to be our certificate, whatever name it is for and whoever signed it.
        tls = ssl.create_default_context(cafile=smtp.certificate)
        tls.check_hostname = False
        tls.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        client.starttls(context=tls)
        client.ehlo_or_helo_if_needed()
    for name, password in list(smtp.users.items())[:1]:
        client.login(name, password.get_secret_value())


class _Workers:
    """The workshop of a process. It is built in a thread of its own: mail is accepted before the model is loaded."""

    def __init__(self, settings: Settings, runtime: Runtime) -> None:
        # Imported here: the listener must not wait for scikit-learn.
        from workers.preflight import check

        check(settings)
        self._settings = settings
        self._runtime = runtime
        self._built = threading.Event()
        self._closing = threading.Event()
        self._close: Callable[[], None] = lambda: None
        self._apply: Callable[[Settings], None] = lambda _: None
        self._thread = threading.Thread(target=self._build, name="workshop", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def reload(self, settings: Settings) -> None:
        self._built.wait()
        self._apply(settings)

    def close(self) -> None:
        self._closing.set()
        if self._thread.is_alive() or self._built.is_set():
            self._thread.join()
        self._close()

    def _build(self) -> None:
        workshop: WorkerApp | None = None
        while not self._closing.is_set():
            try:
                workshop = workshop or self._workshop()
                workshop.start()
                self._close, self._apply = workshop.close, workshop.reload
                break
            except Exception:
                log.exception("the workers cannot start, and will try again; mail is accepted and waits")
                self._closing.wait(START_AGAIN_SECONDS)
        self._built.set()

    def _workshop(self) -> "WorkerApp":
        from workers.app import WorkerApp

        r = self._runtime
        return WorkerApp(self._settings, r.store, r.broker, r.keys, r.clock)


def _ready(settings: Settings, service: Service, workers: _Workers) -> None:
    workers.start()
    service.relay.start()
    if service.address is None:
        return
    out = settings.outgoing
    where = f"is written to {out.maildir}/new" if out.transport == "maildir" else f"goes to {out.host}:{out.port}"
    click.echo(
        f"triaged listens on {service.address.host}:{service.address.port} ({settings.smtp.protocol}) "
        f"for {', '.join(settings.support.addresses)}\n"
        f"  mail that it sends {where}\n"
        "  try it, in another terminal:  make send-test   (or: triaged send-test)\n"
        "  then:  triaged tickets list        stop with Ctrl-C",
        err=True,
    )


def _reload(ctx: click.Context, workers: _Workers | None) -> None:
    """Put changed rules, teams and templates in force, or keep the old ones and say why."""

    def work() -> None:
        try:
            settings = load(context.config_path(ctx))
            if workers is not None:
                workers.reload(settings)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with the new, the old stays in force
            log.error("not reloaded, the old configuration stays in force", reason=str(error)[:500])  # noqa: TRY400
        else:
            log.info("reloaded")

    threading.Thread(target=work, name="reload", daemon=True).start()
