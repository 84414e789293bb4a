"""The model in force: reloaded when another version is promoted, and loaded only with a valid signature."""

import threading
from collections import defaultdict
from collections.abc import Callable, Mapping
from time import monotonic

import structlog

from daemon.store.queries import labels
from daemon.store.queries.labels import Review
from daemon.store.store import Store
from workers.learning.certify import certify
from workers.learning.drift import DriftState, watch
from workers.learning.registry import Registry, RegistryError
from workers.triage.classifier import Model
from workers.triage.policy import Mode, TriagePolicy

log = structlog.get_logger(__name__)

RELOAD_SECONDS = 2.0
CERTIFY_SECONDS = 30.0


class CurrentModel:
    """Gives actors the current model; follows a promotion or rollback within two seconds, without a restart.

    `is_awaited` is true while the first model is trained: triage waits for it.
    """

    def __init__(self, store: Store, registry: Registry, policy: Callable[[], TriagePolicy]) -> None:
        self._store = store
        self._registry = registry
        self._policy = policy
        self._lock = threading.Lock()
        self._model: Model | None = None
        self._stamp: tuple[int, int] | None = None
        self._reloaded_at = -RELOAD_SECONDS
        self._certified: Mapping[str, float | None] = {}
        self._certified_at = -CERTIFY_SECONDS
        self._problem = ""
        self._untrained = ""
        self.drifted = ""
        self.is_awaited = False

    def model(self) -> Model | None:
        """Return the current model, or None if none is usable; then rules alone decide."""
        with self._lock:
            if not self.is_awaited and monotonic() - self._reloaded_at >= RELOAD_SECONDS:
                self._reloaded_at = monotonic()
                self._reload()
            return self._model

    def unusable(self) -> str:
        """Return why the model in use cannot be loaded, or ""; also while no email comes that would need it."""
        model = self.model()
        return self._problem or ("" if model else self._untrained)

    def outdated(self) -> str:
        """Say which categories of the model in use are not configured, as after one was renamed; "" if all are."""
        model, policy = self.model(), self._policy()
        known = {category.name for category in policy.categories}
        gone = [name for name in model.counts if name not in known] if model else []
        if not model or not gone:
            return ""
        names = ", ".join(gone)
        return f"Model {model.version} knows {names}, not configured; such tickets go to {policy.fallback_team}"

    def use(self, model: Model) -> None:
        """Use a model that was just loaded or trained, instead of loading it again."""
        with self._lock:
            stamp = self._registry.stamp()
            # Another version may have been promoted since; the next reload gets that one.
            if self._registry.current() == model.version:
                self._model, self._stamp, self._problem = model, stamp, ""

    def note_failed(self, reason: str) -> None:
        """Note why no model could be trained; it counts while there is none."""
        self._untrained = reason

    def certified(self) -> Mapping[str, float | None]:
        """Return the confidence from which each category keeps the promised accuracy, None for one that does not.

        Nothing is certified while the drift alarm is on: mode `auto` only suggests until a new model is in force.
        """
        if Mode.AUTO not in self._policy().modes:
            return {}
        with self._lock:
            if monotonic() - self._certified_at >= CERTIFY_SECONDS:
                self._certified_at = monotonic()
                self._certified = self._certify()
            return self._certified

    def _certify(self) -> Mapping[str, float | None]:
        with self._store.read() as session:
            reviews = labels.reviews(session)
        model = self._model.version if self._model else None
        drift = watch(not review.right for review in reviews if self._routed(review) and review.model == model)
        if drift.state is DriftState.ALARM:
            self.drifted = f"people overrode too many decisions of model {model} ({drift.seen} reviewed)"
            return {}
        self.drifted = ""
        pairs: dict[str, list[tuple[float, bool]]] = defaultdict(list)
        for review in reviews:
            pairs[review.predicted].append((review.confidence, review.right))
        return certify(pairs, self._policy().promised_accuracy)

    def _routed(self, review: Review) -> bool:
        return review.team != self._policy().review_team

    def _reload(self) -> None:
        stamp = self._registry.stamp()
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self._model = self._registry.load()
        except RegistryError as error:
            self._model = None
            # Without any model yet nothing is broken: categories of an admin's own may have no examples.
            self._problem = str(error) if self._registry.current() else ""
            log.error("no usable model, rules alone decide", reason=str(error))  # noqa: TRY400 - the reason is enough
        else:
            self._problem = ""
            log.info("model loaded", model=self._model.version)
