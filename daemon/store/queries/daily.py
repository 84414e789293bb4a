"""The facts of the daily report to the admin, and the notes for which day each daily email was sent last."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from daemon.facts import DailyCounts
from daemon.store.deliveries import DeliveryState
from daemon.store.models import Alarm, DeliveryRow, InboundRow
from daemon.store.sql import insert_or_ignore
from daemon.vocabulary import Disposition, MailKind

MAX_COUNTED: Final = 10_000_000
# Rows of emails that came at the same time are written in any order, this far apart at most.
DISORDER: Final = timedelta(hours=1)


def counts(session: Session, day: date) -> DailyCounts:
    """Count what came and was suppressed on a day in UTC."""
    start = datetime.combine(day, time(), UTC)
    end = start + timedelta(days=1)
    # No index has the time; the newest row before the day is found by walking back over two days at most.
    before = (
        select(InboundRow.id).where(InboundRow.received_at < start - DISORDER).order_by(InboundRow.id.desc()).limit(1)
    )
    first = session.execute(before).scalar() or 0
    came = (InboundRow.id > first, InboundRow.received_at >= start, InboundRow.received_at < end)
    return DailyCounts(
        day=day,
        emails={state: _count(session, InboundRow.disposition == state, *came) for state in Disposition},
        suppressed=_count(
            session,
            DeliveryRow.kind == MailKind.ACKNOWLEDGEMENT,
            DeliveryRow.state == DeliveryState.SUPPRESSED,
            DeliveryRow.created_at >= start,
            DeliveryRow.created_at < end,
        ),
    )


def is_due(session: Session, key: str, day: date) -> bool:
    """Say whether a daily email is still to be sent for a day; without a note this may be the first day of all."""
    sent = session.execute(select(Alarm.text).where(Alarm.key == key)).scalar()
    return sent is None or sent < day.isoformat()


def claim(session: Session, key: str, day: date, now: datetime, first: date) -> bool:
    """Note that a daily email is sent for a day; return whether the caller is to send it. Of several processes one is.

    The first of all is for the day after `first`.
    """
    session.execute(
        insert_or_ignore(session, Alarm), {"key": key, "text": first.isoformat(), "since": now, "told_at": now}
    )
    moved = session.execute(
        update(Alarm).where(Alarm.key == key, Alarm.text < day.isoformat()).values(text=day.isoformat(), told_at=now)
    )
    return bool(moved.rowcount)  # type: ignore[attr-defined]  # an UPDATE has it


def release(session: Session, key: str, day: date) -> None:
    """Note that the email for a day could not be sent: the next check tries again."""
    session.execute(
        update(Alarm)
        .where(Alarm.key == key, Alarm.text == day.isoformat())
        .values(text=(day - timedelta(days=1)).isoformat())
    )


def _count(session: Session, *conditions: ColumnElement[bool]) -> int:
    found = select(1).where(*conditions).limit(MAX_COUNTED).subquery()
    return session.execute(select(func.count()).select_from(found)).scalar_one()
