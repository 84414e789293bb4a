"""The vectors of tickets, by which similar ones are found: write them, and read those of a team's newest tickets."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from sqlalchemy import Insert, bindparam, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from daemon.store.models import Decision, Ticket, TicketVector
from daemon.store.sql import table, unindexed
from daemon.vocabulary import PENDING, Status

# The newest tickets of a team that are compared with a new one.
SEARCHED: Final = 5_000

TICKET, DECISION, VECTOR = table(Ticket), table(Decision), table(TicketVector)
SELECT_OWN: Final = (
    select(
        DECISION.c.id.label("decision_id"),
        TICKET.c.id,
        TICKET.c.assigned_team,
        TICKET.c.requester_id,
        VECTOR.c.encoder,
        VECTOR.c.vector,
    )
    .select_from(DECISION.join(TICKET, TICKET.c.id == DECISION.c.ticket_id))
    .join(VECTOR, VECTOR.c.ticket_id == TICKET.c.id)
    .where(DECISION.c.id.in_(bindparam("decisions", expanding=True)), TICKET.c.silent.is_(False))
)
# Ids of tickets that are looked through at a time for those without a vector.
LOOKED_AT: Final = 200

SELECT_NEWEST: Final = select(func.coalesce(func.max(TICKET.c.id), 0))
SELECT_ENCODERS: Final = (
    select(
        TICKET.c.id,
        TICKET.c.category,
        select(VECTOR.c.encoder).where(VECTOR.c.ticket_id == TICKET.c.id).correlate(TICKET).scalar_subquery(),
    )
    .where(TICKET.c.id < bindparam("before"), TICKET.c.id >= bindparam("oldest"))
    .order_by(TICKET.c.id.desc())
)
# A look-up for each ticket: joined, a database may read the vectors of all teams.
_VECTOR: Final = (
    select(VECTOR.c.vector)
    .where(
        VECTOR.c.ticket_id == TICKET.c.id,
        VECTOR.c.encoder == bindparam("encoder"),
        func.length(VECTOR.c.vector) == bindparam("width"),
    )
    .correlate(TICKET)
    .scalar_subquery()
)
SELECT_POOL: Final = (
    select(TICKET.c.id, TICKET.c.requester_id, _VECTOR.label("vector"))
    .where(
        TICKET.c.assigned_team == bindparam("team"),
        # What was merged is part of another ticket, which is compared itself.
        TICKET.c.merged_into_id.is_(None),
        unindexed(TICKET.c.status) != Status.SPAM,
    )
    .order_by(TICKET.c.created_at.desc())
    .limit(SEARCHED)
)


@dataclass(frozen=True, slots=True)
class NewVector:
    """The vector of a ticket, a signed byte for each number, made by the encoder of this name."""

    ticket_id: int
    encoder: str
    vector: bytes


@dataclass(frozen=True, slots=True)
class Pool:
    """The newest tickets of a team: ids, requesters, and the vectors one after the other."""

    ids: tuple[int, ...]
    requesters: tuple[int | None, ...]
    vectors: bytes


@dataclass(frozen=True, slots=True)
class Search:
    """The ticket of a decision with its vector, and the tickets that it is to be compared with."""

    ticket_id: int
    requester: int | None
    vector: bytes
    pool: Pool


def put(session: Session, new: Sequence[NewVector]) -> None:
    """Store the vectors of tickets in place of those that they have."""
    if new:
        rows = {
            one.ticket_id: {"ticket_id": one.ticket_id, "encoder": one.encoder, "vector": one.vector} for one in new
        }
        # In the order of the ids, so that workers never wait for one another in a circle.
        session.execute(_upsert(session.get_bind().dialect.name), [rows[key] for key in sorted(rows)])


def newest_ticket(session: Session) -> int:
    """Return the id of the newest ticket, 0 where there is none."""
    newest: int = session.execute(SELECT_NEWEST).scalar_one()
    return newest


def without(session: Session, encoder: str, before: int, most: int) -> tuple[list[int], int]:
    """Return tickets below an id without a vector of this encoder, the newest first, and the next `before`.

    Those that wait for triage are passed over: they get one with their decision.
    """
    oldest = max(0, before - LOOKED_AT)
    rows = session.execute(SELECT_ENCODERS, {"before": before, "oldest": oldest}).all()
    found = [row[0] for row in rows if row[2] != encoder and row[1] != PENDING]
    return (found, oldest) if len(found) <= most else (found[:most], found[most - 1])


def searches(session: Session, decision_ids: Sequence[int | None]) -> list[Search | None]:
    """Return what the ticket of each decision is compared with, in order; None where it cannot be compared.

    The pool of a team is read once for all of them.
    """
    wanted = [one for one in decision_ids if one is not None]
    rows = {row.decision_id: row for row in session.execute(SELECT_OWN, {"decisions": wanted})} if wanted else {}
    pools: dict[tuple[Any, ...], Pool] = {}
    for row in rows.values():
        key = (row.assigned_team, row.encoder, len(row.vector))
        if key not in pools:
            pools[key] = _pool(session, *key)
    return [_search(rows[one], pools) if one is not None and one in rows else None for one in decision_ids]


def _search(row: Any, pools: dict[tuple[Any, ...], Pool]) -> Search:  # noqa: ANN401 - a row of SELECT_OWN
    pool = pools[row.assigned_team, row.encoder, len(row.vector)]
    return Search(row.id, row.requester_id, row.vector, pool)


def _pool(session: Session, team: str, encoder: str, width: int) -> Pool:
    found = session.execute(SELECT_POOL, {"team": team, "encoder": encoder, "width": width})
    rows = [row for row in found if row[2] is not None]
    return Pool(tuple(row[0] for row in rows), tuple(row[1] for row in rows), b"".join(row[2] for row in rows))


@cache
def _upsert(dialect: str) -> Insert:
    statement = postgresql.insert(VECTOR) if dialect == "postgresql" else sqlite.insert(VECTOR)
    new = {"encoder": statement.excluded.encoder, "vector": statement.excluded.vector}
    return statement.on_conflict_do_update(index_elements=[VECTOR.c.ticket_id], set_=new)
