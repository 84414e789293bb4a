"""One actor per job: load what is stored, call pure code, write the effects and finish the job in one transaction."""

import random
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog
from sqlalchemy.orm import Session

from daemon.clock import Clock
from daemon.mail.token import Purpose, Token, digest, sign
from daemon.store import bounces, correspondence, decisions, deliveries, jobs, tickets
from daemon.store import inbound as ledger
from daemon.store.correspondence import Snapshot
from daemon.store.deliveries import DeliveryState
from daemon.store.jobs import JobKind, Lease, Promise
from daemon.store.store import Store
from daemon.ticket import Disposition, Priority, Triage
from workers.notify import plan as plans
from workers.notify.plan import AckLimits, Cause, Counts, Facts, Kind, Planned
from workers.outcome import written
from workers.triage import text
from workers.triage.classifier import Model
from workers.triage.decide import decide
from workers.triage.policy import Policy

log = structlog.get_logger(__name__)

CUSTOMER_TOKEN_DAYS = 400
TEAM_TOKEN_DAYS = 30


class Brain(Protocol):
    """Gives the model and the certified thresholds that are in force now."""

    def model(self) -> Model | None:
        """Return the current model, None where none can be trusted."""

    def certified(self) -> Mapping[str, float | None]:
        """Return the confidence from which each category keeps the promised accuracy."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What the admin configured, as actors need it. Replaced as a whole on reload."""

    triage: Policy
    teams: Mapping[str, str]
    own_addresses: frozenset[str]
    limits: AckLimits
    message_id_domain: str


class TriageActor:
    """Decides a PENDING ticket."""

    def __init__(self, store: Store, clock: Clock, brain: Brain, rules: Callable[[], Rules]) -> None:
        self._store, self._clock, self._brain, self._rules = store, clock, brain, rules

    def perform(self, lease: Lease) -> Sequence[Lease]:
        """Triage the ticket of a job."""
        ticket_id = _number(lease.subject)
        with self._store.read() as session:
            read = decisions.text_of(session, ticket_id)
        case = text.clean(read.subject, read.reply, read.text) if read else text.clean("", "", "")
        triage = decide(case, self._rules().triage, self._brain.model(), self._brain.certified(), random.random())  # noqa: S311 - an audit sample
        by = "rule" if triage.rule else "model"
        return written(self._store, lambda session: self._apply(session, lease, ticket_id, triage, by))

    def give_up(self, session: Session, lease: Lease, error: str) -> Sequence[Lease]:
        """Leave the decision to a person, and park the mail."""
        ticket_id = _number(lease.subject)
        policy = self._rules().triage
        reason = f"triage failed {lease.attempts - 1 or 1} times: {error}"
        triage = Triage(
            policy.fallback_category, Priority.MEDIUM, 0.0, policy.review_team, (reason[:300], "a person decides")
        )
        read = decisions.text_of(session, ticket_id)
        if read and read.inbound_id:
            ledger.settle(session, read.inbound_id, Disposition.PARKED, [reason[:300]], ticket_id)
        return self._decided(session, lease, ticket_id, triage, "fallback")

    def _apply(self, session: Session, lease: Lease, ticket_id: int, triage: Triage, by: str) -> Sequence[Lease]:
        jobs.finish(session, lease, self._clock.now())
        return self._decided(session, lease, ticket_id, triage, by)

    def _decided(self, session: Session, lease: Lease, ticket_id: int, triage: Triage, by: str) -> Sequence[Lease]:
        now = self._clock.now()
        decision = decisions.apply_first(session, ticket_id, triage, now, by=by)
        if decision is None:
            return ()
        log.info(
            "ticket triaged",
            ticket=ticket_id,
            category=triage.category,
            priority=str(triage.priority),
            confidence=round(triage.confidence, 3),
            team=triage.team,
            by=by,
        )
        return jobs.go_on(session, lease, [Promise(JobKind.NOTIFY, f"{correspondence.DECISION}:{decision}", now)])


class NotifyActor:
    """Plans who hears of a decision or of a new mail."""

    def __init__(self, store: Store, clock: Clock, keys: tuple[bytes, ...], rules: Callable[[], Rules]) -> None:
        self._store, self._clock, self._keys, self._rules = store, clock, keys, rules

    def perform(self, lease: Lease) -> Sequence[Lease]:
        """Plan the mails of a cause: facts, plan and rows in one transaction, so that limits hold between workers."""
        return written(self._store, lambda session: self._plan(session, lease))

    def give_up(self, session: Session, lease: Lease, error: str) -> Sequence[Lease]:
        """Note on the ticket that nobody was told."""
        ticket_id = correspondence.load(session, lease.subject).ticket_id
        tickets.add_event(session, "nobody was told", self._clock.now(), ticket_id=ticket_id, error=error[:300])
        return ()

    def _plan(self, session: Session, lease: Lease) -> Sequence[Lease]:
        now, cause = self._clock.now(), lease.subject
        jobs.finish(session, lease, now)
        snapshot = correspondence.load(session, cause)
        planned = [self._add(session, cause, mail, snapshot, now) for mail in self._planned(session, snapshot, cause)]
        due = [f"delivery:{delivery}" for delivery in planned if delivery]
        return jobs.go_on(session, lease, [Promise(JobKind.DELIVER, subject, now) for subject in due])

    def _planned(self, session: Session, snapshot: Snapshot, cause: str) -> tuple[Planned, ...]:
        rules, now, requester = self._rules(), self._clock.now(), snapshot.requester or ""
        email = rules.teams.get(snapshot.team or "")
        sent = deliveries.recent(session, Kind.ACKNOWLEDGEMENT, requester, now)
        addresses = {requester, (email or "").lower()}
        return plans.plan(
            Facts(
                cause=_cause(snapshot, cause),
                silent=snapshot.silent,
                requester=snapshot.requester,
                acknowledge=snapshot.message.acknowledge,
                verified=snapshot.message.verified or snapshot.trusted,
                team=(snapshot.team, email) if snapshot.team and email else None,
                author=snapshot.message.author,
                own_addresses=rules.own_addresses,
                suppressed=bounces.suppressed(session, addresses, now),
                sent=Counts(sent.address_day, sent.address_hour, sent.domain_hour, sent.hour),
                limits=rules.limits,
            )
        )

    def _add(self, session: Session, cause: str, planned: Planned, snapshot: Snapshot, now: datetime) -> int | None:
        """Add a delivery and return its id; None where nothing is to be sent, or the same one is planned already."""
        delivery = deliveries.add(
            session,
            cause=cause,
            kind=planned.kind,
            recipient=planned.recipient,
            ticket_id=snapshot.ticket_id,
            message_id=self._message_id(planned, snapshot.ticket_id, now),
            state=DeliveryState(planned.state),
            reason=planned.reason,
            now=now,
        )
        return None if planned.state == "suppressed" else delivery

    def _message_id(self, planned: Planned, ticket_id: int, now: datetime) -> str:
        mark = sign(token_for(planned.kind, planned.recipient, ticket_id, now), self._keys[0])
        return f"<{mark}.{secrets.token_hex(5)}@{self._rules().message_id_domain}>"


class TrainActor:
    """Trains a model on what people verified."""

    def __init__(self, store: Store, clock: Clock, train: Callable[[], object]) -> None:
        self._store, self._clock, self._train = store, clock, train

    def perform(self, lease: Lease) -> Sequence[Lease]:
        """Train, and promote what is not worse."""
        self._train()
        self._store.write(lambda session: jobs.finish(session, lease, self._clock.now()))
        return ()

    def give_up(self, session: Session, lease: Lease, error: str) -> Sequence[Lease]:
        """Keep the model that is in force."""
        tickets.add_event(session, "training failed", self._clock.now(), job=lease.job_id, error=error[:300])
        return ()


def token_for(kind: str, recipient: str, ticket_id: int, now: datetime) -> Token:
    """Return the token that a mail carries: bound to ticket, recipient, purpose and expiry."""
    customer = kind == Kind.ACKNOWLEDGEMENT
    days = CUSTOMER_TOKEN_DAYS if customer else TEAM_TOKEN_DAYS
    purpose = Purpose.CUSTOMER if customer else Purpose.TEAM
    return Token(purpose, ticket_id, digest(recipient), (now + timedelta(days=days)).date())


def _cause(snapshot: Snapshot, cause: str) -> Cause:
    if cause.startswith(correspondence.MESSAGE):
        return Cause.FOLLOW_UP
    return Cause.OPENED if snapshot.decision is None or snapshot.decision.first else Cause.REASSIGNED


def _number(subject: str) -> int:
    return int(subject.partition(":")[2])
