"""Test every connection without sending an email: database, broker, outgoing email, listener, mailboxes."""

import socket
from collections.abc import Iterator
from datetime import UTC, datetime

import redis

from config.schema import Imap, Outgoing, OutgoingServer
from config.settings import ConfigError, Settings
from daemon.broker import check_credentials, make_client
from daemon.cli.support import context, startup
from daemon.cli.support.checks import database, rights
from daemon.cli.support.checks.finding import Finding, State, fail, ok, warn
from daemon.cli.support.listener_client import address
from daemon.imap.backfill import probe
from daemon.imap.folder import describe
from daemon.imap.session import FolderError
from daemon.system import binding
from daemon.system.binding import ListenError
from workers.app import smtp_transport
from workers.transports.base import AuthenticationFailure, TransportFailure
from workers.transports.maildir import MaildirTransport

SECONDS = 5.0


def findings(settings: Settings) -> Iterator[Finding]:
    """Yield a finding per connection."""
    yield database.finding(settings)
    yield from _broker(settings)
    yield from _outgoing(settings)
    if settings.smtp.enabled:
        yield _listener(settings)
    for mailbox in settings.imap:
        yield _mailbox(mailbox)
    try:
        startup.check_sources(settings)
    except ConfigError as error:
        yield fail("email", str(error), "a machine that only runs `triaged worker` may ignore this")


def lost_broker(settings: Settings) -> Iterator[Finding]:
    """Yield a failure where Redis cannot be reached: all email waits in the database then."""
    yield from (finding for finding in _broker(settings) if finding.state is State.FAIL)


def _broker(settings: Settings) -> Iterator[Finding]:
    url = settings.broker.url.get_secret_value()
    if not url:
        yield ok("broker", "inside the process; jobs are stored in the database")
        return
    try:
        client = make_client(url, SECONDS)
        check_credentials(url)
    except ConfigError as error:
        yield fail("broker", str(error), "write it like redis://user:password@127.0.0.1:6379/0")
        return
    options = client.connection_pool.connection_kwargs
    host = f"Redis at {options.get('host') or options.get('path')}"
    try:
        client.ping()
        yield ok("broker", f"{host} answers")
        yield from _redis(client, host)
    except redis.RedisError as error:
        yield fail("broker", f"{host}: {error}", "start Redis; until then jobs wait in the database", temporary=True)
    finally:
        client.close()


def _redis(client: "redis.Redis", host: str) -> Iterator[Finding]:
    try:
        policy = client.config_get("maxmemory-policy").get("maxmemory-policy")
        appends = client.config_get("appendonly").get("appendonly") == "yes"
        snapshots = client.config_get("save").get("save")
    except redis.ResponseError:
        yield warn("broker", f"{host} does not show its settings", "make sure that its maxmemory-policy is noeviction")
        return
    if policy != "noeviction":
        yield warn(
            "broker", f"{host} may drop jobs: its maxmemory-policy is {policy}", "set maxmemory-policy to noeviction"
        )
    if not appends:
        how = "it keeps only snapshots" if snapshots else "it keeps nothing over a restart"
        advice = (
            "optional: set appendonly to yes, so that a restart of Redis causes less work; no job is lost either way"
        )
        yield warn("broker", f"{host}: {how}", advice)


def outgoing(settings: Settings) -> Iterator[Finding]:
    """Yield a finding per mail server; with a Maildir there is nothing to reach."""
    out = settings.outgoing
    if out.transport == "maildir":
        return
    yield _server(settings, out)
    for server in out.servers:
        yield _server(settings, server, server.name)


def _outgoing(settings: Settings) -> Iterator[Finding]:
    if settings.outgoing.transport == "maildir":
        yield _maildir(settings)
    yield from outgoing(settings)


def _maildir(settings: Settings) -> Finding:
    sender = MaildirTransport(settings.maildir)
    try:
        startup.check_directory("outgoing.maildir", settings.maildir)
        sender.probe()
    except context.Misconfigured as error:
        return fail(
            "outgoing", error.message, f"{rights.advice(settings.maildir, error.cause)}, or set outgoing.maildir"
        )
    except (TransportFailure, context.Unavailable) as error:
        return fail("outgoing", str(error), "check outgoing.maildir", temporary=True)
    advice = 'to send emails, set outgoing.transport = "smtp" and outgoing.host'
    return warn("outgoing", f"emails are written to the Maildir {settings.maildir} and not sent", advice)


def _server(settings: Settings, server: Outgoing | OutgoingServer, name: str = "") -> Finding:
    """Connect to a mail server and log in; nothing is sent. `name` is "" for the main one."""
    what = f"outgoing {name}" if name else "outgoing"
    setting = f"outgoing.servers.{name}" if name else "outgoing"
    where, sender = f"{server.host}:{server.port}", smtp_transport(settings, server)
    try:
        sender.probe()
    except AuthenticationFailure as error:
        advice = f"correct {setting}.username and {setting}.password"
        return fail(what, f"{where} rejects the login: {error}", advice)
    except TransportFailure as error:
        names = f"{setting}.host, {setting}.port and {setting}.security"
        return fail(what, str(error), f"check {names}", temporary=True)
    finally:
        sender.close()
    if name and all(entry.server != name for entry in settings.support.addresses):
        return warn(what, f"{where} answers, but no address uses it", f'set server = "{name}" in [[support.addresses]]')
    who = f" as {server.username}" if server.username else ""
    return ok(what, f"{where}, {server.security}{who}")


def _listener(settings: Settings) -> Finding:
    try:
        binding.check("smtp.listen", settings.smtp.listen)
    except ListenError as error:
        return fail("listener", str(error), "set smtp.listen to an address of this machine, such as 127.0.0.1:2525")
    where = address(settings)
    host, _, port = where.rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=SECONDS) as connection:
            connection.settimeout(SECONDS)
            greeting = connection.recv(200).decode("ascii", "replace").strip()
    except OSError:
        return ok("listener", f"{where} does not answer: the daemon is not running")
    return ok("listener", f"{where} answers: {greeting}")


def _mailbox(mailbox: Imap) -> Finding:
    started = datetime.now(UTC)
    try:
        result = probe(mailbox)
    except Exception as error:  # noqa: BLE001 - any error is a finding about this mailbox
        is_folder = isinstance(error, FolderError)
        what = f"{mailbox.name} at {mailbox.host}:{mailbox.port}: {describe(error)}"
        return fail(
            f"mailbox {mailbox.name}",
            what,
            "correct its folders in [[imap]], or bring the folder back"
            if is_folder
            else "check its host, port, security, username and password in [[imap]]",
            temporary=True,
        )
    return ok(f"mailbox {mailbox.name}", f"{result}; {(datetime.now(UTC) - started).total_seconds():.1f} s")
