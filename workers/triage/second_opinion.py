"""The second opinion: a linear classifier on the vector of a sentence encoder, averaged with the model."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workers.triage.features import Floats, Row
from workers.triage.linear import Linear, Probabilities, softmax

LEAST = 1e-9
MAX_SHOWN = 2
# A cosine that a quarter of our examples reach with one of another voice, which then has the same category in four of
# five cases.
CLOSE = 0.5
Halves = NDArray[np.float16]


@dataclass(frozen=True, slots=True)
class ShownExamples:
    """Examples that anybody may read, with a vector of half precision for each."""

    titles: tuple[str, ...]
    labels: tuple[str, ...]
    vectors: Halves

    def closest(self, vector: Floats) -> tuple[tuple[str, str], ...]:
        """Return title and label of the examples whose meaning is close, the closest first."""
        if not self.titles:
            return ()
        likeness = self.vectors.astype(np.float32) @ vector
        best = np.argsort(-likeness, kind="stable")[:MAX_SHOWN]
        return tuple((self.titles[at], self.labels[at]) for at in best if likeness[at] >= CLOSE)


@dataclass(frozen=True, slots=True)
class SecondOpinion:
    """A classifier on vectors of one encoder, which alone may be asked.

    `languages` are the codes of those that the encoder was made for. `sharpness` recalibrates the average with the
    model, `groups_sharpness` that with a first opinion from word groups alone.
    """

    encoder: str
    languages: frozenset[str]
    linear: Linear
    sharpness: float
    groups_sharpness: float
    examples: ShownExamples

    def chances(self, vector: Floats) -> Probabilities:
        """Return the probability of each label."""
        return softmax(self.linear.logits(Row(np.arange(len(vector), dtype=np.int32), vector)))

    def average(self, first: Probabilities, vector: Floats, *, by_groups: bool) -> Probabilities:
        """Return the decision of both: the probabilities of the model and of this classifier."""
        return average(first, self.chances(vector), self.groups_sharpness if by_groups else self.sharpness)


def average(first: Probabilities, second: Probabilities, sharpness: float) -> Probabilities:
    """Average two opinions with equal weight. The mean of two opinions is too cautious, so it is sharpened."""
    return softmax(sharpness * np.log(np.maximum((first + second) / 2, LEAST)))
