"""The second opinion: what the vector of a sentence encoder says of an email, averaged with the model."""

from dataclasses import dataclass

import numpy as np

from workers.triage.features import Floats, Row
from workers.triage.linear import Linear, Probabilities, softmax

LEAST = 1e-9
MAX_SHOWN = 2
# A cosine that a quarter of our examples reach with one of another voice, which then has the same category in four of
# five cases.
CLOSE = 0.5
# How much less an example counts the farther it is. Between 20 and 30 it makes no difference.
NEARNESS = 30.0
# The density of one example in a thousand at a cosine of .4: only one in twenty of our examples is farther from all
# others. An email that is so far from all says little about its category.
FAR = 1e-11


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Examples, with a vector for each. Those that anybody may read come first, with `titles`.

    `shares` has a row for each example and a column for each label of the model: its part of all examples of its own
    label, zero for the others.
    """

    titles: tuple[str, ...]
    labels: tuple[str, ...]
    vectors: Floats
    shares: Floats

    def chances(self, vector: Floats) -> Probabilities:
        """Return the probability of each label by how close its examples are: a density estimate by a kernel.

        A regression relies on what suffices to tell the examples apart. An email that is told in another way is
        still closer to examples of its own category.
        """
        likeness = self.vectors @ vector
        density = np.asarray(np.exp(NEARNESS * (likeness - 1)) @ self.shares, np.float64) + FAR
        chances: Probabilities = density / density.sum()
        return chances

    def closest(self, vector: Floats) -> tuple[tuple[str, str], ...]:
        """Return title and label of the examples to show whose meaning is close, the closest first."""
        likeness = self.vectors[: len(self.titles)] @ vector
        best = np.argsort(-likeness, kind="stable")[:MAX_SHOWN]
        return tuple((self.titles[at], self.labels[at]) for at in best if likeness[at] >= CLOSE)


@dataclass(frozen=True, slots=True)
class SecondOpinion:
    """Two classifiers on vectors of one encoder, which alone may be asked: a linear one, and the closest examples.

    `languages` are the codes of those that the encoder was made for. `sharpness` recalibrates the average with the
    model, `groups_sharpness` that with a first opinion from word groups alone.
    """

    encoder: str
    languages: frozenset[str]
    linear: Linear
    sharpness: float
    groups_sharpness: float
    neighbours: Neighbours

    def chances(self, vector: Floats) -> Probabilities:
        """Return the probability of each label."""
        linear = softmax(self.linear.logits(Row(np.arange(len(vector), dtype=np.int32), vector)))
        return both(linear, self.neighbours.chances(vector))

    def average(self, first: Probabilities, chances: Probabilities, *, by_groups: bool) -> Probabilities:
        """Return the decision of both: the probabilities of the model and of these classifiers."""
        return average(first, chances, self.groups_sharpness if by_groups else self.sharpness)


def both(linear: Probabilities, near: Probabilities) -> Probabilities:
    """Return the mean of the probabilities of both classifiers."""
    return (linear + near) / 2


def average(first: Probabilities, second: Probabilities, sharpness: float) -> Probabilities:
    """Average two opinions with equal weight. The mean of two opinions is too cautious, so it is sharpened."""
    return softmax(sharpness * np.log(np.maximum((first + second) / 2, LEAST)))
