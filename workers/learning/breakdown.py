"""Break measured decisions down: by language, by length, and which priority was decided for which."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean

from daemon.vocabulary import Priority, Triage
from workers.learning.examples import Example
from workers.learning.metrics import Answer, coverage, ece
from workers.triage import tokens
from workers.triage.routing import NOTHING_KNOWN

SHOWN = (Priority.URGENT, Priority.HIGH, Priority.MEDIUM, Priority.LOW)
# The most words of each length, and what it is called; longer texts are "long".
LENGTHS = ((5, "1 to 5 words"), (20, "6 to 20 words"), (80, "21 to 80 words"))
LONG = "more than 80 words"


@dataclass(frozen=True, slots=True)
class Decided:
    """One decision: its category beside the truth, its priority, and the language and number of words of the text.

    `true_priority` is None where the truth is not known. `routed` is true if no person has to decide, `unknown` if a
    person has to because nothing in the text is known.
    """

    answer: Answer
    true_priority: Priority | None
    priority: Priority
    language: str
    words: int
    routed: bool
    unknown: bool


@dataclass(frozen=True, slots=True)
class Priorities:
    """How priorities were decided, of tickets with a known one.

    `accuracy` is the share of right ones, `too_low` and `too_high` those of decided priorities below and above the
    truth. `confusion` maps each true priority to the number of tickets with each decided one.
    """

    count: int
    accuracy: float
    too_low: float
    too_high: float
    confusion: dict[str, dict[str, int]]


@dataclass(frozen=True, slots=True)
class Part:
    """The figures of one part of the tickets, shares between 0 and 1; `coverage` as in metrics.Figures.

    `routed_right` is the share of routed tickets with the right category, None if none was routed. `priority` is None
    where no true one is known.
    """

    name: str
    count: int
    accuracy: float
    ece: float
    coverage: float
    routed: float
    routed_right: float | None
    unknown: float
    priority: Priorities | None


def compared(example: Example, triage: Triage, language: str, review_team: str) -> Decided:
    """Put a decision beside the truth; the review team gets what a person has to decide."""
    return Decided(
        answer=Answer(example.category, triage.category, triage.confidence),
        true_priority=example.priority,
        priority=triage.priority,
        language=language,
        words=len(tokens.split(f"{example.case.subject}\n{example.case.body}")),
        routed=triage.team != review_team,
        unknown=any(reason.startswith(NOTHING_KNOWN) for reason in triage.reasons),
    )


def by_language(decided: Sequence[Decided]) -> list[Part]:
    """Return the figures of each language, the most frequent first."""
    parts = parts_by(decided, lambda each: each.language)
    return sorted(parts, key=lambda part: (-part.count, part.name))


def by_length(decided: Sequence[Decided]) -> list[Part]:
    """Return the figures of each length, the shortest first."""
    names = [*(name for _, name in LENGTHS), LONG]
    return sorted(parts_by(decided, lambda each: length(each.words)), key=lambda part: names.index(part.name))


def length(words: int) -> str:
    """Return what a number of words is called."""
    return next((name for most, name in LENGTHS if words <= most), LONG)


def parts_by(decided: Sequence[Decided], name_of: Callable[[Decided], str]) -> list[Part]:
    """Return the figures of the decisions with each name."""
    parts: dict[str, list[Decided]] = {}
    for each in decided:
        parts.setdefault(name_of(each), []).append(each)
    return [part(name, found) for name, found in parts.items()]


def part(name: str, decided: Sequence[Decided]) -> Part:
    """Return the figures of decisions."""
    answers = [each.answer for each in decided]
    routed = [each.answer.right for each in decided if each.routed]
    return Part(
        name=name,
        count=len(decided),
        accuracy=fmean(answer.right for answer in answers),
        ece=ece(answers),
        coverage=coverage(answers),
        routed=len(routed) / len(decided),
        routed_right=fmean(routed) if routed else None,
        unknown=fmean(each.unknown for each in decided),
        priority=priorities(decided),
    )


def priorities(decided: Sequence[Decided]) -> Priorities | None:
    """Compare decided with true priorities, None if no true one is known."""
    known = [(each.true_priority, each.priority) for each in decided if each.true_priority in SHOWN]
    if not known:
        return None
    ranks = [(SHOWN.index(truth), SHOWN.index(found)) for truth, found in known]
    return Priorities(
        count=len(known),
        accuracy=fmean(truth == found for truth, found in ranks),
        too_low=fmean(truth < found for truth, found in ranks),
        too_high=fmean(truth > found for truth, found in ranks),
        confusion={str(truth): {str(found): known.count((truth, found)) for found in SHOWN} for truth in SHOWN},
    )
