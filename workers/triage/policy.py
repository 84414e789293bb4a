"""The triage policy of an admin: categories, rules, modes and promised accuracy."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from daemon.vocabulary import Priority


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
    """A category and its team. `mode` and `threshold` are None where those of the policy apply.

    `description` says in a few words what belongs to it, "" if nothing.
    """

    name: str
    team: str
    priority: Priority
    mode: Mode | None
    threshold: float | None
    description: str


@dataclass(frozen=True, slots=True)
class Rule:
    """Phrases and patterns that decide without the model; a match of any one of them is enough.

    A rule without a category only raises the priority. `precision` is a note for people about what was measured.
    """

    name: str
    category: str | None
    priority: Priority | None
    phrases: tuple[str, ...]
    patterns: tuple[str, ...]
    where: Where
    precision: str


@dataclass(frozen=True, slots=True)
class AddressPolicy:
    """What an address of ours says about the tickets to it: evidence for a category or team, or a fixed decision."""

    address: str
    category: str | None
    team: str | None
    is_fixed: bool


@dataclass(frozen=True, slots=True)
class TriagePolicy:
    """What the settings say about triage. Shares, thresholds and accuracies lie between 0 and 1.

    `addresses` are those of our addresses that say something about the tickets to them, in lower case.
    """

    categories: tuple[Category, ...]
    rules: tuple[Rule, ...]
    mode: Mode
    threshold: float
    review_team: str
    fallback_team: str
    fallback_category: str
    promised_accuracy: float
    audit_share: float
    addresses: Mapping[str, AddressPolicy]

    def category(self, name: str) -> Category:
        """Return the category of that name; one that is not configured belongs to the fallback team."""
        unknown = Category(name, self.fallback_team, Priority.MEDIUM, None, None, "")
        return next((c for c in self.categories if c.name == name), unknown)

    @property
    def modes(self) -> frozenset[Mode]:
        """Return the modes that are in force for one category or more."""
        return frozenset(category.mode or self.mode for category in self.categories)

    def mode_of(self, name: str) -> Mode:
        """Return the mode in force for a category."""
        return self.category(name).mode or self.mode

    def threshold_of(self, name: str) -> float:
        """Return the fixed threshold in force for a category in mode `always`."""
        threshold = self.category(name).threshold
        return self.threshold if threshold is None else threshold


URGENCY = (Priority.PENDING, Priority.LOW, Priority.MEDIUM, Priority.HIGH, Priority.URGENT)


def most_urgent(priorities: Iterable[Priority]) -> Priority:
    """Return the most urgent priority, PENDING if there is none."""
    return max(priorities, key=URGENCY.index, default=Priority.PENDING)
