"""The model in force: loaded when it changes, trained at the first start, never trusted without its signature."""

import threading
from collections import defaultdict
from collections.abc import Callable, Mapping
from time import monotonic

import structlog

from daemon.store.queries import labels
from daemon.store.queries.labels import Review
from daemon.store.store import Store
from workers.learning.certify import certify
from workers.learning.drift import State, watch
from workers.learning.registry import Registry, RegistryError
from workers.triage.classifier import Model
from workers.triage.policy import Mode, TriagePolicy

log = structlog.get_logger(__name__)

LOOKED_EVERY = 2.0
CERTIFIED_EVERY = 30.0


class CurrentModel:
    """Gives actors the current model; sees a promoted or rolled back one within two seconds, without a restart."""

    def __init__(self, store: Store, registry: Registry, policy: Callable[[], TriagePolicy]) -> None:
        self._store = store
        self._registry = registry
        self._policy = policy
        self._lock = threading.Lock()
        self._model: Model | None = None
        self._stamp: tuple[int, int] | None = None
        self._looked_at = -LOOKED_EVERY
        self._certified: Mapping[str, float | None] = {}
        self._certified_at = -CERTIFIED_EVERY
        self.drifted = ""

    def model(self) -> Model | None:
        """Return the current model, None where none can be trusted: rules alone decide then."""
        with self._lock:
            if monotonic() - self._looked_at >= LOOKED_EVERY:
                self._looked_at = monotonic()
                self._look()
            return self._model

    def use(self, model: Model) -> None:
        """Take a model that was loaded or trained a moment ago, so that it is not loaded again."""
        with self._lock:
            stamp = self._registry.stamp()
            # Another version may have been promoted since; the next look loads that one.
            if self._registry.current() == model.version:
                self._model, self._stamp = model, stamp

    def certified(self) -> Mapping[str, float | None]:
        """Return the confidence from which each category keeps the promised accuracy.

        Nothing is certified while people override more than they should: the sequential test turns `auto` back into
        suggestions until a new model is in force.
        """
        if all(self._policy().mode_of(category.name) is not Mode.AUTO for category in self._policy().categories):
            return {}
        with self._lock:
            if monotonic() - self._certified_at >= CERTIFIED_EVERY:
                self._certified_at = monotonic()
                self._certified = self._certify()
            return self._certified

    def _certify(self) -> Mapping[str, float | None]:
        with self._store.read() as session:
            checks = labels.reviews(session)
        model = self._model.version if self._model else None
        drift = watch(not check.right for check in checks if self._routed(check) and check.model == model)
        if drift.state is State.ALARM:
            self.drifted = f"people override it too often, by {drift.seen} checks of model {model}"
            return {}
        self.drifted = ""
        pairs: dict[str, list[tuple[float, bool]]] = defaultdict(list)
        for check in checks:
            pairs[check.predicted].append((check.confidence, check.right))
        return certify(pairs, self._policy().promised_accuracy)

    def _routed(self, check: Review) -> bool:
        return check.team != self._policy().review_team

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
