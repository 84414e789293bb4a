"""One actor per job: load what is stored, call pure code, write the effects and finish the job in one transaction.

Each is written for one job, and does many side by side: what it asks of the store is for any number of them.
"""

import random
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog
from sqlalchemy.orm import Session

from daemon.mail.token import Purpose, Token, digest, sign
from daemon.store import decisions, deliveries, jobs, ledger, tickets
from daemon.store.decisions import Decided
from daemon.store.deliveries import DeliveryState, NewDelivery, RecentCounts
from daemon.store.jobs import JobKind, Lease, NewJob
from daemon.store.queries import snapshots
from daemon.store.queries.snapshots import Snapshot
from daemon.system.clock import Clock
from daemon.tickets import bounces
from daemon.vocabulary import Disposition, Priority, Triage
from workers.jobs import batching
from workers.jobs.batching import BatchedWork
from workers.jobs.executor import WorkWindow
from workers.notify import plan as plans
from workers.notify.plan import AckLimits, Cause, Facts, MailKind, Planned, SendCounts
from workers.triage import preprocess
from workers.triage.classifier import Model
from workers.triage.decide import decide
from workers.triage.policy import TriagePolicy

log = structlog.get_logger(__name__)

CUSTOMER_TOKEN_DAYS = 400
TEAM_TOKEN_DAYS = 30


class ModelSource(Protocol):
    """Gives the model and the certified thresholds that are in force now."""

    def model(self) -> Model | None:
        """Return the current model, None where none can be trusted."""

    def certified(self) -> Mapping[str, float | None]:
        """Return the confidence from which each category keeps the promised accuracy."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What the admin configured, as actors need it. Replaced as a whole on reload."""

    triage: TriagePolicy
    teams: Mapping[str, str]
    own_addresses: frozenset[str]
    limits: AckLimits
    message_id_domain: str


class TriageActor:
    """Decides a PENDING ticket."""

    def __init__(self, clock: Clock, model_source: ModelSource, rules: Callable[[], Rules]) -> None:
        self._clock, self._model_source, self._rules = clock, model_source, rules

    def perform(self, lease: Lease, window: WorkWindow) -> BatchedWork[Sequence[Lease]]:
        """Triage the ticket of a job."""
        del window
        ticket_id = lease.number
        read = yield from batching.read(decisions.texts_of, ticket_id)
        case = preprocess.clean(read.subject, read.text) if read else preprocess.clean("", "")
        draw = random.random()  # noqa: S311 - an audit sample
        triage = decide(case, self._rules().triage, self._model_source.model(), self._model_source.certified(), draw)
        decided = Decided(ticket_id, triage, "rule" if triage.rule else "model")
        return (yield from batching.write(self._apply, (lease, decided)))

    def give_up(self, session: Session, lease: Lease, error: str) -> Sequence[Lease]:
        """Leave the decision to a person, and park the mail."""
        ticket_id = lease.number
        policy = self._rules().triage
        reason = f"triage failed {lease.attempts - 1 or 1} times: {error}"
        triage = Triage(
            policy.fallback_category, Priority.MEDIUM, 0.0, policy.review_team, (reason[:300], "a person decides")
        )
        read = decisions.text_of(session, ticket_id)
        if read and read.inbound_id:
            ledger.settle(session, read.inbound_id, Disposition.PARKED, [reason[:300]], ticket_id)
        return self._decided(session, [(lease, Decided(ticket_id, triage, "fallback"))])[0]

    def _apply(self, session: Session, items: Sequence[tuple[Lease, Decided]]) -> list[list[Lease]]:
        jobs.finish(session, [lease for lease, _ in items], self._clock.now())
        return self._decided(session, items)

    def _decided(self, session: Session, items: Sequence[tuple[Lease, Decided]]) -> list[list[Lease]]:
        now = self._clock.now()
        found = decisions.apply_first(session, [decided for _, decided in items], now)
        for (_, decided), decision in zip(items, found, strict=True):
            if decision is not None:
                _log_decision(decided)
        promised = [[NewJob(JobKind.NOTIFY, f"{snapshots.DECISION}:{one}", now)] if one else [] for one in found]
        return jobs.add_leased(session, [(lease, after) for (lease, _), after in zip(items, promised, strict=True)])


class NotifyActor:
    """Plans who hears of a decision or of a new mail."""

    def __init__(self, clock: Clock, keys: tuple[bytes, ...], rules: Callable[[], Rules]) -> None:
        self._clock, self._keys, self._rules = clock, keys, rules

    def perform(self, lease: Lease, window: WorkWindow) -> BatchedWork[Sequence[Lease]]:
        """Plan the mails of a cause: facts, plan and rows in one transaction, so that limits hold between workers."""
        del window
        return (yield from batching.write(self._plan, lease))

    def give_up(self, session: Session, lease: Lease, error: str) -> Sequence[Lease]:
        """Note on the ticket that nobody was told."""
        ticket_id = snapshots.load_one(session, lease.subject).ticket_id
        tickets.add_event(session, "nobody was told", self._clock.now(), ticket_id=ticket_id, error=error[:300])
        return ()

    def _plan(self, session: Session, leases: Sequence[Lease]) -> list[list[Lease]]:
        now = self._clock.now()
        jobs.finish(session, leases, now)
        loaded = snapshots.load(session, [lease.subject for lease in leases])
        found = [(lease.subject, loaded[lease.subject]) for lease in leases]
        requesters = [snapshot.requester or "" for _, snapshot in found]
        lately = deliveries.lately(session, MailKind.ACKNOWLEDGEMENT, requesters, now)
        bounced = bounces.suppressed(session, {*requesters, *map(self._team_of, loaded.values())}, now)
        rows = [row for cause, snapshot in found for row in self._mails(cause, snapshot, lately, bounced, now)]
        due: dict[str, list[NewJob]] = {}
        for row, delivery in zip(rows, deliveries.add(session, rows), strict=True):
            if delivery is not None and row.state is DeliveryState.PLANNED:
                due.setdefault(row.cause, []).append(NewJob(JobKind.DELIVER, f"delivery:{delivery}", now))
        return jobs.add_leased(session, [(lease, due.pop(lease.subject, ())) for lease in leases])

    def _mails(
        self, cause: str, snapshot: Snapshot, lately: RecentCounts, bounced: frozenset[str], now: datetime
    ) -> Iterator[NewDelivery]:
        """Yield the mails of a cause; those to customers count for the limits of the next."""
        for mail in plans.plan(self._facts(cause, snapshot, lately, bounced)):
            if mail.kind == lately.kind and mail.state == "planned":
                lately.add(mail.recipient)
            yield NewDelivery(
                cause=cause,
                kind=mail.kind,
                recipient=mail.recipient.lower(),
                ticket_id=snapshot.ticket_id,
                message_id=self._message_id(mail, snapshot.ticket_id, now),
                state=DeliveryState(mail.state),
                reason=mail.reason,
                now=now,
            )

    def _facts(self, cause: str, snapshot: Snapshot, lately: RecentCounts, bounced: frozenset[str]) -> Facts:
        rules, email = self._rules(), self._team_of(snapshot)
        sent = lately.to(snapshot.requester or "")
        return Facts(
            cause=_cause(snapshot, cause),
            silent=snapshot.silent,
            requester=snapshot.requester,
            acknowledge=snapshot.message.acknowledge,
            verified=snapshot.message.verified or snapshot.trusted,
            team=(snapshot.team, email) if snapshot.team and email else None,
            author=snapshot.message.author,
            own_addresses=rules.own_addresses,
            suppressed=bounced,
            sent=SendCounts(sent.address_day, sent.address_hour, sent.domain_hour, sent.hour),
            limits=rules.limits,
        )

    def _team_of(self, snapshot: Snapshot) -> str:
        """Return the address of a ticket's team in lower case, "" where there is none."""
        return self._rules().teams.get(snapshot.team or "", "").lower()

    def _message_id(self, planned: Planned, ticket_id: int, now: datetime) -> str:
        mark = sign(token_for(planned.kind, planned.recipient, ticket_id, now), self._keys[0])
        return f"<{mark}.{secrets.token_hex(5)}@{self._rules().message_id_domain}>"


class TrainActor:
    """Trains a model on what people verified."""

    def __init__(self, clock: Clock, train: Callable[[], object]) -> None:
        self._clock, self._train = clock, train

    def perform(self, lease: Lease, window: WorkWindow) -> BatchedWork[Sequence[Lease]]:
        """Train, and promote what is not worse."""
        del window
        self._train()
        return (yield from batching.write(self._finish, lease))

    def give_up(self, session: Session, lease: Lease, error: str) -> Sequence[Lease]:
        """Keep the model that is in force."""
        tickets.add_event(session, "training failed", self._clock.now(), job=lease.job_id, error=error[:300])
        return ()

    def _finish(self, session: Session, leases: Sequence[Lease]) -> list[list[Lease]]:
        jobs.finish(session, leases, self._clock.now())
        return [[] for _ in leases]


def token_for(kind: str, recipient: str, ticket_id: int, now: datetime) -> Token:
    """Return the token that a mail carries: bound to ticket, recipient, purpose and expiry."""
    customer = kind == MailKind.ACKNOWLEDGEMENT
    days = CUSTOMER_TOKEN_DAYS if customer else TEAM_TOKEN_DAYS
    purpose = Purpose.CUSTOMER if customer else Purpose.TEAM
    return Token(purpose, ticket_id, digest(recipient), (now + timedelta(days=days)).date())


def _cause(snapshot: Snapshot, cause: str) -> Cause:
    if cause.startswith(snapshots.MESSAGE):
        return Cause.FOLLOW_UP
    return Cause.OPENED if snapshot.decision is None or snapshot.decision.first else Cause.REASSIGNED


def _log_decision(decided: Decided) -> None:
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
