"""Words of our emails that do not stand in templates: statuses, priorities, how sure a decision is. Pure."""

from collections.abc import Sequence
from typing import Final

from daemon.snapshots import DecisionSnapshot
from daemon.text import harmless_line
from daemon.vocabulary import BY_PEOPLE, NO_DNS_ANSWER, DecidedBy, Priority, Status
from workers.notify.phrases import Phrase, literal, phrase, plural, term

MAX_NAME: Final = 60
_NOT_IN_A_NAME: Final = set('@/\\:<>"=()[]{}%$0123456789')

STATUSES: Final = {
    Status.OPEN: term("status", "open"),
    Status.WAITING: term("status", "waiting for the customer"),
    Status.RESOLVED: term("status", "resolved"),
    Status.CLOSED: term("status", "closed"),
    Status.SPAM: term("status", "spam"),
}
PRIORITIES: Final = {
    Priority.URGENT: term("priority", "Urgent"),
    Priority.HIGH: term("priority", "High"),
    Priority.MEDIUM: term("priority", "Medium"),
    Priority.LOW: term("priority", "Low"),
}


def status_name(status: str) -> Phrase:
    """Return a status in words."""
    return next((name for known, name in STATUSES.items() if known == status), literal(status))


def priority_name(priority: str) -> Phrase:
    """Return a priority in words."""
    return next((name for known, name in PRIORITIES.items() if known == priority), literal(priority))


def sureness(confidence: float | None, by: str) -> Phrase:
    """Return how certain a decision is, in words."""
    if by == DecidedBy.RULE:
        return phrase("set by a rule")
    if by in BY_PEOPLE:
        return phrase("set by a person")
    if not confidence:
        return phrase("confidence unknown")
    percent = f"{confidence:.0%}"
    return phrase("%(percent)s confidence", percent=percent)


def sureness_of(decision: DecisionSnapshot | None, confidence: float | None) -> Phrase:
    """Return how certain the decision on a ticket is, in words."""
    return sureness(confidence, decision.by if decision else "")


def sender_check(results: Sequence[str]) -> Phrase:
    """Return what our own check of a sender found, in words; "" where there was none."""
    found = results[0] if results else ""
    match found.partition("=")[2].partition(" ")[0]:
        case "pass":
            return phrase("genuine: %(result)s", result=found)
        case "fail":
            return phrase("may be forged: %(result)s", result=found)
        case "" if found.startswith(NO_DNS_ANSWER):
            return phrase("not checked: the DNS did not answer")
        case "":
            return literal(found)
        case _:
            return phrase("not proved: %(result)s", result=found)


def readable_size(count: int) -> Phrase:
    """Return a number of bytes in a unit that people read easily."""
    if count < 1024:  # noqa: PLR2004 - the next unit
        return plural("%(count)s byte", "%(count)s bytes", count, count=count)
    size = float(count)
    for unit in ("KB", "MB"):
        size /= 1024
        if size < 1024:  # noqa: PLR2004 - the next unit
            return literal(f"{size:.0f} {unit}")
    return literal(f"{size / 1024:.1f} GB")


def greeting_name(name: str) -> str:
    """Return the name for the greeting, "" if it does not look like a name."""
    name = harmless_line(name, 10 * MAX_NAME)
    return "" if len(name) > MAX_NAME or set(name) & _NOT_IN_A_NAME else name


def without_re(subject: str) -> str:
    """Return a subject without a leading "Re:", which the template adds."""
    subject = harmless_line(subject)
    while subject[:3].lower() == "re:":
        subject = subject[3:].lstrip()
    return subject
