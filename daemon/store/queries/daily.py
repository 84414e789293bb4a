"""The facts of the daily report to the admin."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from daemon.facts import DailyCounts
from daemon.store.deliveries import DeliveryState
from daemon.store.models import DeliveryRow, InboundRow
from daemon.store.sql import count_up_to
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
        emails={
            state: count_up_to(session, MAX_COUNTED, InboundRow.disposition == state, *came) for state in Disposition
        },
        suppressed=count_up_to(
            session,
            MAX_COUNTED,
            DeliveryRow.kind == MailKind.ACKNOWLEDGEMENT,
            DeliveryRow.state == DeliveryState.SUPPRESSED,
            DeliveryRow.created_at >= start,
            DeliveryRow.created_at < end,
        ),
    )
