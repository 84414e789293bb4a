"""Record who put a model in force by a command."""

from daemon.store import events
from daemon.store.store import Store
from daemon.system.clock import SystemClock


def record_promotion(store: Store, version: str, actor: str) -> None:
    """Record who put a model in force."""
    now = SystemClock().now()
    store.write(lambda session: events.add(session, "model promoted", now, actor=actor, source="cli", model=version))
