"""Figures of the last weeks: tickets a day, confidence, times to answer and to resolve, and the age of what is open."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Final

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session

from daemon.store.models import Decision, Ticket
from daemon.store.sql import count_up_to, unindexed
from daemon.vocabulary import DecidedBy, Status

BINS: Final = 10
# Tickets and decisions that are read, the newest; more would hardly change a share or a median.
READ: Final = 5000


@dataclass(frozen=True, slots=True)
class DayCount:
    """How many tickets were opened on a day (UTC)."""

    day: date
    tickets: int


@dataclass(frozen=True, slots=True)
class Times:
    """How long customers waited, for each ticket that was answered or resolved."""

    to_answer: Sequence[timedelta]
    to_resolve: Sequence[timedelta]


def tickets_a_day(session: Session, now: datetime, days: int) -> list[DayCount]:
    """Count the tickets of each of the last days, the oldest first."""
    first = datetime.combine(now.date() - timedelta(days=days - 1), time(), now.tzinfo)
    # One count a day: each reads its part of the index, on every database.
    return [_day(session, first + timedelta(days=number)) for number in range(days)]


def _day(session: Session, start: datetime) -> DayCount:
    wanted = (Ticket.created_at >= start, Ticket.created_at < start + timedelta(days=1))
    return DayCount(start.date(), session.execute(select(func.count(Ticket.created_at)).where(*wanted)).scalar_one())


def start_of_newest(session: Session, since: datetime) -> datetime:
    """Return since when there are at most READ decisions, not before a time."""
    times = select(Decision.at).order_by(Decision.at.desc()).offset(READ).limit(1)
    at = session.execute(times).scalar_one_or_none()
    return since if at is None else max(since, at)


def confidences(session: Session, since: datetime) -> list[int]:
    """Count the decisions of the model by their confidence, in BINS equal parts from 0 to 1."""
    row = session.execute(
        select(*(func.sum(case((_in_bin(number), 1), else_=0)) for number in range(BINS))).where(
            Decision.at >= since, unindexed(Decision.by) == DecidedBy.MODEL
        )
    ).one()
    return [int(number or 0) for number in row]


def _in_bin(number: int) -> ColumnElement[bool]:
    low, high = Decision.confidence >= number / BINS, Decision.confidence < (number + 1) / BINS
    return low & high if number < BINS - 1 else low


def times(session: Session, since: datetime) -> Times:
    """Return how long the newest tickets since a time took, at most READ of them."""
    rows = session.execute(
        select(Ticket.created_at, Ticket.first_answer_at, Ticket.resolved_at)
        .where(Ticket.created_at >= since)
        .order_by(Ticket.created_at.desc())
        .limit(READ)
    ).all()
    return Times(
        [answered - opened for opened, answered, _ in rows if answered is not None],
        [resolved - opened for opened, _, resolved in rows if resolved is not None],
    )


def ages(session: Session, now: datetime, limits: Sequence[timedelta]) -> list[int]:
    """Count the open tickets by age: younger than each limit and not than the one before, and those older than all.

    READ stands for READ or more.
    """
    bounds = [now + timedelta(days=1), *(now - limit for limit in limits), None]
    return [_opened_between(session, young, old) for young, old in pairwise(bounds) if young is not None]


def _opened_between(session: Session, before: datetime, since: datetime | None) -> int:
    wanted = [Ticket.status == Status.OPEN, Ticket.created_at < before]
    if since is not None:
        wanted.append(Ticket.created_at >= since)
    return count_up_to(session, READ, *wanted)
