"""The earlier tickets that are similar to one: those that its team was shown, read again."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Column, ScalarSelect, bindparam, select
from sqlalchemy.orm import Session

from daemon.snapshots import SimilarTicket, TicketSnapshot
from daemon.store.models import AnswerRow, Decision, MessageRow, Person, SimilarRow, Ticket
from daemon.store.sql import table, unindexed
from daemon.vocabulary import AnswerState, Status

SHOWN: Final = 3

TICKET, ANSWER, MESSAGE, PERSON = table(Ticket), table(AnswerRow), table(MessageRow), table(Person)
DECISION, SIMILAR = table(Decision), table(SimilarRow)
# Decisions of a ticket, the newest first, that are searched for what its team was shown.
MAX_DECISIONS: Final = 50


def _of_first_answer(column: Column[str]) -> ScalarSelect[str]:
    """Return a column of the first answer that a customer got, or of its author, for the ticket of the outer query."""
    return (
        select(column)
        .select_from(ANSWER.outerjoin(MESSAGE, MESSAGE.c.id == ANSWER.c.message_id))
        .outerjoin(PERSON, PERSON.c.id == MESSAGE.c.person_id)
        .where(ANSWER.c.ticket_id == TICKET.c.id, unindexed(ANSWER.c.state) == AnswerState.SENT)
        .order_by(ANSWER.c.id)
        .limit(1)
        .correlate(TICKET)
        .scalar_subquery()
    )


SELECT_TICKETS: Final = select(
    *(TICKET.c[name] for name in ("id", "reference", "category", "subject", "status", "assigned_team")),
    *(TICKET.c[name] for name in ("created_at", "first_answer_at")),
    _of_first_answer(ANSWER.c.author).label("author"),
    _of_first_answer(PERSON.c.name).label("name"),
).where(
    TICKET.c.id.in_(bindparam("tickets", expanding=True)),
    unindexed(TICKET.c.status) != Status.SPAM,
    TICKET.c.merged_into_id.is_(None),
)
SELECT_DECISIONS: Final = (
    select(DECISION.c.id)
    .where(DECISION.c.ticket_id == bindparam("ticket"))
    .order_by(DECISION.c.id.desc())
    .limit(MAX_DECISIONS)
)
SELECT_FOUND: Final = select(SIMILAR.c.decision_id, SIMILAR.c.found).where(
    SIMILAR.c.decision_id.in_(bindparam("decisions", expanding=True))
)
SELECT_TEAM: Final = select(TICKET.c.assigned_team).where(TICKET.c.id == bindparam("ticket"))


def read(found: Sequence[Mapping[str, Any]] | None) -> tuple[SimilarTicket, ...]:
    """Return what a row of SimilarRow keeps."""
    return tuple(SimilarTicket(**one) for one in found or ())


def still_shown(session: Session, ticket: TicketSnapshot) -> tuple[SimilarTicket, ...]:
    """Return what the email about a decision shows, as it was kept, without what its team may not see any more."""
    kept = ticket.decision.similar if ticket.decision else ()
    if not kept:
        return ()
    known = tickets(session, [one.ticket_id for one in kept])
    return tuple(one for one in kept if one.ticket_id in known and known[one.ticket_id][1] == ticket.team)


def of_ticket(session: Session, ticket_id: int) -> tuple[SimilarTicket, ...]:
    """Return the similar earlier tickets of the team that has a ticket now, as they are now."""
    decisions = session.execute(SELECT_DECISIONS, {"ticket": ticket_id}).scalars().all()
    rows = session.execute(SELECT_FOUND, {"decisions": decisions}).all() if decisions else ()
    if not rows:
        return ()
    ids = [one.ticket_id for one in read(max(rows, key=lambda row: row.decision_id).found)]
    known, team = tickets(session, ids), session.execute(SELECT_TEAM, {"ticket": ticket_id}).scalar_one()
    return tuple(known[one][0] for one in ids if one in known and known[one][1] == team)


def tickets(session: Session, ids: Collection[int]) -> dict[int, tuple[SimilarTicket, str]]:
    """Return tickets as they are now, each with its team; without spam and what was merged."""
    rows = session.execute(SELECT_TICKETS, {"tickets": list(ids)}) if ids else ()
    return {row.id: (_ticket(row), row.assigned_team) for row in rows}


def _ticket(row: Any) -> SimilarTicket:  # noqa: ANN401 - a row of SELECT_TICKETS
    answered = row.first_answer_at is not None
    seconds = max(0, round((row.first_answer_at - row.created_at).total_seconds())) if answered else None
    who = (row.name or row.author or "") if answered else ""
    return SimilarTicket(
        ticket_id=row.id,
        reference=row.reference,
        category=row.category,
        answered_by=who,
        seconds=seconds,
        subject=row.subject,
        status=row.status,
    )
