"""What tickets that no person decided tell: how frequent each category is, and which answers the model is sure of."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from workers.learning import fitting
from workers.learning.examples import Example
from workers.learning.fitting import Numbers
from workers.learning.metrics import measure
from workers.learning.training import answers
from workers.triage.linear import shifted

# Fewer tickets say nothing reliable of a company.
MIN_UNDECIDED: Final = 100
# From this confidence on, the model's own answer is taken for the category of a ticket.
SURE: Final = 0.9
ROUNDS: Final = 500
CLOSE: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Quality:
    """What a model reaches on verified tickets that it was not trained on: the log-loss of each, and macro-F1."""

    losses: Numbers
    macro_f1: float

    def __str__(self) -> str:
        """Return both figures in words."""
        return f"log-loss {self.losses.mean():.3f}, macro-F1 {self.macro_f1:.3f}"

    def is_better_than(self, other: "Quality") -> bool:
        """Return whether the log-loss is smaller by more than its standard error, and macro-F1 no smaller."""
        gain = other.losses - self.losses
        return bool(gain.mean() > gain.std() / np.sqrt(len(gain))) and self.macro_f1 >= other.macro_f1


def quality(truths: Sequence[str], labels: Sequence[str], chances: Numbers) -> Quality:
    """Return the quality of probabilities: a row for each true category, a column for each label."""
    truth = np.array([labels.index(name) for name in truths])
    return Quality(fitting.losses(chances, truth), measure(answers(truths, labels, chances)).macro_f1)


def estimate_mix(chances: Numbers, weight: float = 0.0) -> Numbers:
    """Return the shares of the categories in tickets with these probabilities, by EM.

    Training counts all categories alike, so equal shares are the first estimate; they count like `weight` more tickets.
    Source: Saerens, Latinne, Decaestecker, Adjusting the Outputs of a Classifier to New a Priori Probabilities, 2002.
    """
    equal = np.full(chances.shape[1], 1 / chances.shape[1])
    mix = equal
    for _ in range(ROUNDS):
        new: Numbers = (shifted(chances, mix / equal).sum(axis=0) + weight * equal) / (len(chances) + weight)
        if np.abs(new - mix).max() < CLOSE:
            return new
        mix = new
    return mix


def frequencies(chances: Numbers) -> Numbers:
    """Return how many times as frequent as in training each category is in undecided tickets.

    Equal shares count as much as all tickets do: a company is never so one-sided that a rare category cannot be seen,
    and a flood of emails can at most halve one.
    """
    found: Numbers = estimate_mix(chances, weight=len(chances)) * chances.shape[1]
    return found


def sure_answers(tickets: Sequence[Example], labels: Sequence[str], chances: Numbers) -> list[Example]:
    """Return the tickets whose category the model is sure of, with this category; a person confirmed none of them."""
    return [
        replace(one, category=labels[int(row.argmax())], verified=False, guessed=True)
        for one, row in zip(tickets, chances, strict=True)
        if row.max() >= SURE
    ]
