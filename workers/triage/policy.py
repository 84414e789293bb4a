"""What an admin decides about triage: categories, rules, modes and the promise; built from the settings elsewhere."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from daemon.vocabulary import MANUAL_REVIEW, Priority


class Mode(StrEnum):
    """When the model may route on its own: never, once its accuracy is certified, or above a fixed threshold."""

    SUGGEST = "suggest"
    AUTO = "auto"
    ALWAYS = "always"


class Where(StrEnum):
    """Which part of a ticket a rule reads."""

    ANY = "any"
    SUBJECT = "subject"
    BODY = "body"


@dataclass(frozen=True, slots=True)
class Category:
    """A category and the team that answers it. `mode` and `threshold` default to those of the policy."""

    name: str
    team: str
    priority: Priority = Priority.MEDIUM
    mode: Mode | None = None
    threshold: float | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """Words so precise that they decide alone; any one phrase or pattern is enough.

    Without a category it only raises the priority. `precision` notes what was measured, for people to read.
    """

    name: str
    category: str | None = None
    priority: Priority | None = None
    phrases: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    where: Where = Where.ANY
    precision: str = ""


@dataclass(frozen=True, slots=True)
class TriagePolicy:
    """Everything `decide` needs to know about the company. Shares, thresholds and accuracies lie between 0 and 1.

    `min_examples`: a category with fewer examples is only ever suggested. `min_known`: below this share of known
    words the model has seen nothing like the ticket.
    """

    categories: tuple[Category, ...]
    rules: tuple[Rule, ...] = ()
    mode: Mode = Mode.ALWAYS
    threshold: float = 0.8
    review_team: str = MANUAL_REVIEW
    fallback_team: str = "GENERAL_SUPPORT"
    fallback_category: str = "General"
    promised_accuracy: float = 0.95
    audit_share: float = 0.05
    min_examples: int = 10
    min_known: float = 0.35

    def category(self, name: str) -> Category:
        """Return the category of that name, or one that falls to the fallback team."""
        return next((c for c in self.categories if c.name == name), Category(name, self.fallback_team))

    def mode_of(self, name: str) -> Mode:
        """Return the mode in force for a category."""
        return self.category(name).mode or self.mode

    def threshold_of(self, name: str) -> float:
        """Return the fixed threshold in force for a category in mode `always`."""
        threshold = self.category(name).threshold
        return self.threshold if threshold is None else threshold


URGENCY = (Priority.PENDING, Priority.LOW, Priority.MEDIUM, Priority.HIGH, Priority.URGENT)


def most_urgent(priorities: Iterable[Priority]) -> Priority:
    """Return the most urgent of some priorities; PENDING when there is none."""
    return max(priorities, key=URGENCY.index, default=Priority.PENDING)
