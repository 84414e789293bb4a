"""Build the workers of a process in a thread, and reload the configuration of a running process."""

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Protocol

import click
import structlog

from config.settings import Settings, load
from daemon.cli.support import context
from daemon.runtime import Runtime

if TYPE_CHECKING:
    from workers.app import WorkerApp

log = structlog.get_logger(__name__)

RETRY_START_SECONDS: Final = 10.0
START_SECONDS: Final = 10.0


class Reloadable(Protocol):
    """A running part of a process that takes changed settings."""

    def reload(self, settings: Settings) -> None:
        """Apply what a reload changes of the settings."""


class WorkerThread:
    """Builds the WorkerApp of a process in a thread, so that emails are accepted before scikit-learn is imported."""

    def __init__(self, settings: Settings, runtime: Runtime) -> None:
        self._settings = settings
        self._runtime = runtime
        self._built = threading.Event()
        self._closing = threading.Event()
        self._close: Callable[[], None] = lambda: None
        self._apply: Callable[[Settings], None] = lambda _: None
        self._thread = threading.Thread(target=self._build, name="worker app", daemon=True)

    def start(self) -> None:
        """Start the thread: it builds the WorkerApp and starts it."""
        self._thread.start()

    def reload(self, settings: Settings) -> None:
        """Wait until the workers are built, and apply new settings."""
        self._built.wait()
        self._apply(settings)

    def close(self) -> None:
        """Stop the workers after the jobs they are running."""
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join(START_SECONDS)
        self._close()

    def _build(self) -> None:
        worker_app: WorkerApp | None = None
        failed = ""
        while not self._closing.is_set():
            try:
                worker_app = worker_app or self._worker_app()
                # A stop does not wait for long imports, and nothing starts after it.
                if not self._closing.is_set():
                    worker_app.start()
                    self._close, self._apply = worker_app.close, worker_app.reload
                break
            except Exception as error:
                # Logged again only if the reason is another one.
                if failed != (failed := f"{type(error).__name__}: {error}"):
                    log.exception("cannot start the workers; will retry; accepted emails wait in the database")
                self._closing.wait(RETRY_START_SECONDS)
        self._built.set()

    def _worker_app(self) -> "WorkerApp":
        # Imported here: the listener must not wait for scikit-learn.
        from daemon.policies import identity
        from workers.app import WorkerApp

        r = self._runtime
        return WorkerApp(self._settings, r.store, r.broker, r.keyring, r.clock, identity)


def reload(ctx: click.Context, workers: WorkerThread | None, service: Reloadable | None = None) -> None:
    """Apply changed rules, teams and templates; if a start would refuse them, keep the old ones and log the reason."""

    def work() -> None:
        from workers import preflight

        try:
            settings = load(context.config_path(ctx))
            preflight.check(settings)
            if workers is not None:
                workers.reload(settings)
            if service is not None:
                service.reload(settings)
        except Exception as error:  # noqa: BLE001 - with any error, the old settings stay in force
            log.error("cannot reload the configuration; the old one stays in force", reason=str(error)[:500])  # noqa: TRY400 - says all
        else:
            log.info("configuration reloaded")

    threading.Thread(target=work, name="reload", daemon=True).start()
