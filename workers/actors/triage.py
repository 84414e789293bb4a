"""Decide a PENDING ticket: read what its first email says, decide, write the decision and the next job."""

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import structlog
from sqlalchemy.orm import Session

from daemon.store import decisions, jobs, ledger
from daemon.store.decisions import Decided
from daemon.store.jobs import JobKind, Lease, NewJob
from daemon.system.clock import Clock
from daemon.vocabulary import DecidedBy, Disposition, Priority, Subject, SubjectKind, Triage
from workers.actors.config import ActorConfig
from workers.jobs import batching
from workers.jobs.batching import BatchedWork
from workers.jobs.executor import WorkWindow
from workers.triage import preprocess
from workers.triage.classifier import Model
from workers.triage.decide import decide

log = structlog.get_logger(__name__)


class ModelSource(Protocol):
    """Gives the model and the certified thresholds that are in force now."""

    def model(self) -> Model | None:
        """Return the current model, None where none can be trusted."""

    def certified(self) -> Mapping[str, float | None]:
        """Return the confidence from which each category keeps the promised accuracy."""


class TriageActor:
    """Decides a PENDING ticket."""

    def __init__(self, clock: Clock, models: ModelSource, config: Callable[[], ActorConfig]) -> None:
        self._clock, self._models, self._config = clock, models, config

    def perform(self, lease: Lease, window: WorkWindow) -> BatchedWork[Sequence[Lease]]:
        """Triage the ticket of a job."""
        del window
        read = yield from batching.read(decisions.texts_of, lease.subject.id)
        case = preprocess.clean(read.subject, read.text) if read else preprocess.clean("", "")
        draw = random.random()  # noqa: S311 - an audit sample
        triage = decide(case, self._config().triage, self._models.model(), self._models.certified(), draw)
        decided = Decided(lease.subject.id, triage, DecidedBy.RULE if triage.rule else DecidedBy.MODEL)
        return (yield from batching.write(self._finish, (lease, decided)))

    def give_up(self, session: Session, lease: Lease, error: str) -> Sequence[Lease]:
        """Leave the decision to a person, and park the email."""
        policy = self._config().triage
        reason = f"triage failed {lease.attempts - 1 or 1} times: {error}"[:300]
        triage = Triage(
            policy.fallback_category, Priority.MEDIUM, 0.0, policy.review_team, (reason, "a person decides")
        )
        read = decisions.text_of(session, lease.subject.id)
        if read and read.inbound_id:
            ledger.settle(session, read.inbound_id, Disposition.PARKED, [reason], lease.subject.id)
        return self._decide(session, [(lease, Decided(lease.subject.id, triage, DecidedBy.FALLBACK))])[0]

    def _finish(self, session: Session, items: Sequence[tuple[Lease, Decided]]) -> list[list[Lease]]:
        jobs.finish(session, [lease for lease, _ in items], self._clock.now())
        return self._decide(session, items)

    def _decide(self, session: Session, items: Sequence[tuple[Lease, Decided]]) -> list[list[Lease]]:
        """Put decisions in force; each leads to a notify job that the same worker goes on with."""
        now = self._clock.now()
        found = decisions.apply_first(session, [decided for _, decided in items], now)
        for (_, decided), decision in zip(items, found, strict=True):
            if decision is not None:
                _log(decided)
        follow_ups = [[NewJob(JobKind.NOTIFY, Subject(SubjectKind.DECISION, one), now)] if one else [] for one in found]
        return jobs.add_leased(session, [(lease, new) for (lease, _), new in zip(items, follow_ups, strict=True)])


def _log(decided: Decided) -> None:
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
