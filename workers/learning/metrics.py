"""Measure predictions: accuracy, macro-F1, calibration error and coverage, all by the usual definitions."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

BINS = 15
PROMISED = 0.95


@dataclass(frozen=True, slots=True)
class Answer:
    """One prediction beside the truth."""

    truth: str
    label: str
    confidence: float

    @property
    def right(self) -> bool:
        """Tell whether the prediction is right."""
        return self.truth == self.label


@dataclass(frozen=True, slots=True)
class ClassFigures:
    """How well one category is found: of `count` tickets, `recall` found; of those predicted, `precision` right."""

    count: int
    recall: float
    precision: float
    f1: float


@dataclass(frozen=True, slots=True)
class Figures:
    """What predictions are worth; shares between 0 and 1.

    `ece` is the expected calibration error over 15 bins; `coverage` the largest share of tickets, most confident
    first, that is 95 % right (an oracle's threshold, so an upper bound).
    """

    count: int
    accuracy: float
    macro_f1: float
    ece: float
    coverage: float
    classes: dict[str, ClassFigures]


def measure(answers: Sequence[Answer], promised: float = PROMISED) -> Figures:
    """Measure predictions; raises ValueError when there are none."""
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
    """Return the figures of each category that occurs as a truth."""
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
    """Return the expected calibration error: how far confidence and accuracy lie apart, bin by bin."""
    gaps = [0.0] * BINS
    for answer in answers:
        gaps[min(int(answer.confidence * BINS), BINS - 1)] += answer.confidence - answer.right
    return sum(abs(gap) for gap in gaps) / len(answers)


def coverage(answers: Sequence[Answer], promised: float = PROMISED) -> float:
    """Return the largest share that keeps the promised accuracy when routed by one threshold."""
    ordered = sorted(answers, key=lambda a: -a.confidence)
    best = right = 0
    for count, answer in enumerate(ordered, 1):
        right += answer.right
        closes_tie = count == len(ordered) or ordered[count].confidence != answer.confidence
        if closes_tie and right >= promised * count:
            best = count
    return best / len(ordered)
