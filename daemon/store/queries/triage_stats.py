"""How triage does: who decided, what was sent to review, what people overrode. Reads only."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session, aliased

from daemon.store.models import Decision
from daemon.store.sql import unindexed
from daemon.vocabulary import DecidedBy

MACHINES: Final = (DecidedBy.RULE, DecidedBy.MODEL)


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
    who = unindexed(Decision.by)
    deciders = session.execute(select(who, func.count()).where(*first).group_by(who)).all()
    to_review, audited = session.execute(
        select(
            func.sum(case((Decision.team == review_team, 1), else_=0)), func.sum(case((Decision.audit, 1), else_=0))
        ).where(*first)
    ).one()
    return Score(
        decided=sum(number for _, number in deciders),
        by={row[0]: row[1] for row in deciders},
        reviewed=int(to_review or 0),
        audits=int(audited or 0),
        overrides=(
            *_overrides(session, since, review_team, "category"),
            *_overrides(session, since, review_team, "team"),
        ),
    )


def _overrides(session: Session, since: datetime, review_team: str, kind: str) -> list[Overrides]:
    """Count from both ends: no index leads from a decision to the one that replaced it."""
    said, checked = aliased(Decision), aliased(Decision)
    routed = session.execute(
        select(getattr(Decision, kind), func.count())
        .where(Decision.at >= since, unindexed(Decision.by).in_(MACHINES), Decision.team != review_team)
        .group_by(getattr(Decision, kind))
    )
    seen = session.execute(
        select(getattr(said, kind), func.count(), func.sum(case((checked.category != said.category, 1), else_=0)))
        .join(said, said.id == checked.replaces)
        .where(checked.at >= since, unindexed(checked.by) == DecidedBy.PERSON)
        .where(said.at >= since, unindexed(said.by).in_(MACHINES), said.team != review_team)
        .group_by(getattr(said, kind))
    )
    checks = {name: (number, int(changed)) for name, number, changed in seen}
    return [Overrides(kind, name, number, *checks.get(name, (0, 0))) for name, number in sorted(routed)]
