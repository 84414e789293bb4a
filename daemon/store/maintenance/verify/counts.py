"""Compare the ledger with the counts that were written with it: an email that vanished with all its rows is missed."""

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from daemon.store.ledger import BLOCK
from daemon.store.maintenance.verify.rule import Problem
from daemon.store.models import InboundRow, LedgerCount
from daemon.store.store import Store

MAX_NAMED: Final = 10


def vanished(store: Store) -> Iterator[Problem]:
    """Yield what each block of the ledger lacks, or has too much."""
    block = _next_block(store, -1)
    while block is not None:
        yield from _compared(store, block)
        block = _next_block(store, block)


def _compared(store: Store, block: int) -> Iterator[Problem]:
    """Compare one block. Both sides are read in one consistent state, so that emails may come meanwhile."""
    low, high = block * BLOCK, (block + 1) * BLOCK - 1
    with store.read() as session:
        counted = _total(
            session, func.sum(LedgerCount.emails), func.sum(LedgerCount.id_sum), LedgerCount.block == block
        )
        inside = InboundRow.id.between(low, high)
        there = _total(session, func.count(), func.sum(InboundRow.id), inside)
        if counted == there:
            return
        ids = session.execute(select(InboundRow.id).where(inside).order_by(InboundRow.id)).scalars().all()
    where = f"inbound {max(low, 1)} to {high}"
    missing, sum_missing = counted[0] - there[0], counted[1] - there[1]
    if missing == 1:
        yield where, f"email {sum_missing} was accepted and is gone"
    elif missing > 0:
        yield where, f"{missing} emails were accepted and are gone; {_gaps(ids)}"
    else:
        yield where, f"{there[0]} emails are stored, and {counted[0]} were counted when they were accepted"


def _next_block(store: Store, block: int) -> int | None:
    """Return the next block that is counted or stored, None after the last."""
    with store.read() as session:
        counted = session.execute(select(func.min(LedgerCount.block)).where(LedgerCount.block > block)).scalar_one()
        stored = session.execute(
            select(func.min(InboundRow.id)).where(InboundRow.id >= (block + 1) * BLOCK)
        ).scalar_one()
    found = [counted] if counted is not None else []
    return min([*found, stored // BLOCK] if stored is not None else found, default=None)


def _total(session: Session, *query: Any) -> tuple[int, int]:  # noqa: ANN401 - columns and a condition
    *columns, condition = query
    number, ids = session.execute(select(*columns).where(condition)).one()
    return int(number or 0), int(ids or 0)


def _gaps(ids: Any) -> str:  # noqa: ANN401 - a sequence of SQLAlchemy
    """Name the numbers between the stored ones; on PostgreSQL, some may never have been given."""
    there = set(ids)
    gaps = [number for number in range(min(there), max(there)) if number not in there] if there else []
    named = ", ".join(map(str, gaps[:MAX_NAMED])) or "none"
    return f"numbers without an email: {named}{' ...' if len(gaps) > MAX_NAMED else ''}"
