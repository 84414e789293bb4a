"""The vocabulary: the words and values that every part of triaged shares."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

PENDING: Final = "PENDING"
MANUAL_REVIEW: Final = "MANUAL_REVIEW"


class Status(StrEnum):
    """Where a ticket stands. WAITING means waiting for the customer."""

    OPEN = "OPEN"
    WAITING = "WAITING"
    RESOLVED = "RESOLVED"
    CLOSED = "CLOSED"
    SPAM = "SPAM"


class Priority(StrEnum):
    """How soon somebody should look. PENDING until triage has decided."""

    PENDING = "PENDING"
    URGENT = "Urgent"
    HIGH = "High"
    MEDIUM = "Medium"
    LOW = "Low"


class SenderKind(StrEnum):
    """What sort of sender wrote a mail."""

    PERSON = "person"
    AUTO_REPLY = "auto-reply"
    BOUNCE = "bounce"
    LIST = "list"
    OWN = "own"


class Disposition(StrEnum):
    """The named state in which every mail ends."""

    TICKET = "ticket"
    FOLLOW_UP = "follow-up"
    BOUNCE = "bounce"
    AUTO_REPLY = "auto-reply"
    LIST = "list"
    OWN = "own"
    DUPLICATE = "duplicate"
    PARKED = "parked"


@dataclass(frozen=True, slots=True)
class Screening:
    """Who wrote a mail (person or machine), whether it may be acknowledged, and why.

    `reasons` are short sentences that name the evidence, such as "Auto-Submitted: auto-replied".
    """

    kind: SenderKind
    acknowledge: bool
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Triage:
    """A decision about a ticket, and why.

    `confidence` is calibrated, 0.0 to 1.0; a rule decides with 1.0. `alternatives` are the likeliest categories
    with their probabilities, best first. `rule` and `model` name what decided: at most one rule, and the version
    of the model that was asked. `audit` marks an automatically routed ticket that a person should check.
    """

    category: str
    priority: Priority
    confidence: float
    team: str
    reasons: tuple[str, ...]
    alternatives: tuple[tuple[str, float], ...] = ()
    rule: str | None = None
    model: str | None = None
    audit: bool = False
