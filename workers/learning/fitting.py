"""Fit the model: experts for text, word groups and the tickets of the company alone, calibrated together."""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from threadpoolctl import threadpool_limits  # it has no types

from workers.triage.features import Floats
from workers.triage.linear import Linear, faded, softmax

STRENGTHS = (3.0, 10.0, 30.0)
GROUP_STRENGTH = 3.0
OWN_STRENGTH = 3.0
# The share of the word groups beside the text, without tickets of this company. Left-out industries ask for 0.5; emails
# in ordinary words, with a model that learned from hard ones alone, for 1.
GROUP_SHARE = 0.6
# Added to the count of each word in each category, so that a rare word is no proof.
SMOOTHING = 0.1
FOLDS = 3
# With more tickets than this, the strengths differ by chance alone: which one a sample chose depended on the sample.
MAX_FOR_CHOICE = 1600
MIN_OWN = 100
# Tickets of almost one category alone do not show how sure the model may be of another one.
MAX_SHARE_OF_ONE = 0.9
# The email of a new company resembles our examples less than these resemble each other, so confidence is lowered: by as
# much as gives the hard English emails of tests/scores/languages, which no model learns from, a mean confidence of .77.
# Of these .82 are right; but we wrote them as well as the examples.
NEW_COMPANY_DISCOUNT = 0.75
ITERATIONS = 200
TOLERANCE = 1e-3
SEED = 20251

Numbers = NDArray[np.float64]
Names = NDArray[np.str_]
Matrix: TypeAlias = csr_array | Numbers | Floats


@dataclass(frozen=True, slots=True)
class Expert:
    """A linear model: a row of weights and a bias for each label."""

    weights: Numbers
    bias: Numbers

    def logits(self, matrix: Matrix) -> Numbers:
        """Return a row of scores for each ticket."""
        scores: Numbers = matrix @ self.weights.T + self.bias
        return scores


@dataclass(frozen=True, slots=True)
class Fitted:
    """The sum of all experts, and the one for word groups alone, for texts in languages without examples.

    `shares` are those of text, of word groups and, if there is one, of the expert for this company. `fading` calibrates
    the word groups alone by the number of lexicon entries of a text, see Model. `held_out` has the probabilities of
    tickets not trained on, `groups_held_out` those by word groups alone.
    """

    linear: Linear
    groups: Linear
    fading: float
    strength: float
    shares: tuple[float, ...]
    held_out: Numbers
    groups_held_out: Numbers


def fit_expert(
    matrix: Matrix, names: Names, labels: Sequence[str], strength: float, counts: Numbers | None = None
) -> Expert:
    """Fit a balanced logistic regression; labels without a ticket get a score below all others.

    `counts` says how many times each ticket counts, None that all count once.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    regression = LogisticRegression(C=strength, class_weight="balanced", max_iter=ITERATIONS, tol=TOLERANCE)
    with warnings.catch_warnings():
        # A regression that still improves a little after 200 steps is good enough.
        warnings.simplefilter("ignore", ConvergenceWarning)
        regression.fit(matrix, names, counts)
    weights, bias = regression.coef_, regression.intercept_
    if len(regression.classes_) == 2:  # noqa: PLR2004 - the binary case has one row, for the second label
        weights, bias = np.vstack([-weights, weights]) / 2, np.concatenate([-bias, bias]) / 2
    whole = Expert(np.zeros((len(labels), matrix.shape[1])), np.full(len(labels), bias.min() - 5.0))
    rows = [labels.index(str(name)) for name in regression.classes_]
    whole.weights[rows], whole.bias[rows] = weights, bias
    return whole


# Fits an expert to a matrix, the name of the label of each row, all labels and a strength.
Fit: TypeAlias = Callable[[Matrix, Names, Sequence[str], float], Expert]


def fit_text(words: int, matrix: csr_array, names: Names, labels: Sequence[str], strength: float) -> Expert:
    """Fit a logistic regression on text, and add the naive Bayes weights of its words and pairs of words.

    `words` is the number of their columns, which come first. The regression relies on the words that suffice to tell
    the examples apart. Naive Bayes weighs each word by itself, so that other words count as well in an email that has
    none of these, or one of another category.
    """
    from sklearn.naive_bayes import ComplementNB

    expert = fit_expert(matrix, names, labels, strength)
    bayes = ComplementNB(alpha=SMOOTHING).fit(matrix[:, :words], names)
    rows = [labels.index(str(name)) for name in bayes.classes_]
    expert.weights[rows, :words] += bayes.feature_log_prob_ - bayes.feature_log_prob_.mean(axis=0)
    return expert


def fit_own(words: int, matrix: csr_array, names: Names, labels: Sequence[str], strength: float) -> Expert:
    """Fit an expert on the text of tickets of this company; it says nothing of labels that none of them has.

    Our examples are twenty times as many as the first tickets: an expert on both learns little of what words mean here.
    """
    expert = fit_text(words, matrix, names, labels, strength)
    expert.bias[~np.isin(labels, names)] = 0.0
    return expert


def fit(
    matrix: csr_array,
    names: Names,
    groups: Sequence[str],
    own: Sequence[bool],
    widths: tuple[int, int],
    entries: Sequence[int],
) -> Fitted:
    """Fit the category model. Tickets of one group are never both trained on and held out.

    `own` marks the tickets of this company: verified ones, and examples that its admin gave. With enough of them, these
    alone determine the shares. `widths` are the number of columns of words, and of all text. `entries` are the numbers
    of lexicon entries of the texts.
    """
    labels = tuple(sorted(set(names.tolist())))
    words, text_width = widths
    text, lexicon = split(matrix, text_width)
    fit_with = partial(fit_text, words)
    strength, text_scores = choose_strength(text, names, groups, labels, fit_with)
    scores = [text_scores, held_out(lexicon, names, groups, labels, GROUP_STRENGTH)]
    experts = [fit_with(text, names, labels, strength), fit_expert(lexicon, names, labels, GROUP_STRENGTH)]
    truth = np.array([labels.index(name) for name in names.tolist()])
    ours, found = np.array(own, bool), np.array(entries, np.float64)
    shares: tuple[float, ...]
    if represent(ours, names):
        if not ours.all():
            fit_ours = partial(fit_own, words)
            scores.append(held_out(text, names, groups, labels, OWN_STRENGTH, fit_ours, ours))
            experts.append(fit_ours(text[ours], names[ours], labels, OWN_STRENGTH))
        shares = calibrate([each[ours] for each in scores], truth[ours])
        alone, fading = calibrate_alone(scores[1][ours], found[ours], truth[ours])
    else:
        (share,) = calibrate([scores[0] + GROUP_SHARE * scores[1]], truth)
        shares = (share * NEW_COMPANY_DISCOUNT, share * NEW_COMPANY_DISCOUNT * GROUP_SHARE)
        # Not lowered: whether a situation, a voice or an industry is left out changes the best share by one percent.
        alone, fading = calibrate_alone(scores[1], found, truth)
    return Fitted(
        linear=summed(experts, labels, shares),
        groups=scaled(experts[1], labels, alone, text_width),
        fading=fading,
        strength=strength,
        shares=shares,
        held_out=mixed(scores, shares),
        groups_held_out=softmax((alone * faded(found, fading))[:, None] * scores[1]),
    )


def summed(experts: Sequence[Expert], labels: tuple[str, ...], shares: Sequence[float]) -> Linear:
    """Return a classifier that sums the scores of all experts, weighted by their shares.

    The second expert reads the columns of word groups, all others those of text.
    """
    by_text, by_groups, *others = (share * expert.weights for share, expert in zip(shares, experts, strict=True))
    weights = np.hstack([sum(others, by_text), by_groups])
    bias = np.tensordot(shares, np.stack([expert.bias for expert in experts]), 1)
    return Linear(labels, np.ascontiguousarray(weights.T, np.float32), bias.astype(np.float32))


def represent(own: NDArray[np.bool_], names: Names) -> bool:
    """Return whether the tickets of this company are enough, and of enough categories, to calibrate by them alone."""
    counts = np.unique(names[own], return_counts=True)[1]
    return bool(own.sum() >= MIN_OWN) and bool(counts.max() <= MAX_SHARE_OF_ONE * own.sum())


def scaled(expert: Expert, labels: tuple[str, ...], share: float, first: int) -> Linear:
    """Return a classifier of one expert with its calibrated share; `first` is the column of its first weight."""
    weights = np.ascontiguousarray(share * expert.weights.T, np.float32)
    return Linear(labels, weights, (share * expert.bias).astype(np.float32), first)


def split(matrix: csr_array, text_width: int) -> tuple[csr_array, csr_array]:
    """Split the columns into text and word groups."""
    return matrix[:, :text_width], matrix[:, text_width:]


def folds(names: Names, groups: Sequence[str]) -> list[tuple[NDArray[np.int_], NDArray[np.int_]]]:
    """Split tickets into folds by group; at most as many folds as groups."""
    from sklearn.model_selection import GroupKFold

    distinct = len(set(groups))
    splitter = GroupKFold(min(FOLDS, distinct), shuffle=True, random_state=SEED)
    return [
        (train, test) for train, test in splitter.split(names, names, groups) if len(set(names[train].tolist())) > 1
    ]


def choose_strength(
    text: csr_array, names: Names, groups: Sequence[str], labels: Sequence[str], fit_with: Fit
) -> tuple[float, Numbers]:
    """Choose the regularisation of the text expert by held-out log-loss; return it with the held-out scores.

    If there are many tickets, the strongest one is taken.
    """
    if len(names) > MAX_FOR_CHOICE:
        return STRENGTHS[0], held_out(text, names, groups, labels, STRENGTHS[0], fit_with)
    truth = np.array([labels.index(name) for name in names.tolist()])
    best, best_scores, least = STRENGTHS[0], np.zeros((len(names), len(labels))), np.inf
    for strength in STRENGTHS:
        scores = held_out(text, names, groups, labels, strength, fit_with)
        loss = log_loss(mixed([scores], calibrate([scores], truth)), truth)
        if loss >= least:
            # The loss has one minimum; every further step is worse and slower.
            break
        best, best_scores, least = strength, scores, loss
    return best, best_scores


def held_out(
    matrix: Matrix,
    names: Names,
    groups: Sequence[str],
    labels: Sequence[str],
    strength: float,
    fit_with: Fit = fit_expert,
    taught: NDArray[np.bool_] | None = None,
) -> Numbers:
    """Return the scores that an expert gives to tickets that it was not trained on.

    It learns from the `taught` ones alone, None for all. Where these are of one label it knows nothing: its scores are
    zero.
    """
    scores = np.zeros((len(names), len(labels)))
    for train, test in folds(names, groups):
        some = train if taught is None else train[taught[train]]
        if len(set(names[some].tolist())) > 1:
            scores[test] = fit_with(matrix[some], names[some], labels, strength).logits(matrix[test])
    return scores


def mixed(scores: Sequence[Numbers], shares: Sequence[float]) -> Numbers:
    """Sum the scores of experts, weighted by their shares, and turn them into probabilities."""
    return softmax(np.tensordot(shares, np.stack(scores), 1))


def log_loss(chances: Numbers, truth: NDArray[np.int_]) -> float:
    """Return the mean negative log-likelihood of the true labels."""
    return float(losses(chances, truth).mean())


def losses(chances: Numbers, truth: NDArray[np.int_]) -> Numbers:
    """Return the negative log-likelihood of each true label."""
    found: Numbers = -np.log(np.maximum(chances[np.arange(len(truth)), truth], 1e-12))
    return found


def calibrate(scores: Sequence[Numbers], truth: NDArray[np.int_]) -> tuple[float, ...]:
    """Choose the shares of experts that calibrate their held-out confidence."""
    from scipy.optimize import minimize

    def shares(logs: Numbers) -> tuple[float, ...]:
        return tuple(np.exp(np.clip(logs, -5.0, 2.0)).tolist())

    options = {"maxiter": 60 * len(scores), "xatol": 0.02, "fatol": 1e-4}
    start = np.full(len(scores), np.log(0.5))
    found = minimize(
        lambda logs: log_loss(mixed(scores, shares(logs)), truth), start, method="Nelder-Mead", options=options
    )
    return shares(found.x)


def calibrate_alone(scores: Numbers, entries: Numbers, truth: NDArray[np.int_]) -> tuple[float, float]:
    """Choose share and fading that calibrate the held-out confidence of the word groups alone."""
    from scipy.optimize import minimize

    def loss(values: Numbers) -> float:
        share, fading = np.exp(values[0]), values[1]
        return log_loss(softmax((share * faded(entries, fading))[:, None] * scores), truth)

    start = [[0.0, 0.0], [0.5, 0.0], [0.0, 0.3]]
    options = {"maxiter": 80, "xatol": 0.02, "fatol": 1e-4, "initial_simplex": start}
    found = minimize(loss, start[0], method="Nelder-Mead", options=options)
    share, fading = found.x.tolist()
    return float(np.exp(np.clip(share, -5.0, 2.0))), float(np.clip(fading, 0.0, 1.0))


def pin_threads() -> None:
    """Limit linear algebra to one thread: our matrices are small, and more threads would wait for each other."""
    threadpool_limits(limits=1)
