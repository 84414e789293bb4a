"""The intake of emails that an admin imports or replays by a command."""

from config.settings import Settings
from daemon.policies import identity
from daemon.store import keys
from daemon.store.store import Store
from daemon.system.clock import SystemClock
from daemon.tickets.intake import Intake


def intake(settings: Settings, store: Store) -> Intake:
    """Return an intake that wakes no workers: the relay of the running daemon finds the jobs."""
    now = SystemClock().now()
    return Intake(store, identity(settings, store.write(lambda session: keys.ensure(session, now))), lambda _: None)
