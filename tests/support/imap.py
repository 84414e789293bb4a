"""What the tests of mailboxes share: short timeouts, a fake intake, and a poller that is always stopped."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.schema import Imap
from daemon.imap.poller import Poller
from daemon.imap.session import Pace
from daemon.mail.envelope import Inbound
from daemon.store.models import ImapCursor
from daemon.store.store import Store
from daemon.system.clock import SystemClock
from daemon.tickets.intake import Intake
from tests.support.domain_values import identity

NOW = datetime(2025, 3, 1, 12, tzinfo=UTC)
CLOCK = SystemClock()
BRISK = Pace(
    connect=5,
    read=5,
    command=20,
    body=20,
    listen=0.1,
    second_look=0.2,
    back_off=0.02,
    max_back_off=0.1,
    pause=0.02,
    beat=0.1,
    dead=2,
)
HASTY = replace(BRISK, read=0.6)
PATIENT = replace(BRISK, second_look=300)


def mail(subject: str, body: str = "Hello.") -> bytes:
    head = f"From: Ann <ann@example.org>\r\nSubject: {subject}\r\nMessage-ID: <{subject}@example.org>\r\n"
    return f"{head}Date: Sat, 01 Mar 2025 10:00:00 +0000\r\n\r\n{body}\r\n".encode()


class Taker:
    """A fake intake that keeps emails in a list."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.taken: list[Inbound] = []
        self.silent: list[bool] = []
        self.failing: Exception | None = None

    def accept(
        self, inbound: Inbound, *, silent: bool = False, also: Callable[[Session, object], None] | None = None
    ) -> None:
        if self.failing:
            raise self.failing
        if also is not None:
            self.store.write(lambda session: also(session, None))
        self.silent.append(silent)
        self.taken.append(inbound)

    @property
    def subjects(self) -> list[str]:
        return [inbound.raw.split(b"Subject: ")[1].split(b"\r\n")[0].decode() for inbound in list(self.taken)]


def account(port: int, **settings: Any) -> Imap:
    given = {"username": "user", "password": "pass", **settings}
    return Imap.model_validate({"name": "work", "host": "127.0.0.1", "port": port, "security": "none", **given})


@contextmanager
def polling(
    mailbox: Imap,
    taker: Any,
    pace: Pace = BRISK,
    max_bytes: int = 100_000,
    pause: Callable[[], bool] = lambda: False,
    *,
    shared: bool = False,
) -> Iterator[Poller]:
    store = taker.store if isinstance(taker, Taker) else taker._store
    poller = Poller(mailbox, taker, store, CLOCK, max_bytes, pause, pace=pace, shared=shared)
    poller.start()
    try:
        yield poller
    finally:
        poller.stop()
        assert not poller._thread.is_alive()


def begun(store: Store) -> bool:
    return any(rows(store, select(ImapCursor.uidvalidity)))


def rows(store: Store, query: Any) -> list[Any]:
    with store.read() as db:
        return list(db.execute(query).scalars())


def cursor(store: Store, folder: str = "INBOX") -> tuple[int, int]:
    with store.read() as db:
        row = db.get_one(ImapCursor, ("work", folder))
        return row.uidvalidity, row.last_uid


def set_cursor(store: Store, uidvalidity: int, last_uid: int, polled_at: datetime | None = None) -> None:
    row = ImapCursor(account="work", folder="INBOX", uidvalidity=uidvalidity, last_uid=last_uid, error="")
    row.polled_at, row.last_mail_at = polled_at or CLOCK.now(), None
    store.write(lambda db: db.add(row))


def real_intake(store: Store) -> Intake:
    policy = identity(keys=(b"k" * 32,))
    return Intake(store, policy, lambda offers: None)  # noqa: ARG005
