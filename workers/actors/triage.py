"""Decide a PENDING ticket: read what its first email says, decide, write the decision and the next job."""

import random
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Final, Protocol

import structlog
from sqlalchemy.orm import Session

from daemon.mail.reply.boilerplate import domain_digest
from daemon.store import decisions
from daemon.store.decisions import NewDecision, TriageText
from daemon.store.jobs import Lease
from daemon.store.vectors import NewVector
from daemon.system.clock import Clock
from daemon.tickets import decision
from daemon.vocabulary import DecidedBy, Priority, Triage
from workers.actors.config import CurrentConfig
from workers.jobs import batching
from workers.jobs.batching import BatchedWork
from workers.jobs.executor import SnoozeError, WorkWindow
from workers.triage import encoder, preprocess, similar
from workers.triage.classifier import Model
from workers.triage.decide import conclude, consider
from workers.triage.encoder import Encoder
from workers.triage.features import Floats
from workers.triage.preprocess import Case

log = structlog.get_logger(__name__)

AWAITS_MODEL: Final = "waits for the first model"
# Jobs that wait are made due when the model is there. This is for one that is postponed at that very moment.
MODEL_WAIT: Final = timedelta(minutes=1)


class ModelSource(Protocol):
    """Gives the model and the certified thresholds that are in force now."""

    @property
    def is_awaited(self) -> bool:
        """Return whether the first model is being trained."""

    def model(self) -> Model | None:
        """Return the current model, None where none can be trusted."""

    def certified(self) -> Mapping[str, float | None]:
        """Return the confidence from which each category keeps the promised accuracy."""


class TriageActor:
    """Decides a PENDING ticket; `boilerplate` returns the digests of the blocks of text that are not read."""

    def __init__(
        self,
        clock: Clock,
        models: ModelSource,
        config: CurrentConfig,
        encoder: Encoder,
        boilerplate: Callable[[], frozenset[str]] = frozenset,
    ) -> None:
        self._clock, self._models, self._config, self._encoder = clock, models, config, encoder
        self._boilerplate = boilerplate

    def perform(self, lease: Lease, window: WorkWindow) -> BatchedWork[Sequence[Lease]]:
        """Triage the ticket of a job; raises SnoozeError for one that needs the model while the first is trained."""
        del window
        # Asked before the model: it may come in between, and then it decides.
        is_awaited = self._models.is_awaited
        text = yield from batching.read(decisions.texts_of, lease.subject.id)
        case = preprocess.clean(text.subject, text.text, self._boilerplate()) if text else preprocess.clean("", "")
        draft = consider(case, self._config.value.triage, self._models.model(), text.address if text else "")
        if is_awaited and draft.lacks_model:
            raise SnoozeError(AWAITS_MODEL, MODEL_WAIT)
        name = self._encoder.name
        wants_opinion, wants_vector = draft.asks(name), self._compares(name, case)
        vector = None
        if wants_opinion or wants_vector:
            vector = yield from batching.compute(self._encode, encoder.text(case))
        meaning = encoder.meaning(self._encoder, vector, draft.descriptions) if wants_opinion else None
        draw = random.random()  # noqa: S311 - an audit sample
        triage = conclude(draft, self._models.certified(), draw, meaning)
        new_vector = NewVector(lease.subject.id, name, similar.pack(vector)) if vector is not None else None
        decided = NewDecision(
            ticket_id=lease.subject.id,
            triage=triage,
            by=DecidedBy.RULE if triage.rule else DecidedBy.MODEL,
            at=self._clock.now(),
            language=self._language_of(text, case) if text else "",
            domain=domain_digest(text.sender or "") if text else "",
            blocks=case.blocks,
            left_out=case.left_out,
            vector=new_vector if wants_vector else None,
        )
        follow_ups = yield from batching.write(decision.put_in_force, (lease, decided))
        if follow_ups:
            _log(decided)
        return follow_ups

    def _language_of(self, text: TriageText, case: Case) -> str:
        """Return the language of an email that declares none, "" where it is not certain; gateways have another."""
        return "" if text.language else self._config.value.language_of(f"{case.subject}\n{case.written}")

    def _compares(self, encoder: str, case: Case) -> bool:
        """Return whether a ticket gets a vector, by which it and later ones are found to be similar."""
        return bool(encoder) and self._config.value.similar and similar.says_enough(case)

    def _encode(self, texts: Sequence[str]) -> Sequence[Floats | None]:
        vectors = self._encoder.encode(texts)
        return [None] * len(texts) if vectors is None else list(vectors)

    def give_up(self, session: Session, lease: Lease, error: str) -> Sequence[Lease]:
        """Leave the decision to a person, and park the email."""
        policy = self._config.value.triage
        reason = f"triage failed {lease.attempts - 1 or 1} times: {error}"[:300]
        triage = Triage(
            policy.fallback_category, Priority.MEDIUM, 0.0, policy.review_team, (reason, "a person decides")
        )
        decided = NewDecision(lease.subject.id, triage, DecidedBy.FALLBACK, self._clock.now())
        _log(decided)
        return decision.leave_to_person(session, lease, decided)


def _log(decided: NewDecision) -> None:
    triage = decided.triage
    log.info(
        "ticket triaged",
        ticket=decided.ticket_id,
        category=triage.category,
        priority=str(triage.priority),
        confidence=round(triage.confidence, 3),
        team=triage.team,
        by=decided.by,
    )
