"""Fit the numbers: two experts (text and word groups), their strength by held-out log-loss, one calibrated answer."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.sparse import csr_array
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from threadpoolctl import threadpool_limits  # it has no types

from workers.triage.classifier import Linear, softmax

STRENGTHS = (1.0, 3.0, 10.0, 30.0)
GROUP_STRENGTH = 3.0
FOLDS = 3
MOST_FOR_CHOICE = 1600
ENOUGH_VERIFIED = 100
# The email of a new company is less like our examples than these are like each other: be that much less sure of it.
AMONG_STRANGERS = 0.85
ITERATIONS = 200
TOLERANCE = 1e-3
SEED = 20251

Numbers = NDArray[np.float64]
Names = NDArray[np.str_]


@dataclass(frozen=True, slots=True)
class Expert:
    """One linear opinion: a row of weights and a bias for each label."""

    weights: Numbers
    bias: Numbers

    def logits(self, matrix: csr_array) -> Numbers:
        """Return a row of scores per ticket."""
        scores: Numbers = matrix @ self.weights.T + self.bias
        return scores


@dataclass(frozen=True, slots=True)
class Fitted:
    """A fitted pair of experts, summed with calibrated shares, and what held-out tickets said about it."""

    linear: Linear
    strength: float
    shares: tuple[float, float]
    held_out: Numbers


def fit_expert(matrix: csr_array, names: Names, labels: Sequence[str], strength: float) -> Expert:
    """Fit a balanced logistic regression; labels that these tickets lack get the lowest score there is."""
    regression = LogisticRegression(C=strength, class_weight="balanced", max_iter=ITERATIONS, tol=TOLERANCE)
    with warnings.catch_warnings():
        # A regression that is still improving a little after 200 steps is good enough to be measured.
        warnings.simplefilter("ignore", ConvergenceWarning)
        regression.fit(matrix, names)
    weights, bias = regression.coef_, regression.intercept_
    if len(regression.classes_) == 2:  # noqa: PLR2004 - the binary case has one row, for the second label
        weights, bias = np.vstack([-weights, weights]) / 2, np.concatenate([-bias, bias]) / 2
    whole = Expert(np.zeros((len(labels), matrix.shape[1])), np.full(len(labels), bias.min() - 5.0))
    rows = [labels.index(str(name)) for name in regression.classes_]
    whole.weights[rows], whole.bias[rows] = weights, bias
    return whole


def fit(matrix: csr_array, names: Names, groups: Sequence[str], verified: Sequence[bool], text_width: int) -> Fitted:
    """Fit the category model. Tickets of one group never stand on both sides of a held-out check.

    Once there are enough verified tickets they alone set the shares: only they are drawn from this company's mail.
    """
    labels = tuple(sorted(set(names.tolist())))
    text, lexicon = split(matrix, text_width)
    strength, text_says = choose_strength(text, names, groups, labels)
    opinions = (text_says, held_out(lexicon, names, groups, labels, GROUP_STRENGTH))
    truth = np.array([labels.index(name) for name in names.tolist()])
    own = np.array(verified, bool)
    if own.sum() >= ENOUGH_VERIFIED:
        shares = calibrate((opinions[0][own], opinions[1][own]), truth[own], tied=False)
    else:
        both, _ = calibrate(opinions, truth, tied=True)
        shares = (both * AMONG_STRANGERS, both * AMONG_STRANGERS)
    experts = (
        fit_expert(text, names, labels, strength),
        fit_expert(lexicon, names, labels, GROUP_STRENGTH),
    )
    weights = np.hstack([share * expert.weights for share, expert in zip(shares, experts, strict=True)])
    bias = sum((share * expert.bias for share, expert in zip(shares, experts, strict=True)), np.zeros(len(labels)))
    linear = Linear(labels, np.ascontiguousarray(weights.T, np.float32), bias.astype(np.float32))
    return Fitted(linear, strength, shares, mixed(opinions, shares))


def split(matrix: csr_array, text_width: int) -> tuple[csr_array, csr_array]:
    """Cut the columns into text and word groups."""
    return matrix[:, :text_width], matrix[:, text_width:]


def folds(names: Names, groups: Sequence[str], count: int = FOLDS) -> list[tuple[NDArray[np.int_], NDArray[np.int_]]]:
    """Split tickets into folds by group; fewer folds when there are few groups."""
    different = len(set(groups))
    splitter = GroupKFold(min(count, different), shuffle=True, random_state=SEED)
    return [
        (train, test) for train, test in splitter.split(names, names, groups) if len(set(names[train].tolist())) > 1
    ]


def choose_strength(
    text: csr_array, names: Names, groups: Sequence[str], labels: Sequence[str]
) -> tuple[float, Numbers]:
    """Choose the regularisation of the text expert by held-out log-loss; return it with what it says held out.

    Where there are many tickets a sample of them chooses.
    """
    if len(names) > MOST_FOR_CHOICE:
        some = np.random.default_rng(SEED).permutation(len(names))[:MOST_FOR_CHOICE]
        strength, _ = choose_strength(text[some], names[some], [groups[at] for at in some], labels)
        return strength, held_out(text, names, groups, labels, strength)
    truth = np.array([labels.index(name) for name in names.tolist()])
    best, best_says, least = STRENGTHS[0], np.zeros((len(names), len(labels))), np.inf
    for strength in STRENGTHS:
        says = held_out(text, names, groups, labels, strength)
        loss = log_loss(mixed((says, says), calibrate((says, says), truth, tied=True)), truth)
        if loss >= least:
            # The loss has one valley; past it every step is worse and slower.
            break
        best, best_says, least = strength, says, loss
    return best, best_says


def held_out(
    matrix: csr_array, names: Names, groups: Sequence[str], labels: Sequence[str], strength: float, count: int = FOLDS
) -> Numbers:
    """Return what an expert says of tickets it was not trained on."""
    says = np.zeros((len(names), len(labels)))
    for train, test in folds(names, groups, count):
        says[test] = fit_expert(matrix[train], names[train], labels, strength).logits(matrix[test])
    return says


def mixed(opinions: tuple[Numbers, Numbers], shares: tuple[float, float]) -> Numbers:
    """Sum the opinions with their shares and turn them into probabilities."""
    return softmax(shares[0] * opinions[0] + shares[1] * opinions[1])


def log_loss(chances: Numbers, truth: NDArray[np.int_]) -> float:
    """Return the mean negative log-likelihood of the truth."""
    return float(-np.log(np.maximum(chances[np.arange(len(truth)), truth], 1e-12)).mean())


def calibrate(opinions: tuple[Numbers, Numbers], truth: NDArray[np.int_], *, tied: bool) -> tuple[float, float]:
    """Choose how much each expert counts, so that held-out confidence is honest: a temperature for both, or for each.

    Without tickets of this company both count the same: our own examples cannot show how well their words travel.
    """

    def loss(logs: Numbers) -> float:
        first, second = np.exp(np.broadcast_to(logs, 2))
        return log_loss(mixed(opinions, (first, second)), truth)

    start = np.log([0.5] if tied else [0.5, 0.5])
    found = minimize(loss, start, method="Nelder-Mead", options={"maxiter": 60, "xatol": 0.02, "fatol": 1e-4})
    first, second = np.exp(np.clip(np.broadcast_to(found.x, 2), -5.0, 2.0)).tolist()
    return first, second


def pin_threads() -> None:
    """Keep linear algebra to one thread: our matrices are small, and threads would only wait for each other."""
    threadpool_limits(limits=1)
