"""Fit the second opinion: a regression on sentence vectors and the closest examples, recalibrated with the model."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from daemon.text import harmless_line
from workers.learning import fitting
from workers.learning.examples import Example
from workers.learning.fitting import Names, Numbers
from workers.triage.encoder import Encoder
from workers.triage.features import Floats
from workers.triage.linear import Linear, softmax
from workers.triage.second_opinion import Neighbours, SecondOpinion, average, both

# Chosen by leaving out one voice, and one industry, of our examples.
STRENGTH = 3.0
SHARPEST = 4.0
# How many times a ticket of this company, or an example that its admin gave, counts beside one of ours.
OWN_COUNT = 5.0
MAX_TITLE = 60
# The newest ones; each takes two kilobytes of the model.
MAX_NEIGHBOURS = 10_000


def fit(
    encoder: Encoder,
    vectors: Floats,
    names: Names,
    groups: Sequence[str],
    own: Sequence[bool],
    labels: Sequence[str],
    first: Numbers,
    groups_first: Numbers,
    titles: Sequence[str],
) -> tuple[SecondOpinion, Numbers]:
    """Fit on a vector per ticket; return the second opinion and the averaged probabilities of held-out tickets.

    `first` are the probabilities that the model gives to tickets that it was not trained on, `groups_first` those from
    word groups alone. `titles` are those of the examples that may be shown to all teams, "" for the others.
    """
    ours = np.array(own, bool)
    counts = np.where(ours, OWN_COUNT, 1.0)
    # Of mean one, so that the regularisation is as strong however many are of this company.
    counts /= counts.mean()
    second = held_out(vectors, names, groups, labels, counts)
    truth = np.array([labels.index(name) for name in names.tolist()])
    if fitting.represent(ours, names):
        sharpness = calibrate(first[ours], second[ours], truth[ours])
        groups_sharpness = calibrate(groups_first[ours], second[ours], truth[ours])
    else:
        sharpness = calibrate(first, second, truth) * fitting.NEW_COMPANY_DISCOUNT
        groups_sharpness = calibrate(groups_first, second, truth)
    expert = fitting.fit_expert(vectors, names, labels, STRENGTH, counts)
    linear = Linear(tuple(labels), np.ascontiguousarray(expert.weights.T, np.float32), expert.bias.astype(np.float32))
    near = neighbours(vectors, names, labels, titles, counts)
    opinion = SecondOpinion(encoder.name, encoder.languages, linear, sharpness, groups_sharpness, near)
    return opinion, average(first, second, sharpness)


def held_out(vectors: Floats, names: Names, groups: Sequence[str], labels: Sequence[str], counts: Numbers) -> Numbers:
    """Return the probabilities that both classifiers give to tickets that they were not trained on."""
    chances = np.zeros((len(names), len(labels)))
    for train, test in fitting.folds(names, groups):
        expert = fitting.fit_expert(vectors[train], names[train], labels, STRENGTH, counts[train])
        examples = neighbours(vectors[train], names[train], labels, [""] * len(train), counts[train])
        near = np.array([examples.chances(vector) for vector in vectors[test]])
        chances[test] = both(softmax(expert.logits(vectors[test])), near)
    return chances


def neighbours(
    vectors: Floats, names: Names, labels: Sequence[str], titles: Sequence[str], counts: Numbers
) -> Neighbours:
    """Return the newest examples as neighbours, those with a title first; `counts` says how often each counts."""
    newest = range(max(0, len(names) - MAX_NEIGHBOURS), len(names))
    order = sorted(newest, key=lambda at: not titles[at])
    counted = (names[order][:, None] == np.array(labels)) * counts[order][:, None]
    shares = counted / np.maximum(counted.sum(axis=0), 1)
    return Neighbours(
        tuple(titles[at] for at in order if titles[at]),
        tuple(names[order].tolist()),
        # Of half precision, which is enough: the file of the model is compressed.
        vectors[order].astype(np.float16).astype(np.float32),
        shares.astype(np.float32),
    )


def title(example: Example) -> str:
    """Return the subject of an example that may be shown to all teams, or its first words; "" for a customer's."""
    return harmless_line(example.subject or example.body, MAX_TITLE) if example.shipped else ""


def calibrate(first: Numbers, second: Numbers, truth: NDArray[np.int_]) -> float:
    """Return the sharpness that calibrates the average of held-out probabilities."""
    from scipy.optimize import minimize_scalar

    found = minimize_scalar(
        lambda sharpness: fitting.log_loss(average(first, second, sharpness), truth),
        bounds=(0.1, SHARPEST),
        method="bounded",
    )
    return float(found.x)
