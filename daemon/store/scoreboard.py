"""How triage does: who decided, what was sent to review, what people overrode. Reads only."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session, aliased

from daemon.store.models import Decision

MACHINES: Final = ("rule", "model")
PERSON: Final = "person"


@dataclass(frozen=True, slots=True)
class Overrides:
    """Of the tickets that were routed to a category or team, how many a person checked, and how many they changed."""

    kind: str
    name: str
    routed: int
    checked: int
    overridden: int


@dataclass(frozen=True, slots=True)
class Score:
    """First decisions since a moment: all of them, by whom, and how many went to review."""

    decided: int
    by: dict[str, int]
    reviewed: int
    audits: int
    overrides: tuple[Overrides, ...]

    @property
    def coverage(self) -> float | None:
        """Return the share that was routed without a person, None where nothing was decided."""
        return 1 - self.reviewed / self.decided if self.decided else None


def score(session: Session, since: datetime, review_team: str) -> Score:
    """Return how triage did since a moment."""
    first = (Decision.at >= since, Decision.replaces.is_(None))
    who = session.execute(select(Decision.by, func.count()).where(*first).group_by(Decision.by)).all()
    to_review, audited = session.execute(
        select(
            func.sum(case((Decision.team == review_team, 1), else_=0)), func.sum(case((Decision.audit, 1), else_=0))
        ).where(*first)
    ).one()
    return Score(
        decided=sum(number for _, number in who),
        by=dict(who),
        reviewed=int(to_review or 0),
        audits=int(audited or 0),
        overrides=(
            *_overrides(session, since, review_team, "category"),
            *_overrides(session, since, review_team, "team"),
        ),
    )


def _overrides(session: Session, since: datetime, review_team: str, kind: str) -> list[Overrides]:
    said, checked = aliased(Decision), aliased(Decision)
    column = said.category if kind == "category" else said.team
    wrong = case((checked.category != said.category, 1), else_=0)
    rows = session.execute(
        select(column, func.count(said.id), func.count(checked.id), func.sum(wrong))
        .outerjoin(checked, (checked.replaces == said.id) & (checked.by == PERSON))
        .where(said.at >= since, said.by.in_(MACHINES), said.team != review_team)
        .group_by(column)
        .order_by(column)
    )
    return [Overrides(kind, name, routed, seen, int(changed or 0)) for name, routed, seen, changed in rows]
