"""Measure predictions by the usual definitions: accuracy, macro-F1, calibration error and coverage."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

BINS = 15
COVERAGE_ACCURACY = 0.95


@dataclass(frozen=True, slots=True)
class Answer:
    """One prediction and the true label."""

    truth: str
    label: str
    confidence: float

    @property
    def right(self) -> bool:
        """Return whether the prediction is right."""
        return self.truth == self.label


@dataclass(frozen=True, slots=True)
class ClassFigures:
    """The figures of one category, which `count` tickets have."""

    count: int
    recall: float
    precision: float
    f1: float


@dataclass(frozen=True, slots=True)
class Figures:
    """The quality of predictions; shares between 0 and 1.

    `ece` is the expected calibration error over 15 bins. `coverage` is the largest share of tickets, most confident
    first, with 95 % accuracy; it is an upper bound, because the threshold is chosen with the true labels.
    """

    count: int
    accuracy: float
    macro_f1: float
    ece: float
    coverage: float
    classes: dict[str, ClassFigures]


def measure(answers: Sequence[Answer], promised: float = COVERAGE_ACCURACY) -> Figures:
    """Measure predictions; raises ValueError if there are none."""
    if not answers:
        raise ValueError("there are no predictions to measure")
    classes = per_class(answers)
    return Figures(
        count=len(answers),
        accuracy=sum(a.right for a in answers) / len(answers),
        macro_f1=sum(c.f1 for c in classes.values()) / len(classes),
        ece=ece(answers),
        coverage=coverage(answers, promised),
        classes=classes,
    )


def per_class(answers: Sequence[Answer]) -> dict[str, ClassFigures]:
    """Return the figures of each category that is a true label."""
    truths, labels = Counter(a.truth for a in answers), Counter(a.label for a in answers)
    right = Counter(a.truth for a in answers if a.right)
    return {
        name: ClassFigures(
            count=count,
            recall=right[name] / count,
            precision=right[name] / max(1, labels[name]),
            f1=2 * right[name] / (count + labels[name]),
        )
        for name, count in sorted(truths.items())
    }


def ece(answers: Sequence[Answer]) -> float:
    """Return the expected calibration error: the gap between confidence and accuracy, averaged over bins."""
    gaps = [0.0] * BINS
    for answer in answers:
        gaps[min(int(answer.confidence * BINS), BINS - 1)] += answer.confidence - answer.right
    return sum(abs(gap) for gap in gaps) / len(answers)


def coverage(answers: Sequence[Answer], promised: float = COVERAGE_ACCURACY) -> float:
    """Return the largest share of tickets above one threshold that keeps the promised accuracy."""
    ordered = sorted(answers, key=lambda a: -a.confidence)
    best = right = 0
    for count, answer in enumerate(ordered, 1):
        right += answer.right
        closes_tie = count == len(ordered) or ordered[count].confidence != answer.confidence
        if closes_tie and right >= promised * count:
            best = count
    return best / len(ordered)
