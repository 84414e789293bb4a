"""Train a small model instead of running triaged: each system gets a copy of it."""

from config.settings import load
from daemon.store.maintenance import schema
from daemon.store.store import Store
from daemon.system.clock import SystemClock
from workers.app import trainer


def install() -> None:
    """Train into the state directory that the environment names, and end the process."""
    settings = load()
    store = Store(f"sqlite:///{settings.service.state_dir / 'empty.db'}")
    schema.upgrade(store.engine)
    trainer(settings, store, SystemClock()).ensure_model()
    store.close()
    raise SystemExit(0)
