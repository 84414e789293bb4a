"""Break measured decisions down: by language, by length, and which priority was decided for which."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from daemon.vocabulary import Priority
from workers.learning.metrics import Answer, coverage, ece

SHOWN = (Priority.URGENT, Priority.HIGH, Priority.MEDIUM, Priority.LOW)
# The most words of each length, and what it is called; longer texts are "long".
LENGTHS = ((5, "1 to 5 words"), (20, "6 to 20 words"), (80, "21 to 80 words"))
LONG = "more than 80 words"


@dataclass(frozen=True, slots=True)
class Decided:
    """One decision: its category beside the truth, its priority, and the language and number of words of the text.

    `true_priority` is None where the truth is not known, `priority` where nothing was decided.
    """

    answer: Answer
    true_priority: Priority | None
    priority: Priority | None
    language: str
    words: int


@dataclass(frozen=True, slots=True)
class Part:
    """The figures of one part of the tickets, shares between 0 and 1; `coverage` as in metrics.Figures."""

    name: str
    count: int
    accuracy: float
    ece: float
    coverage: float


@dataclass(frozen=True, slots=True)
class Priorities:
    """How priorities were decided, of tickets with a known one.

    `accuracy` is the share of right ones, `too_low` that of decided priorities below the truth. `confusion` maps each
    true priority to the number of tickets with each decided one.
    """

    count: int
    accuracy: float
    too_low: float
    confusion: dict[str, dict[str, int]]


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
    parts: dict[str, list[Answer]] = {}
    for each in decided:
        parts.setdefault(name_of(each), []).append(each.answer)
    return [
        Part(name, len(found), sum(a.right for a in found) / len(found), ece(found), coverage(found))
        for name, found in parts.items()
    ]


def priorities(decided: Sequence[Decided]) -> Priorities | None:
    """Compare decided with true priorities, None if no true one is known; a ticket without a decided one is wrong."""
    known = [(each.true_priority, each.priority) for each in decided if each.true_priority in SHOWN]
    if not known:
        return None
    confusion = {str(truth): {str(found): known.count((truth, found)) for found in SHOWN} for truth in SHOWN}
    below = [pair for pair in known if pair[1] in SHOWN and SHOWN.index(pair[1]) > SHOWN.index(pair[0])]
    return Priorities(
        count=len(known),
        accuracy=sum(truth == found for truth, found in known) / len(known),
        too_low=len(below) / len(known),
        confusion=confusion,
    )
