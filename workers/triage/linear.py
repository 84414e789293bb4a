"""A linear classifier: softmax over a score per label."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workers.triage.features import Floats, Row

Probabilities = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Linear:
    """A linear classifier. `weights` has a row per feature and a column per label, divided by the temperature.

    `first` is the column of the features that the first row of the weights is for.
    """

    labels: tuple[str, ...]
    weights: Floats
    bias: Floats
    first: int = 0

    def logits(self, row: Row) -> Floats:
        """Return the score of each label."""
        scores: Floats = row.values @ self.weights_of(row) + self.bias
        return scores

    def weights_of(self, row: Row) -> Floats:
        """Return the weights of the columns that a row has."""
        return self.weights.take(row.columns - self.first if self.first else row.columns, axis=0)

    def ranked(self, row: Row) -> list[tuple[str, float]]:
        """Return (label, probability), best first."""
        chances = softmax(self.logits(row)).tolist()
        return sorted(zip(self.labels, chances, strict=True), key=lambda pair: -pair[1])


def faded(entries: Probabilities, fading: float) -> Probabilities:
    """Return the factors of the scores of texts with these numbers of lexicon entries.

    Each entry more adds less evidence than the one before: many are there only because a text is long.
    """
    factors: Probabilities = (1 + entries) ** -fading
    return factors


def softmax(logits: Floats | Probabilities) -> Probabilities:
    """Turn scores into probabilities along the last axis."""
    shifted = np.asarray(logits, np.float64) - np.max(logits, axis=-1, keepdims=True)
    exponentials = np.exp(shifted)
    chances: Probabilities = exponentials / exponentials.sum(axis=-1, keepdims=True)
    return chances


def shifted(chances: Probabilities, factors: Probabilities) -> Probabilities:
    """Return probabilities of labels of which each is so many times as frequent, by Bayes' rule."""
    weighted = chances * factors
    found: Probabilities = weighted / weighted.sum(axis=-1, keepdims=True)
    return found
