"""Try every connection, without sending anything: database, broker, outgoing mail, listener, mailboxes."""

import socket
from collections.abc import Iterator
from datetime import UTC, datetime

import redis
from sqlalchemy import make_url, text

from config.schema import Imap
from config.settings import Settings
from daemon.cli.support import context
from daemon.cli.support.checks.finding import Finding, fail, ok, warn
from daemon.imap.backfill import probe
from daemon.imap.folder import describe
from daemon.store.store import Store
from workers.app import transport
from workers.transports.base import AuthenticationFailure, TransportFailure

SECONDS = 5.0


def findings(settings: Settings) -> Iterator[Finding]:
    """Yield what was found."""
    yield _database(settings)
    yield from _broker(settings)
    yield _outgoing(settings)
    if settings.smtp.enabled:
        yield _listener(settings)
    for mailbox in settings.imap:
        yield _mailbox(mailbox)
    if not settings.smtp.enabled and not settings.imap:
        yield fail("mail", "there is no way in", "set smtp.enabled = true, or add [[imap]]")


def _database(settings: Settings) -> Finding:
    where = context.where(settings.database_url)
    try:
        with context.store(settings) as store:
            return ok("database", f"{where}, {_engine(store)}")
    except context.Unavailable as error:
        return fail("database", error.message, "start it, or set database.url", temporary=True)
    except context.Misconfigured as error:
        if "there is no database" in error.message:
            return warn("database", f"{where} is not there yet", "`triaged run` makes it, or `triaged db upgrade`")
        return fail("database", error.message, "triaged db upgrade, or set database.url")


def _engine(store: Store) -> str:
    with store.read() as session:
        if store.engine.dialect.name == "sqlite":
            journal = session.execute(text("PRAGMA journal_mode")).scalar_one()
            synchronous = session.execute(text("PRAGMA synchronous")).scalar_one()
            return f"journal {journal}, synchronous {'FULL' if synchronous == 2 else synchronous}"  # noqa: PLR2004 - 2 is FULL
        return f"PostgreSQL {session.execute(text('SHOW server_version')).scalar_one()}"


def _broker(settings: Settings) -> Iterator[Finding]:
    url = settings.broker.url.get_secret_value()
    if not url:
        yield ok("broker", "in this process; jobs are kept in the database")
        return
    try:
        client = redis.Redis.from_url(url, socket_connect_timeout=SECONDS, socket_timeout=SECONDS)
    except ValueError as error:
        yield fail("broker", f"broker.url cannot be used: {error}", "write it like redis://127.0.0.1:6379/0")
        return
    host = f"Redis at {make_url(url).host}"
    try:
        client.ping()
        yield ok("broker", f"{host} answers")
        yield from _redis(client, host)
    except redis.AuthenticationError as error:
        yield fail("broker", f"{host}: {error}", "set the password in broker.url")
    except redis.RedisError as error:
        yield fail("broker", f"{host}: {error}", "start it; until then jobs wait in the database", temporary=True)
    finally:
        client.close()


def _redis(client: "redis.Redis", host: str) -> Iterator[Finding]:
    try:
        policy = client.config_get("maxmemory-policy").get("maxmemory-policy")
        kept = client.config_get("appendonly").get("appendonly") == "yes"
        saved = client.config_get("save").get("save")
    except redis.ResponseError:
        yield warn("broker", f"{host} does not show its settings", "see that maxmemory-policy is noeviction")
        return
    if policy != "noeviction":
        yield warn("broker", f"{host} may throw jobs away: maxmemory-policy is {policy}", "set it to noeviction")
    if not kept:
        how = "snapshots only" if saved else "nothing is kept over a restart"
        advice = "appendonly yes spares the relay work after a restart; nothing is lost without"
        yield warn("broker", f"{host}: {how}", advice)


def _outgoing(settings: Settings) -> Finding:
    out, way = settings.outgoing, transport(settings)
    try:
        way.probe()
    except AuthenticationFailure as error:
        return fail("outgoing", f"{out.host}:{out.port} refuses us: {error}", "set outgoing.username and password")
    except TransportFailure as error:
        return fail("outgoing", str(error), "see outgoing.host, port, security", temporary=True)
    finally:
        way.close()
    if out.transport == "maildir":
        advice = 'set outgoing.transport = "smtp", and host, to send it'
        return warn("outgoing", f"mail is kept in the Maildir {out.maildir}, nothing leaves this machine", advice)
    who = f" as {out.username}" if out.username else ""
    return ok("outgoing", f"{out.host}:{out.port}, {out.security}{who}")


def _listener(settings: Settings) -> Finding:
    host, _, port = settings.smtp.listen.rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=SECONDS) as line:
            line.settimeout(SECONDS)
            greeting = line.recv(200).decode("ascii", "replace").strip()
    except OSError:
        return ok("listener", f"{settings.smtp.listen}, nothing listens there now")
    return ok("listener", f"{settings.smtp.listen} answers: {greeting}")


def _mailbox(mailbox: Imap) -> Finding:
    began = datetime.now(UTC)
    try:
        said = probe(mailbox)
    except Exception as error:  # noqa: BLE001 - whatever a server does is a finding about this mailbox
        what = f"{mailbox.name} at {mailbox.host}:{mailbox.port}: {describe(error)}"
        return fail(f"mailbox {mailbox.name}", what, "see host, port, security, username, password", temporary=True)
    return ok(f"mailbox {mailbox.name}", f"{said}; {(datetime.now(UTC) - began).total_seconds():.1f} s")
