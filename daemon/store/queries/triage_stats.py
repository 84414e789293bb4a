"""Statistics of triage: who decided, how many tickets went to review, how many decisions people overrode."""

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
    """Numbers of tickets that were decided for a category or team, routed to it, checked by a person, and changed.

    `kind` is "category" or "team", `name` the category or team. What was decided for a category and not routed went to
    review; what was decided for a team was routed to it.
    """

    kind: str
    name: str
    decided: int
    routed: int
    checked: int
    overridden: int


@dataclass(frozen=True, slots=True)
class Score:
    """Numbers of first decisions since a time: in all, by DecidedBy, sent to review, and marked for audit."""

    decided: int
    by: dict[str, int]
    reviewed: int
    audits: int
    overrides: tuple[Overrides, ...]

    @property
    def coverage(self) -> float | None:
        """Return the share that did not go to review; None if nothing was decided."""
        return 1 - self.reviewed / self.decided if self.decided else None


def score(session: Session, since: datetime, review_team: str) -> Score:
    """Return the statistics since a time."""
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
    """Join from the replacing decision: no index leads from a decision to the one that replaced it."""
    automatic, checked = aliased(Decision), aliased(Decision)
    decided = session.execute(
        select(getattr(Decision, kind), func.count(), func.sum(case((Decision.team != review_team, 1), else_=0)))
        .where(Decision.at >= since, unindexed(Decision.by).in_(MACHINES))
        .group_by(getattr(Decision, kind))
    )
    seen = session.execute(
        select(
            getattr(automatic, kind), func.count(), func.sum(case((checked.category != automatic.category, 1), else_=0))
        )
        .join(automatic, automatic.id == checked.replaces)
        .where(checked.at >= since, unindexed(checked.by) == DecidedBy.PERSON)
        .where(automatic.at >= since, unindexed(automatic.by).in_(MACHINES), automatic.team != review_team)
        .group_by(getattr(automatic, kind))
    )
    checks = {name: (number, int(changed)) for name, number, changed in seen}
    return [
        Overrides(kind, name, number, int(routed), *checks.get(name, (0, 0)))
        for name, number, routed in sorted(decided)
        if (kind, name) != ("team", review_team)
    ]
