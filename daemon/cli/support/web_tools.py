"""What HTTP needs of the workers: triage without effect, and the models."""

from typing import TYPE_CHECKING, Any

from config.settings import Settings
from daemon.cli.support.dry_run import DryRunTools
from daemon.cli.support.dry_run_mail import EmailFile, dry_run
from daemon.facts import Problem
from daemon.policies import identity
from daemon.store import keys
from daemon.store.queries import health
from daemon.store.store import Store
from daemon.system.clock import SystemClock
from daemon.system.disk import FreeSpace
from daemon.tickets.health import examine
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
        from workers.policies import triage_policy
        from workers.triage import preprocess
        from workers.triage.decide import decide

        policy = triage_policy(self._settings)
        source = self._current_model()
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

    def problems(self) -> tuple[Problem, ...]:
        """Return the problems of the running system, the most important first."""
        from workers.policies import thresholds

        settings = self._settings
        room = FreeSpace(settings.service.state_dir, settings.limits.free_bytes)()
        with self._store.read() as session:
            facts = health.facts(session, SystemClock().now(), [one.name for one in settings.imap], room=room)
        return examine(facts, thresholds(settings))

    def try_email(self, raw: bytes) -> dict[str, Any]:
        """Return what would happen to an email, as `triaged try --json` prints it; stores nothing."""
        from workers.policies import triage_policy

        settings, source = self._settings, self._current_model()
        with self._store.read() as session:
            signing = keys.load(session, SystemClock().now())
        tools = DryRunTools(identity(settings, signing), triage_policy(settings), source.model(), source.certified())
        return dry_run(tools, EmailFile("pasted", raw)).row

    def _current_model(self) -> "CurrentModel":
        from workers.learning.current import CurrentModel
        from workers.policies import triage_policy

        self._source = self._source or CurrentModel(
            self._store, self._registry(), lambda: triage_policy(self._settings)
        )
        return self._source

    def _registry(self) -> "Registry":
        from workers.app import registry

        return registry(self._settings)
