"""A whole triaged in this process: listener, relay, workers and a sink, on whatever store and broker it is given."""

import asyncio
import email
import email.policy
import smtplib
import tempfile
import threading
from email.message import EmailMessage
from functools import cache
from pathlib import Path
from typing import Final, Self
from unittest import mock

from sqlalchemy import select

from config.settings import Settings
from daemon.policies import identity
from daemon.runtime import Runtime
from daemon.service import Service
from daemon.store.engine import make_engine
from daemon.store.maintenance import schema
from daemon.store.models import Base
from tests.support.fakes import FakeClock, eventually
from tests.support.smtp_sink import Sink
from workers import app
from workers.app import WorkerApp

# A member of every team.
MEMBER: Final = "ana@example.com"
# How often an idle worker looks whether it has to stop: a second, as in the product, is what most tests would wait for.
IDLE_MS: Final = 50


class Helpdesk:
    """Accepts mail from `with` on; works on it once `work()` was called."""

    def __init__(self, settings: Settings, sink: Sink, clock: FakeClock) -> None:
        self.settings, self.sink, self.clock = settings, sink, clock
        file = settings.service.state_dir / "triaged.db"
        if not settings.database.url.get_secret_value() and not file.exists():
            file.write_bytes(_migrated())
        self.runtime = Runtime(settings, migrate=True, alone=True, clock=clock)
        self.store = self.runtime.store
        self._service = Service(settings, self.store, self.runtime.relay, self.runtime.keyring, clock)
        self._worker_app: WorkerApp | None = None
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._listening = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="helpdesk", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._listening.wait(30)
        return self

    def __exit__(self, *_exception: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(40)
        if self._worker_app is not None:
            self._worker_app.close()
        self.runtime.close()

    def work(self) -> None:
        """Start the workers."""
        r = self.runtime
        with mock.patch.object(app, "IDLE_MS", IDLE_MS):
            self._worker_app = WorkerApp(self.settings, r.store, r.broker, r.keyring, r.clock, identity)
        self._worker_app.start()
        r.relay.start()

    @property
    def port(self) -> int:
        assert self._service.address is not None
        return self._service.address.port

    def send(self, raw: bytes, mail_from: str = "ann@customer.example", *rcpt_tos: str) -> str:
        """Send a mail as a customer's server would, and return the answer to its last dot."""
        with smtplib.SMTP("127.0.0.1", self.port, local_hostname="customer.example") as client:
            client.ehlo()
            client.mail(mail_from)
            for rcpt in rcpt_tos or ("support@example.com",):
                client.rcpt(rcpt)
            code, text = client.data(raw)
        return f"{code} {text.decode()}"

    def rows(self, table: type[Base]) -> list[Base]:
        """Return all rows of a table, in order."""
        with self.store.read() as session:
            return list(session.execute(select(table).order_by(*table.__table__.primary_key)).scalars())

    def emails(self, count: int) -> list[EmailMessage]:
        """Wait until the sink has taken so many emails, and return them."""
        eventually(lambda: len(self.sink.received) >= count)
        return [read(taken.content) for taken in self.sink.received]

    def idle(self) -> None:
        """Wait until nothing is left to do now."""
        eventually(lambda: not self._busy())

    def _busy(self) -> bool:
        from daemon.store.models import Job  # noqa: PLC0415 - beside its use

        now = self.clock.now()
        with self.store.read() as session:
            waiting = select(Job.id).where((Job.state == "leased") | ((Job.state == "ready") & (Job.due_at <= now)))
            return session.execute(waiting.limit(1)).first() is not None

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._service.serve(self._stop, self._listening.set))
        self._loop.close()


@cache
def _migrated() -> bytes:
    """Return an SQLite file with the schema in force: the migrations of each helpdesk would show nothing new."""
    with tempfile.TemporaryDirectory(prefix="triaged-test-") as folder:
        path = Path(folder) / "triaged.db"
        engine = make_engine(f"sqlite:///{path}")
        schema.upgrade(engine)
        engine.dispose()
        return path.read_bytes()


def read(content: bytes) -> EmailMessage:
    """Parse a mail that we sent."""
    parsed = email.message_from_bytes(content, policy=email.policy.default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def text_of(mail: EmailMessage) -> str:
    """Return the plain text of a mail."""
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def settings_for(state: Path, sink: Sink, examples: Path, database: str = "", broker: str = "") -> Settings:
    """Return settings that send to a sink and learn from few examples."""
    settings = Settings(
        service={"state_dir": state},
        support={"accepted_machines": ["@monitor.example"]},
        database={"url": database},
        broker={"url": broker},
        smtp={"listen": "127.0.0.1:0"},
        outgoing={"transport": "smtp", "host": sink.host, "port": sink.port, "security": "none"},
        triage={"examples": examples},
        limits={"free_bytes": 0},
        rules=[
            {
                "name": "debited, not credited",
                "category": "Payments",
                "priority": "High",
                "phrases": ["debited but not credited"],
            }
        ],
    )
    teams = tuple(team.model_copy(update={"members": (MEMBER,)}) for team in settings.teams)
    return settings.model_copy(update={"teams": teams})
