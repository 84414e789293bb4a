"""A dry run of triage: what would be decided; nothing is stored and nobody is notified."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

from daemon.tickets.access import Scope
from daemon.web.api.new_ticket import LONGEST_TEXT
from daemon.web.api.rows import Alternative, Answer
from daemon.web.auth import Caller, requires
from daemon.web.parameters import operations
from daemon.web.problems import Problem, documented
from daemon.web.services import Services
from daemon.web.validation import NO_CONTROL, TEXT

router = operations("triage")
Runner = Annotated[Caller, requires(Scope.TRIAGE_READ)]


class Case(BaseModel):
    """The text of a ticket."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"title": "Payment failed", "description": "Amount debited but not credited"}]},
    )

    title: Annotated[str, StringConstraints(max_length=300, pattern=NO_CONTROL)]
    description: Annotated[str, StringConstraints(max_length=LONGEST_TEXT, pattern=TEXT)]


class Outcome(Answer):
    """What would be decided, and why."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "category": "Payments",
                    "priority": "High",
                    "confidence": 1.0,
                    "team": "PAYMENTS_TEAM",
                    "reasons": ['the rule "paid but not received" matched "debited but not credited"'],
                    "alternatives": [{"category": "Technical", "probability": 0.04}],
                    "rule": "paid but not received",
                    "model": "20261128-020244-1ee48854",
                }
            ]
        },
    )

    category: str
    priority: str
    confidence: float
    team: str
    reasons: list[str]
    alternatives: list[Alternative]
    rule: str | None
    model: str | None


@router.post(
    "/triage",
    summary="Try triage",
    responses=documented(Problem.TOO_LARGE, Problem.MEDIA, Problem.TIMEOUT),
)
async def try_triage(case: Case, services: Services, _caller: Runner) -> Outcome:
    """Return what would be decided about a text. Nothing is stored."""
    triage = await services.run(lambda: services.tools_in_place().triage(case.title, case.description))
    return Outcome(
        category=triage.category,
        priority=triage.priority,
        confidence=triage.confidence,
        team=triage.team,
        reasons=list(triage.reasons),
        alternatives=[Alternative(category=name, probability=chance) for name, chance in triage.alternatives],
        rule=triage.rule,
        model=triage.model,
    )
