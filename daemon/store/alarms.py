"""Alarms: the problems that the admin was alerted of, and for which day each daily email was sent last."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from daemon.facts import Problem
from daemon.store.models import Alarm
from daemon.store.sql import insert_or_ignore

DAILY_REPORT = "daily report"
DAILY_QUESTIONS = "daily questions"
# The rows of these note a day and are no problem.
DAILY = (DAILY_REPORT, DAILY_QUESTIONS)
# Problems of the host, the models or the connections of one process; others may not see them.
OF_ONE_PROCESS = ("disk", "outgoing", "sender", "unreached", "drift", "model", "encoder")
# How long such a problem counts after a process saw it last; each looks twice a minute.
SEEN_COUNTS = timedelta(minutes=3)
# A note of a later day is of a clock that was wrong: believed, it would silence a daily email until that day.
MAX_AHEAD = timedelta(days=1)


def report(session: Session, problem: Problem, now: datetime) -> None:
    """Record a problem that only this process sees, for the process that alerts the admin."""
    row = {"key": problem.key, "text": problem.text, "since": now, "told_at": None}
    session.execute(insert_or_ignore(session, Alarm), row)
    session.execute(update(Alarm).where(Alarm.key == problem.key).values(text=problem.text, since=now))


def raise_alarms(session: Session, problems: Sequence[Problem], now: datetime) -> list[Problem]:
    """Replace the stored problems by the current ones; return those that the admin must be alerted of now.

    If several processes see the same problem, it is returned to one of them only. One of OF_ONE_PROCESS is over once
    no process has seen it for a while.
    """
    keys = [problem.key for problem in problems]
    is_over = or_(Alarm.key.not_in(OF_ONE_PROCESS), Alarm.since <= now - SEEN_COUNTS)
    session.execute(delete(Alarm).where(Alarm.key.not_in([*keys, *DAILY]), is_over))
    for problem in problems:
        row = {"key": problem.key, "text": problem.text, "since": now, "told_at": None}
        session.execute(insert_or_ignore(session, Alarm), row)
    session.execute(update(Alarm).where(Alarm.key.in_(set(keys) & set(OF_ONE_PROCESS))).values(since=now))
    unsent = set(session.execute(select(Alarm.key).where(Alarm.key.in_(keys), Alarm.told_at.is_(None))).scalars())
    session.execute(update(Alarm).where(Alarm.key.in_(unsent), Alarm.told_at.is_(None)).values(told_at=now))
    return [problem for problem in problems if problem.key in unsent]


def mark_unsent(session: Session, keys: Sequence[str]) -> None:
    """Note that an alert could not be sent, so that the next round sends it again."""
    session.execute(update(Alarm).where(Alarm.key.in_(keys)).values(told_at=None))


def is_daily_due(session: Session, key: str, day: date) -> bool:
    """Say whether a daily email is still to be sent for a day; without a note this may be the first day of all."""
    sent = session.execute(select(Alarm.text).where(Alarm.key == key)).scalar()
    return sent is None or not day.isoformat() <= sent <= (day + MAX_AHEAD).isoformat()


def claim_daily(session: Session, key: str, day: date, now: datetime, first: date) -> bool:
    """Note that a daily email is sent for a day; return whether the caller is to send it. Of several processes one is.

    The first of all is for the day after `first`.
    """
    session.execute(
        insert_or_ignore(session, Alarm), {"key": key, "text": first.isoformat(), "since": now, "told_at": now}
    )
    is_due = or_(Alarm.text < day.isoformat(), Alarm.text > (day + MAX_AHEAD).isoformat())
    moved = session.execute(update(Alarm).where(Alarm.key == key, is_due).values(text=day.isoformat(), told_at=now))
    return bool(moved.rowcount)  # type: ignore[attr-defined]  # an UPDATE has it


def release_daily(session: Session, key: str, day: date) -> None:
    """Note that the email for a day could not be sent: the next check tries again."""
    session.execute(
        update(Alarm)
        .where(Alarm.key == key, Alarm.text == day.isoformat())
        .values(text=(day - timedelta(days=1)).isoformat())
    )
