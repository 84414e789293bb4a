"""How the service stops: everything at once, so that systemd need not kill it."""

import asyncio
import threading

from config.schema import Http, Smtp
from config.settings import Settings
from daemon.relay import Relay
from daemon.service import Service
from daemon.store.keys import Keyring
from daemon.store.store import Store
from tests.support.fakes import FakeClock


class _Mailbox:
    """A poller that stops when all others are asked to stop as well, as those of servers that do not answer."""

    def __init__(self, together: threading.Barrier) -> None:
        self._together = together
        self.stopped = False

    def start(self) -> None:
        """Do nothing."""

    def stop(self) -> None:
        """Wait for the others."""
        self._together.wait(10)
        self.stopped = True


def test_mailboxes_that_do_not_answer_are_stopped_at_once_and_not_one_after_the_other(sqlite_store: Store) -> None:
    settings = Settings(http=Http(enabled=False), smtp=Smtp(enabled=False))
    relay = Relay(sqlite_store, lambda _: None, FakeClock())
    service = Service(settings, sqlite_store, relay, Keyring((b"k" * 32,)), FakeClock())
    together = threading.Barrier(12)
    mailboxes = [_Mailbox(together) for _ in range(together.parties)]
    service.pollers = mailboxes  # type: ignore[assignment]

    async def run() -> None:
        stop = asyncio.Event()
        await service.serve(stop, stop.set)

    asyncio.run(run())
    assert all(mailbox.stopped for mailbox in mailboxes)
