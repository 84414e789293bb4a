"""Boilerplate: blocks of text at the top or end of emails, and the number of domains that sent each."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, TypeAlias

from sqlalchemy import Row, bindparam, delete, func, select, update
from sqlalchemy.orm import Session

from daemon.mail.reply.boilerplate import Block
from daemon.store.models import BoilerplateRow
from daemon.store.sql import insert_or_ignore, table, unindexed

# The companies of a group, and a person with a few free addresses, share a text; five domains of strangers do not.
LEARNED_DOMAINS: Final = 5
# While a service is down, many customers end their emails with the same error message, for a day or two.
LEARNED_DAYS: Final = 3
KEPT_DOMAINS: Final = 20
SEEN_LIMIT: Final = 10_000
LEARNED_LIMIT: Final = 1000
# Old rows are deleted once per this many new ones.
PRUNE_EVERY: Final = 500
# A learned block is in nearly every email; when it was seen last matters to the day only.
SEEN_AGAIN: Final = timedelta(days=1)

RowOf: TypeAlias = Row[Any, Any, Any, Any, Any, Any]
ROW: Final = table(BoilerplateRow)


@dataclass(slots=True)
class FoundBlock:
    """A block of the emails at hand, with the domains that sent it, the days on which, and the time of the last."""

    block: Block
    at: datetime
    domains: list[str] = field(default_factory=list)
    days: list[str] = field(default_factory=list)


class BlockState(StrEnum):
    """What is known of a block: seen from few domains, learned from many, or forgotten by a person."""

    SEEN = "seen"
    LEARNED = "learned"
    FORGOTTEN = "forgotten"


@dataclass(frozen=True, slots=True)
class Sighting:
    """The blocks of an email that may be learned, the digests of those left out, and its domain as a short hash."""

    blocks: tuple[Block, ...]
    left_out: tuple[str, ...]
    domain: str
    at: datetime


@dataclass(frozen=True, slots=True)
class BlockLine:
    """A row of the list of blocks; `domains` is their number, KEPT_DOMAINS at most."""

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


def note(session: Session, sightings: Sequence[Sighting]) -> None:
    """Count the domains of blocks; a block of enough domains is learned, and the oldest rows past the limits go.

    Two workers that count a block at the same moment may lose one domain: it is learned one email later.
    """
    found = _gather(sightings)
    left_out = {digest: seen.at for seen in sightings for digest in seen.left_out}
    if not found and not left_out:
        return
    rows = {row.digest: row for row in session.execute(SELECT_BLOCKS, {"digests": [*found, *left_out]})}
    # In the order of the digests, so that workers never wait for one another in a circle.
    ordered = sorted(found)
    new = [_new_row(found[digest]) for digest in ordered if digest not in rows]
    changed = [_change(rows[digest], found[digest]) for digest in ordered if _is_news(rows.get(digest), found[digest])]
    if new:
        session.execute(insert_or_ignore(session, BoilerplateRow), new)
        _prune(session, len(new))
    if changed:
        session.execute(UPDATE_BLOCK, changed)
    late = [(rows[digest], at) for digest, at in sorted(left_out.items()) if digest in rows]
    touched = [{"row": row.id, "now": at} for row, at in late if at - row.seen_at >= SEEN_AGAIN]
    if touched:
        session.execute(TOUCH_BLOCK, touched)


def _gather(sightings: Sequence[Sighting]) -> dict[str, FoundBlock]:
    found: dict[str, FoundBlock] = {}
    for seen in sightings:
        for block in seen.blocks if seen.domain else ():
            one = found.setdefault(block.digest, FoundBlock(block, seen.at))
            one.at = seen.at
            one.domains = _union(one.domains, [seen.domain], KEPT_DOMAINS)
            one.days = _union(one.days, [seen.at.date().isoformat()], LEARNED_DAYS)
    return found


def _union(some: Sequence[str], more: Sequence[str], limit: int) -> list[str]:
    return [*dict.fromkeys([*some, *more])][:limit]


def _is_news(row: RowOf | None, found: FoundBlock) -> bool:
    """Return whether a known block came from a domain, or on a day, that still counts."""
    if row is None or row.state == BlockState.FORGOTTEN:
        return False
    domains = _union(row.domains, found.domains, KEPT_DOMAINS)
    return bool(domains != row.domains or _union(row.days, found.days, LEARNED_DAYS) != row.days)


def _new_row(found: FoundBlock) -> dict[str, Any]:
    values = _judged(found.block, found.domains, found.days)
    return {**values, "digest": found.block.digest, "seen_at": found.at, "forgotten_by": None}


def _change(row: RowOf, found: FoundBlock) -> dict[str, Any]:
    domains = _union(row.domains, found.domains, KEPT_DOMAINS)
    values = _judged(found.block, domains, _union(row.days, found.days, LEARNED_DAYS))
    return {f"to_{name}": value for name, value in values.items()} | {"row": row.id, "was": row.state, "now": found.at}


def _judged(block: Block, domains: list[str], days: list[str]) -> dict[str, Any]:
    """Return the columns of a block that depend on where and when it was seen."""
    learned = len(domains) >= LEARNED_DOMAINS and len(days) >= LEARNED_DAYS
    state, excerpt = (BlockState.LEARNED, block.excerpt) if learned else (BlockState.SEEN, "")
    return {"state": state, "excerpt": excerpt, "domains": domains, "days": days}


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
