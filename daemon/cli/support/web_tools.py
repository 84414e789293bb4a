"""What HTTP needs of the workers: triage without effect, and the models."""

from typing import TYPE_CHECKING, Any

from config.schema import Rule
from config.settings import Settings
from daemon.cli.support import demo_run
from daemon.cli.support.dry_run import DryRunTools
from daemon.cli.support.dry_run_mail import EmailFile, dry_run
from daemon.facts import Problem, ProcessFacts
from daemon.policies import identity
from daemon.store import boilerplate, decisions, keys
from daemon.store.decisions import TriageText
from daemon.store.queries import health
from daemon.store.queries.tickets import TicketFilter, TicketLine, list_tickets, ticket_id_of
from daemon.store.store import Store
from daemon.system.clock import SystemClock
from daemon.system.disk import FreeSpace
from daemon.tickets.health import examine
from daemon.vocabulary import PENDING, Triage
from daemon.web.tools import ModelsError, Moved, Rehearsal

if TYPE_CHECKING:
    from workers.learning.current import CurrentModel
    from workers.learning.registry import Registry
    from workers.triage.encoder import Encoder

NEVER_AUDITED = 1.0


class HttpTools:
    """The tools of HTTP. Nothing of the workers is loaded before the first request that needs it."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings = settings
        self._store = store
        self._source: CurrentModel | None = None

    def reload(self, settings: Settings) -> None:
        """Decide with these settings from the next request on."""
        self._settings = settings

    def triage(self, subject: str, text: str) -> Triage:
        """Return what would be decided about a text; stores nothing."""
        from workers.policies import triage_policy
        from workers.triage import preprocess
        from workers.triage.decide import decide

        policy = triage_policy(self._settings)
        source = self._current_model()
        with self._store.read() as session:
            case = preprocess.clean(subject, text, boilerplate.learned(session))
        return decide(case, policy, source.model(), source.certified(), NEVER_AUDITED, encoder=self._encoder())

    def models(self) -> list[dict[str, Any]]:
        """Return the versions of the model with their figures, the oldest first."""
        from daemon.cli.models import model_row

        registry = self._registry()
        return [model_row(registry, version) for version in registry.versions()]

    def promote(self, version: str | None) -> str:
        """Use a version, without one the previous; return the version in use. Raises ModelsError."""
        from workers.learning.registry import RegistryError

        registry = self._registry()
        try:
            if version is None:
                return registry.rollback()
            registry.promote(version)
        except RegistryError as error:
            raise ModelsError(str(error)) from None
        return version

    def rehearse(self, version: str | None, rule: tuple[str, str] | None, number: int) -> Rehearsal:
        """Return what a model, or a rule of a phrase and a category, would change about the newest tickets."""
        from workers.learning.registry import RegistryError
        from workers.policies import triage_policy
        from workers.triage import preprocess
        from workers.triage.decide import decide

        settings, source = self._settings, self._current_model()
        now = policy = triage_policy(settings)
        if rule is not None:
            phrase, category = rule
            new = Rule(name="rehearsed", category=category, phrases=(phrase,))
            policy = triage_policy(settings.model_copy(update={"rules": (new, *settings.rules)}))
        try:
            model = self._registry().load(version) if version else source.model()
        except RegistryError as error:
            raise ModelsError(str(error)) from None
        certified, encoder, rows = source.certified(), self._encoder(), []
        tickets = self._newest(number)
        with self._store.read() as session:
            learned = boilerplate.learned(session)
        for ticket, text in tickets:
            case = preprocess.clean(text.subject, text.text, learned)
            triage = decide(case, policy, model, certified, NEVER_AUDITED, text.address, encoder)
            was, then = (ticket.category, ticket.assigned_team or ""), (triage.category, triage.team)
            if was == then:
                continue
            # What a person decided differs from triage without the rule too.
            before = decide(case, now, model, certified, NEVER_AUDITED, text.address, encoder) if rule else None
            if before is None or (before.category, before.team) != then:
                rows.append(Moved(ticket.reference, ticket.subject, *was, *then))
        return Rehearsal(len(tickets), tuple(rows))

    def _newest(self, number: int) -> list[tuple[TicketLine, TriageText]]:
        """Return the newest tickets that were decided, with what triage reads of them."""
        with self._store.read() as session:
            lines = list_tickets(session, TicketFilter(), number)
            ids = [ticket_id_of(session, line.reference) or 0 for line in lines]
            texts = decisions.texts_of(session, ids)
        return [(line, text) for line, text in zip(lines, texts, strict=True) if text and line.category != PENDING]

    def send_examples(self) -> int:
        """Send the example emails to the listener, and return how many. Raises DemoError."""
        return demo_run.send_examples(self._settings)

    def problems(self) -> tuple[Problem, ...]:
        """Return the problems of the running system, the most important first."""
        from workers.policies import thresholds

        settings = self._settings
        room = FreeSpace(settings.service.state_dir, settings.limits.free_bytes)()
        with self._store.read() as session:
            facts = health.facts(
                session, SystemClock().now(), settings.folders, ProcessFacts(room=room), of_workers=True
            )
        return examine(facts, thresholds(settings))

    def try_email(self, raw: bytes) -> dict[str, Any]:
        """Return what would happen to an email, as `triaged try --json` prints it; stores nothing."""
        from workers.policies import triage_policy

        settings, source = self._settings, self._current_model()
        with self._store.read() as session:
            signing, learned = keys.load(session, SystemClock().now()), boilerplate.learned(session)
        tools = DryRunTools(
            identity(settings, signing),
            triage_policy(settings),
            source.model(),
            source.certified(),
            settings.triage.semantic,
            learned,
        )
        return dry_run(tools, EmailFile("pasted", raw)).row

    def _current_model(self) -> "CurrentModel":
        from workers.learning.current import CurrentModel
        from workers.policies import triage_policy

        self._source = self._source or CurrentModel(
            self._store, self._registry(), lambda: triage_policy(self._settings)
        )
        return self._source

    def _encoder(self) -> "Encoder":
        from workers.learning import semantic

        return semantic.shared(enabled=self._settings.triage.semantic)

    def _registry(self) -> "Registry":
        from workers.app import registry

        return registry(self._settings)
