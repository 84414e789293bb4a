"""Where on a mail's way a fault can happen, which faults there are, and in what company they come."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Final

# At most one fault of each group happens in one wave: what a second one on the same mail may do is for the pairs.
GROUPS: Final = (
    ("accept.parsed", "commit.accept", "accept.committed", "accept.before_250"),
    ("relay.offered",),
    ("triage.claimed", "commit.triage", "triage.committed"),
    ("notify.claimed", "commit.notify", "notify.committed"),
    (
        "deliver.claimed",
        "deliver.begun",
        "deliver.handed_over",
        "deliver.data",
        "deliver.taken",
        "commit.deliver",
        "commit.batch",
        "deliver.committed",
    ),
)
POINTS: Final = tuple(point for group in GROUPS for point in group)
# The way of an answer of a member: it is carried out where a customer's email is triaged.
ANSWER_GROUPS: Final = tuple(
    ("answer.claimed", "commit.answer", "answer.committed") if "triage.claimed" in group else group for group in GROUPS
)
FAILURES: Final = ("raise", "enospc", "eio", "drop")
KILL, SLEEP, ANY = "kill", "sleep", "any"
# Where an email has been handed over and its outcome is not written down yet; what the store refuses is written again.
WINDOW: Final = frozenset({"deliver.handed_over", "deliver.data", "deliver.taken"})
# Any commit passes it, whatever mail it is for.
NOBODYS: Final = frozenset({"commit.batch"})
# What was done before them is done for good: no second attempt comes by.
BEHIND: Final = frozenset({"triage.committed", "answer.committed", "notify.committed", "deliver.committed"})


@dataclass(frozen=True, slots=True)
class Fault:
    """What is to happen, and where."""

    point: str
    action: str

    def __str__(self) -> str:
        return f"{self.action} at {self.point}"

    @property
    def may_repeat(self) -> bool:
        """Say whether it may make one mail go out twice."""
        return (
            self.point in WINDOW
            or self.action in (KILL, SLEEP)
            or (self.point in ("commit.deliver", "commit.batch") and self.action == "raise")
        )


@dataclass(frozen=True, slots=True)
class Pair:
    """Two faults that strike one mail, in this order."""

    first: Fault
    second: Fault

    def __str__(self) -> str:
        return f"{self.first}, then {self.second}"

    @property
    def may_leave_uncertain(self) -> bool:
        """Say whether both may take away the answer to an attempt to send."""
        return self.first.may_repeat and self.second.may_repeat


def waves(
    faults: Sequence[Fault], chance: random.Random, groups: Sequence[Sequence[str]] = GROUPS
) -> Iterator[list[Fault]]:
    """Yield faults in company: at most one of each group, in a random order."""
    columns = []
    for group in groups:
        column = [fault for fault in faults if fault.point in group]
        chance.shuffle(column)
        columns.append(column)
    for row in zip_longest(*columns):
        yield [fault for fault in row if fault]


def pairs(chance: random.Random, count: int, *, same: bool, groups: Sequence[Sequence[str]] = GROUPS) -> list[Pair]:
    """Return so many pairs, all different.

    With `same` a kill may meet its mail again at the same point: for where nobody else goes on with it meanwhile.
    """
    points = [point for group in groups for point in group if point not in NOBODYS]
    places = [(one, other) for n, one in enumerate(points) for other in points[n + 1 :]]
    twice = [(one, one) for one in points if same and one not in BEHIND]
    found = [
        Pair(Fault(one, first), Fault(other, second))
        for one, other in (*places, *twice)
        for first in (KILL, *FAILURES)
        for second in (KILL, *FAILURES)
        if KILL in (first, second) and (one != other or first == KILL)
    ]
    return chance.sample(found, count)
