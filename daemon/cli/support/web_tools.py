"""What HTTP needs of the workers: triage without effect, and the models."""

from typing import TYPE_CHECKING, Any

from config.settings import Settings
from daemon.store.store import Store
from daemon.vocabulary import Triage

if TYPE_CHECKING:
    from workers.learning.current import CurrentModel
    from workers.learning.registry import Registry

NEVER_AUDITED = 1.0


class HttpTools:
    """The tools of HTTP. Nothing of the workers is loaded before the first request that needs it."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings = settings
        self._store = store
        self._source: CurrentModel | None = None

    def triage(self, subject: str, text: str) -> Triage:
        """Return what would be decided about a text; stores nothing."""
        from workers.learning.current import CurrentModel
        from workers.policies import triage_policy
        from workers.triage import preprocess
        from workers.triage.decide import decide

        policy = triage_policy(self._settings)
        source = self._source = self._source or CurrentModel(self._store, self._registry(), lambda: policy)
        case = preprocess.clean(subject, text)
        return decide(case, policy, source.model(), source.certified(), NEVER_AUDITED)

    def models(self) -> list[dict[str, Any]]:
        """Return the versions of the model with their figures, the oldest first."""
        from daemon.cli.models import model_row

        registry = self._registry()
        return [model_row(registry, version) for version in registry.versions()]

    def promote(self, version: str | None) -> str:
        """Use a version, without one the previous; return the version in use. Raises ModelsError."""
        from daemon.web.services import ModelsError
        from workers.learning.registry import RegistryError

        registry = self._registry()
        try:
            if version is None:
                return registry.rollback()
            registry.promote(version)
        except RegistryError as error:
            raise ModelsError(str(error)) from None
        return version

    def _registry(self) -> "Registry":
        from workers.app import registry

        return registry(self._settings)
