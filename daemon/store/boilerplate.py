"""Boilerplate: blocks of text at the top or end of emails, and the number of domains that sent each."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, TypeAlias

from sqlalchemy import Row, bindparam, delete, func, select, update
from sqlalchemy.orm import Session

from daemon.store.models import BoilerplateRow
from daemon.store.sql import insert_or_ignore, table, unindexed

SEEN_LIMIT: Final = 10_000
LEARNED_LIMIT: Final = 1000
# Old rows are deleted once per this many new ones.
PRUNE_EVERY: Final = 500
RowOf: TypeAlias = Row[Any, Any, Any, Any, Any, Any]
ROW: Final = table(BoilerplateRow)


class BlockState(StrEnum):
    """What is known of a block: seen from few domains, learned from many, or forgotten by a person."""

    SEEN = "seen"
    LEARNED = "learned"
    FORGOTTEN = "forgotten"


@dataclass(frozen=True, slots=True)
class BlockLine:
    """A row of the list of blocks; `domains` is the number of those that were kept."""

    id: int
    state: str
    domains: int
    seen_at: datetime
    forgotten_by: str | None
    excerpt: str


SELECT_BLOCKS: Final = select(ROW.c.id, ROW.c.digest, ROW.c.state, ROW.c.domains, ROW.c.days, ROW.c.seen_at).where(
    ROW.c.digest.in_(bindparam("digests", expanding=True))
)
UPDATE_BLOCK: Final = (
    update(ROW)
    # Somebody may have asked to forget it meanwhile.
    .where(ROW.c.id == bindparam("row"), unindexed(ROW.c.state) == bindparam("was"))
    .values(
        state=bindparam("to_state"),
        domains=bindparam("to_domains"),
        days=bindparam("to_days"),
        excerpt=bindparam("to_excerpt"),
        seen_at=bindparam("now"),
    )
)
TOUCH_BLOCK: Final = update(ROW).where(ROW.c.id == bindparam("row")).values(seen_at=bindparam("now"))
SELECT_NEWEST: Final = select(func.coalesce(func.max(ROW.c.id), 0))
NEWEST_OF_STATE: Final = (
    select(ROW.c.id).where(ROW.c.state == bindparam("state")).order_by(ROW.c.seen_at.desc(), ROW.c.id.desc())
)
SELECT_OLDEST: Final = NEWEST_OF_STATE.offset(bindparam("keep")).limit(2 * PRUNE_EVERY)
DELETE_BLOCKS: Final = delete(ROW).where(ROW.c.id.in_(bindparam("rows", expanding=True)))
SELECT_LEARNED: Final = (
    select(ROW.c.digest)
    .where(ROW.c.state == BlockState.LEARNED)
    .order_by(ROW.c.seen_at.desc(), ROW.c.id.desc())
    .limit(LEARNED_LIMIT)
)


def known(session: Session, digests: Collection[str]) -> dict[str, RowOf]:
    """Return the rows of those of these blocks that are known, by digest."""
    return {row.digest: row for row in session.execute(SELECT_BLOCKS, {"digests": list(digests)})}


def add(session: Session, new: Sequence[dict[str, Any]]) -> None:
    """Add rows of new blocks, except those that another worker added meanwhile; the oldest rows past the limits go."""
    if new:
        session.execute(insert_or_ignore(session, BoilerplateRow), new)
        _prune(session, len(new))


def change(session: Session, changed: Sequence[dict[str, Any]]) -> None:
    """Change rows that are still in the state that they were read in."""
    if changed:
        session.execute(UPDATE_BLOCK, changed)


def touch(session: Session, touched: Sequence[dict[str, Any]]) -> None:
    """Note when blocks were seen last."""
    if touched:
        session.execute(TOUCH_BLOCK, touched)


def _prune(session: Session, added: int) -> None:
    """Delete the oldest rows past the limits, once in PRUNE_EVERY new rows."""
    newest = session.execute(SELECT_NEWEST).scalar_one()
    if newest // PRUNE_EVERY == (newest - added) // PRUNE_EVERY:
        return
    for state, keep in ((BlockState.SEEN, SEEN_LIMIT), (BlockState.LEARNED, LEARNED_LIMIT)):
        old = session.execute(SELECT_OLDEST, {"state": state, "keep": keep}).scalars().all()
        if old:
            session.execute(DELETE_BLOCKS, {"rows": old})


def learned(session: Session) -> frozenset[str]:
    """Return the digests of the learned blocks."""
    return frozenset(session.execute(SELECT_LEARNED).scalars())


def forget(session: Session, row_id: int, actor: str) -> bool:
    """Read a block from now on, and never learn it again; return False if there is no such block."""
    done = session.execute(
        update(ROW).where(ROW.c.id == row_id).values(state=BlockState.FORGOTTEN, forgotten_by=actor).returning(ROW.c.id)
    )
    return done.one_or_none() is not None


def list_blocks(session: Session, state: BlockState, limit: int) -> list[BlockLine]:
    """Return the blocks in a state, those seen last first."""
    columns = (ROW.c.id, ROW.c.state, ROW.c.domains, ROW.c.seen_at, ROW.c.forgotten_by, ROW.c.excerpt)
    query = select(*columns).where(ROW.c.state == state).order_by(ROW.c.seen_at.desc(), ROW.c.id.desc()).limit(limit)
    return [
        BlockLine(row.id, row.state, len(row.domains), row.seen_at, row.forgotten_by, row.excerpt)
        for row in session.execute(query)
    ]


def counts(session: Session) -> dict[str, int]:
    """Return the number of blocks in each state."""
    return {str(s): n for s, n in session.execute(select(ROW.c.state, func.count()).group_by(ROW.c.state))}
