"""What several operations share: the ticket in a path, its ETag, and models of answers."""

import hashlib
from datetime import datetime
from typing import Annotated, Any, Final, Self

from fastapi import Path
from pydantic import BaseModel, ConfigDict
from sqlalchemy.orm import Session

from daemon.store.queries import tickets
from daemon.store.queries.ticket_pages import TicketRow
from daemon.web.pagination import LARGEST_ID
from daemon.web.problems import Problem, ProblemError
from daemon.web.validation import NO_CONTROL

TICKET_EXAMPLE: Final[dict[str, Any]] = {
    "id": 7,
    "reference": "HD-7K3Q-M9XY",
    "title": "Payment failed",
    "status": "OPEN",
    "category": "Payments",
    "priority": "High",
    "confidence": 1.0,
    "assigned_team": "PAYMENTS_TEAM",
    "requester": {"email": "ana@example.com", "name": "Ana"},
    "related": None,
    "merged_into": None,
    "taken_by": None,
    "wait_until": None,
    "created_at": "2026-11-28T09:00:00Z",
    "updated_at": "2026-11-28T09:00:01Z",
    "decision": {
        "id": 7,
        "at": "2026-11-28T09:00:01Z",
        "by": "rule",
        "actor": None,
        "category": "Payments",
        "priority": "High",
        "confidence": 1.0,
        "team": "PAYMENTS_TEAM",
        "reasons": ['the rule "paid but not received" matched "debited but not credited"'],
        "alternatives": [{"category": "Technical", "probability": 0.04}],
        "rule": "paid but not received",
        "model": "20261128-020244-1ee48854",
        "audit": False,
    },
}

TicketName = Annotated[
    str, Path(max_length=40, pattern=NO_CONTROL, description="Id or reference of a ticket.", examples=["HD-7K3Q-M9XY"])
]
RowId = Annotated[int, Path(ge=1, le=LARGEST_ID, description="Id of the row.", examples=[7])]


class Answer(BaseModel):
    """A model of what we answer."""

    model_config = ConfigDict(frozen=True)


class Requester(Answer):
    """Who a ticket is from."""

    email: str
    name: str


class Alternative(Answer):
    """A category that the model found likely."""

    category: str
    probability: float


class DecisionView(Answer):
    """A decision on a ticket: what was decided, by whom or what, and why."""

    model_config = ConfigDict(frozen=True, json_schema_extra={"examples": [TICKET_EXAMPLE["decision"]]})

    id: int
    at: datetime
    by: str
    actor: str | None
    category: str
    priority: str
    confidence: float
    team: str
    reasons: list[str]
    alternatives: list[Alternative]
    rule: str | None
    model: str | None
    audit: bool

    @classmethod
    def of(cls, row: Any) -> Self:  # noqa: ANN401 - a decision row, whose type HTTP does not know
        """Return the view of a decision."""
        names = set(cls.model_fields) - {"alternatives"}
        likely = [Alternative(category=name, probability=chance) for name, chance in row.alternatives]
        return cls(alternatives=likely, **{name: getattr(row, name) for name in names})


class TicketView(Answer):
    """A ticket. `decision` is the decision in force, null until triage has decided.

    `merged_into` is the reference of the ticket that has its messages now; `wait_until` is when a wait ends, null where
    it has no end.
    """

    model_config = ConfigDict(frozen=True, json_schema_extra={"examples": [TICKET_EXAMPLE]})

    id: int
    reference: str
    title: str
    status: str
    category: str
    priority: str
    confidence: float | None
    assigned_team: str | None
    requester: Requester | None
    related: str | None
    merged_into: str | None
    taken_by: str | None
    wait_until: datetime | None
    created_at: datetime
    updated_at: datetime
    decision: DecisionView | None

    @classmethod
    def of(cls, row: TicketRow) -> Self:
        """Return the view of a ticket."""
        ticket, person = row.ticket, row.requester
        return cls(
            id=ticket.id,
            reference=ticket.reference,
            title=ticket.subject,
            status=ticket.status,
            category=ticket.category,
            priority=ticket.priority,
            confidence=ticket.confidence,
            assigned_team=ticket.assigned_team,
            requester=Requester(email=person.email, name=person.name) if person else None,
            related=row.related,
            merged_into=row.merged_into,
            taken_by=ticket.taken_by,
            wait_until=ticket.wait_until,
            created_at=ticket.created_at,
            updated_at=ticket.updated_at,
            decision=DecisionView.of(row.decision) if row.decision else None,
        )


def etag(row: TicketRow) -> str:
    """Return the ETag of a ticket: another one after every change."""
    return f'"{hashlib.sha256(row.version.encode()).hexdigest()[:24]}"'


def ticket_id(session: Session, name: str, prefix: str) -> int:
    """Return the id of the ticket that a path names; raises ProblemError where there is none of a reference."""
    if name.isascii() and name.isdecimal():
        return int(name) if int(name) <= LARGEST_ID else 0
    found = tickets.find_ticket_id(session, name, prefix)
    if found is None:
        raise not_found(f"ticket {name}")
    return found


def not_found(what: str) -> ProblemError:
    """Return the error for what does not exist."""
    return ProblemError(Problem.NOT_FOUND, f"there is no {what}")
