"""The facts of the metrics, each by a query that stays as cheap when the database grows.

States that are left soon are counted up to MAX_COUNTED. What only grows is not counted but followed: `follow` reads
the rows that came since it was last asked, so its counts begin with the process.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import and_, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from daemon.store import unreadable, webhooks
from daemon.store.alarms import DAILY
from daemon.store.deliveries import NOT_SENT, DeliveryState
from daemon.store.jobs import JobState
from daemon.store.models import Alarm, Decision, DeliveryRow, ImapCursor, InboundRow, Job, Ticket
from daemon.store.queries import lists
from daemon.store.sql import count_up_to
from daemon.store.webhooks import EndpointHealth
from daemon.vocabulary import DecidedBy, Disposition, Status

MAX_COUNTED: Final = 10_000
MAX_FOLLOWED: Final = 5_000
# On PostgreSQL, a row can become visible after one with a higher id; its transaction has this long to end.
SETTLED: Final = timedelta(seconds=10)
# The newest decisions in which a model is looked for: it is asked about nearly every ticket, but people correct some.
MAX_MODEL: Final = 100
OPEN_DELIVERIES: Final = (
    *(DeliveryState.PLANNED, DeliveryState.SENDING, DeliveryState.RESENDING, DeliveryState.DEFERRED),
    *(DeliveryState.FAILED, DeliveryState.UNCERTAIN),
)


@dataclass(frozen=True, slots=True)
class MailboxMetrics:
    """A folder of a mailbox: when it was last read, and whether that failed."""

    mailbox: str
    folder: str
    polled_at: datetime | None
    failed: bool


@dataclass(frozen=True, slots=True)
class StoreMetrics:
    """What the database knows now. Ages are given by their beginning; counts end at MAX_COUNTED.

    `tickets` are counted by status and category.
    """

    now: datetime
    tickets: dict[tuple[str, str], int]
    review: int
    review_since: datetime | None
    jobs: dict[str, int]
    job_due_since: datetime | None
    deliveries: dict[str, int]
    deliveries_since: dict[str, datetime]
    parked: int
    unreadable: int
    mailboxes: tuple[MailboxMetrics, ...]
    problems: tuple[str, ...]
    webhooks: tuple[EndpointHealth, ...]
    model: str | None


@dataclass(frozen=True, slots=True)
class Position:
    """The last rows of the ledger and of the decisions that were followed."""

    inbound: int
    decision: int


@dataclass(frozen=True, slots=True)
class EmailFact:
    """An email that came in: where from (smtp, lmtp, imap, http, ...) and its disposition."""

    source: str
    disposition: str


@dataclass(frozen=True, slots=True)
class DecisionFact:
    """A decision on a ticket; `overrides` is the category that a person replaced by another one, else None."""

    by: str
    category: str
    confidence: float
    first: bool
    overrides: str | None


@dataclass(frozen=True, slots=True)
class News:
    """What came since a position, and the position after it."""

    position: Position
    emails: tuple[EmailFact, ...]
    decisions: tuple[DecisionFact, ...]


def state(session: Session, now: datetime, review_team: str, mailboxes: Mapping[str, Sequence[str]]) -> StoreMetrics:
    """Return what the database knows now; `mailboxes` are the folders that are read, by mailbox."""
    waiting = lists.oldest_due(session, now)
    review = and_(Ticket.assigned_team == review_team, Ticket.status == Status.OPEN)
    return StoreMetrics(
        now=now,
        tickets=_tickets(session),
        review=count_up_to(session, MAX_COUNTED, review),
        review_since=session.execute(
            select(Ticket.created_at).where(review).order_by(Ticket.created_at).limit(1)
        ).scalar(),
        jobs={one: count_up_to(session, MAX_COUNTED, Job.state == one) for one in JobState if one is not JobState.DONE},
        job_due_since=waiting[0] if waiting else None,
        deliveries={
            one: count_up_to(session, MAX_COUNTED, DeliveryRow.state == one, NOT_SENT) for one in OPEN_DELIVERIES
        },
        deliveries_since=_deliveries_since(session),
        parked=count_up_to(session, MAX_COUNTED, InboundRow.disposition == Disposition.PARKED),
        unreadable=unreadable.count(session),
        mailboxes=_mailboxes(session, mailboxes),
        problems=tuple(session.execute(select(Alarm.key).where(Alarm.key.not_in(DAILY))).scalars()),
        webhooks=tuple(webhooks.health(session)),
        model=_model(session),
    )


def newest(session: Session) -> Position:
    """Return the position after the newest rows."""
    return Position(_last(session, InboundRow.id), _last(session, Decision.id))


def follow(session: Session, after: Position, now: datetime) -> News:
    """Return what came after a position and is settled, at most MAX_FOLLOWED rows of each kind."""
    emails = session.execute(
        select(InboundRow.id, InboundRow.source, InboundRow.disposition, InboundRow.received_at)
        .where(InboundRow.id > after.inbound)
        .order_by(InboundRow.id)
        .limit(MAX_FOLLOWED)
    ).all()
    before = aliased(Decision)
    decisions = session.execute(
        select(Decision, before.category)
        .outerjoin(before, before.id == Decision.replaces)
        .where(Decision.id > after.decision)
        .order_by(Decision.id)
        .limit(MAX_FOLLOWED)
    ).all()
    emails = emails[: _settled([row.received_at for row in emails], now)]
    decisions = decisions[: _settled([row[0].at for row in decisions], now)]
    return News(
        Position(emails[-1].id if emails else after.inbound, decisions[-1][0].id if decisions else after.decision),
        tuple(EmailFact(row.source.partition(":")[0], row.disposition) for row in emails),
        tuple(_decision(made, replaced) for made, replaced in decisions),
    )


def _decision(made: Decision, replaced: str | None) -> DecisionFact:
    changed = made.by == DecidedBy.PERSON and replaced not in {None, made.category}
    return DecisionFact(made.by, made.category, made.confidence, made.replaces is None, replaced if changed else None)


def _settled(times: Sequence[datetime], now: datetime) -> int:
    """Return the number of rows at the beginning that are older than SETTLED."""
    return next((number for number, at in enumerate(times) if at > now - SETTLED), len(times))


def _tickets(session: Session) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = {}
    for status in (Status.OPEN, Status.WAITING):
        some = select(Ticket.category).where(Ticket.status == status).limit(MAX_COUNTED).subquery()
        counted = session.execute(select(some.c.category, func.count()).group_by(some.c.category))
        found.update({(str(status), row[0]): row[1] for row in counted})
    return found


def _last(session: Session, column: InstrumentedAttribute[int]) -> int:
    return session.execute(select(column).order_by(column.desc()).limit(1)).scalar() or 0


def _deliveries_since(session: Session) -> dict[str, datetime]:
    """Return for each state when its oldest delivery was planned; ids are in that order."""
    found = {}
    for one in OPEN_DELIVERIES:
        where = and_(DeliveryRow.state == one, NOT_SENT)
        at = session.execute(select(DeliveryRow.created_at).where(where).order_by(DeliveryRow.id).limit(1)).scalar()
        if at is not None:
            found[str(one)] = at
    return found


def _mailboxes(session: Session, read: Mapping[str, Sequence[str]]) -> tuple[MailboxMetrics, ...]:
    rows = session.execute(select(ImapCursor).order_by(ImapCursor.account, ImapCursor.folder)).scalars()
    return tuple(
        MailboxMetrics(row.account, row.folder, row.polled_at, bool(row.error))
        for row in rows
        if row.folder in read.get(row.account, ())
    )


def _model(session: Session) -> str | None:
    """Return the version of the model that was asked last."""
    rows = session.execute(select(Decision.model).order_by(Decision.id.desc()).limit(MAX_MODEL)).scalars()
    return next((version for version in rows if version), None)
