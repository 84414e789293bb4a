"""Train models: the first from the shipped examples, later ones also from verified tickets."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from importlib.resources import files
from pathlib import Path

import structlog

from daemon.store import boilerplate
from daemon.store.queries import labels
from daemon.store.store import Store
from daemon.system import tuning
from daemon.system.clock import Clock
from daemon.vocabulary import Priority
from workers.learning import examples, retention, retraining
from workers.learning.examples import Example, ExampleError
from workers.learning.gate import MIN_TO_COMPARE
from workers.learning.registry import TRAINING_LOCK, ForeignError, Registry, RegistryError
from workers.learning.retraining import Retrained
from workers.learning.training import TrainingError
from workers.triage import lexicon
from workers.triage.classifier import Model
from workers.triage.encoder import Encoder
from workers.triage.lexicon import Lexicon

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Trained:
    """A new model, whether it was promoted, and the reasons."""

    version: str
    promoted: bool
    reasons: tuple[str, ...]


class Trainer:
    """Trains models on the corpus and the verified tickets; promotes one only if it is not worse than the current.

    `categories` are those that the next training learns; `learns_from_undecided` lets it read tickets that no person
    checked. A reload replaces both. `damaged` says why the model in use could not be loaded, also after another one
    took its place.
    """

    def __init__(
        self,
        store: Store,
        registry: Registry,
        clock: Clock,
        categories: Sequence[str],
        corpus: Path | None = None,
        encoder: Encoder | None = None,
        *,
        learns_from_undecided: bool = True,
    ) -> None:
        self._store = store
        self._registry = registry
        self._clock = clock
        self.categories = tuple(categories)
        self._corpus = corpus
        self._encoder = encoder
        self.learns_from_undecided = learns_from_undecided
        self.damaged = ""

    def ensure_model(self) -> Model:
        """Return the current model, trained now if none can be used; raises TrainingError, ExampleError, RegistryError.

        A model without the second opinion of the encoder is trained again, and replaced if the new one is not worse.
        Of processes that start together one trains, and the others wait for its model.
        """
        with self._registry.alone():
            try:
                current = self._registry.load()
            except RegistryError as error:
                log.info("training a model", reason=str(error))
                made = self.candidate()
                self._keep(made)
                return made.model
            return current if self.is_complete(current) else self._completed(current)

    def usable(self) -> Model | None:
        """Return the current model, None if there is none or it cannot be loaded."""
        try:
            return self._registry.load()
        except ForeignError:
            # After an upgrade; nothing was damaged.
            return None
        except RegistryError as error:
            if self._registry.current():
                self.damaged = str(error)
                log.error("model damaged, another one is trained", reason=self.damaged)  # noqa: TRY400 - it is enough
            return None

    def is_complete(self, model: Model) -> bool:
        """Return whether a model has the second opinion of the encoder in use, if there is one."""
        name = self._encoder.name if self._encoder else ""
        return not name or model.second_of(name) is not None

    def _completed(self, current: Model) -> Model:
        """Return a model with a second opinion, or the current one where that is better or nothing can be trained."""
        log.info("training a model", reason=f"model {current.version} has no second opinion of this encoder")
        try:
            made = self.candidate()
        except (TrainingError, ExampleError) as error:
            log.warning("no model with a second opinion", reason=str(error))
            return current
        return made.model if self._keep(made).promoted else current

    def train(self, more: Sequence[Example] = ()) -> Trained:
        """Train on the corpus, the verified tickets and `more`; raises TrainingError, ExampleError, RegistryError.

        One process after another: a training that began before a correction must not replace the model of a later one.
        """
        with self._registry.alone(TRAINING_LOCK):
            return self._keep(self.candidate(more))

    def _keep(self, made: Retrained) -> Trained:
        manifest = self._registry.save(
            made.model, corpus=made.report.corpus, figures=made.report.as_dict(), notes=made.verdict.reasons
        )
        if made.verdict.promote:
            self._registry.promote(manifest.version)
        retention.delete_old(self._registry)
        log.info(
            "model trained", model=manifest.version, promoted=made.verdict.promote, reasons=list(made.verdict.reasons)
        )
        return Trained(manifest.version, made.verdict.promote, made.verdict.reasons)

    def candidate(self, more: Sequence[Example] = ()) -> Retrained:
        """Return a candidate and the verdict on it, without storing it."""
        corpus = [*self.corpus(), *(replace(e, own=True) for e in more)]
        try:
            current = self._registry.load()
            until = self._registry.show(current.version).figures.get("learned_until")
        except RegistryError:
            current, until = None, None
        verified = self.verified()
        # Whether undecided tickets help is measured on verified ones.
        reads_undecided = self.learns_from_undecided and len(verified) >= MIN_TO_COMPARE
        made = retraining.retrain(
            corpus,
            verified,
            current,
            self.regression(),
            shipped_lexicon(),
            self._clock.now(),
            self._encoder,
            self.categories,
            self.undecided() if reads_undecided else (),
            datetime.fromisoformat(until) if until else None,
        )
        tuning.trim_memory()
        return made

    def corpus(self) -> list[Example]:
        """Return the examples of the configured categories."""
        shipped = self._corpus is None
        paths = sorted(self._corpus.glob("*.csv")) if self._corpus else shipped_examples()
        found = examples.read_files(paths)
        return [replace(e, shipped=shipped, own=not shipped) for e in found if e.category in self.categories]

    def regression(self) -> list[Example]:
        """Return the shipped regression set: tickets never trained on, on which no new model may be worse."""
        found = examples.read_file(Path(str(files("config") / "regression.csv")))
        return [e for e in found if e.category in self.categories]

    def verified(self) -> list[Example]:
        """Return the tickets that people confirmed or corrected, oldest first; boilerplate in them is not read."""
        with self._store.read() as session:
            tickets, learned = labels.labelled_tickets(session), boilerplate.learned(session)
        return [
            Example(
                subject=ticket.subject,
                body=ticket.text,
                category=ticket.category,
                priority=Priority(ticket.priority),
                verified=True,
                key=str(ticket.ticket_id),
                boilerplate=learned,
                at=ticket.at,
            )
            for ticket in tickets
            if ticket.category in self.categories
        ]

    def undecided(self) -> list[Example]:
        """Return tickets of which no person confirmed the category; boilerplate in them is not read."""
        with self._store.read() as session:
            tickets, learned = labels.undecided_tickets(session), boilerplate.learned(session)
        return [
            Example(ticket.subject, ticket.text, "", key=str(ticket.ticket_id), boilerplate=learned)
            for ticket in tickets
        ]


def shipped_examples() -> list[Path]:
    """Return the files of the default corpus."""
    folder = Path(str(files("config") / "examples"))
    return sorted(folder.glob("*.csv"))


def shipped_lexicon() -> Lexicon:
    """Return the shipped word groups: one file for each language."""
    paths = sorted(Path(str(files("config") / "lexicon")).glob("*.toml"))
    return lexicon.parse({path.stem: path.read_text(encoding="utf-8") for path in paths})
