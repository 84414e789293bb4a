"""Fit the second opinion: a logistic regression on sentence vectors, recalibrated together with the model."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from daemon.text import harmless_line
from workers.learning import fitting
from workers.learning.examples import Example
from workers.learning.fitting import Names, Numbers
from workers.triage.encoder import Encoder
from workers.triage.features import Floats
from workers.triage.linear import Linear, softmax
from workers.triage.second_opinion import SecondOpinion, ShownExamples, average

# Chosen by leaving out one voice, and one industry, of our examples.
STRENGTH = 3.0
SHARPEST = 4.0
MAX_TITLE = 60


def fit(
    encoder: Encoder,
    vectors: Floats,
    names: Names,
    groups: Sequence[str],
    own: Sequence[bool],
    labels: Sequence[str],
    first: Numbers,
    groups_first: Numbers,
    shown: ShownExamples,
) -> tuple[SecondOpinion, Numbers]:
    """Fit on a vector per ticket; return the second opinion and the averaged probabilities of held-out tickets.

    `first` are the probabilities that the model gives to tickets that it was not trained on, `groups_first` those from
    word groups alone.
    """
    second = softmax(fitting.held_out(vectors, names, groups, labels, STRENGTH))
    truth = np.array([labels.index(name) for name in names.tolist()])
    ours = np.array(own, bool)
    if fitting.represent(ours, names):
        sharpness = calibrate(first[ours], second[ours], truth[ours])
        groups_sharpness = calibrate(groups_first[ours], second[ours], truth[ours])
    else:
        sharpness = calibrate(first, second, truth) * fitting.NEW_COMPANY_DISCOUNT
        groups_sharpness = calibrate(groups_first, second, truth)
    expert = fitting.fit_expert(vectors, names, labels, STRENGTH)
    linear = Linear(tuple(labels), np.ascontiguousarray(expert.weights.T, np.float32), expert.bias.astype(np.float32))
    opinion = SecondOpinion(encoder.name, encoder.languages, linear, sharpness, groups_sharpness, shown)
    return opinion, average(first, second, sharpness)


def shown(examples: Sequence[Example], vectors: Floats) -> ShownExamples:
    """Return the examples that may be shown to all teams: the shipped ones, never an email of a customer."""
    kept = [at for at, example in enumerate(examples) if example.shipped]
    return ShownExamples(
        tuple(title(examples[at]) for at in kept),
        tuple(examples[at].category for at in kept),
        vectors[kept].astype(np.float16),
    )


def title(example: Example) -> str:
    """Return the subject of an example, or its first words."""
    return harmless_line(example.subject or example.body, MAX_TITLE)


def calibrate(first: Numbers, second: Numbers, truth: NDArray[np.int_]) -> float:
    """Return the sharpness that calibrates the average of held-out probabilities."""
    found = minimize_scalar(
        lambda sharpness: fitting.log_loss(average(first, second, sharpness), truth),
        bounds=(0.1, SHARPEST),
        method="bounded",
    )
    return float(found.x)
