"""The model: softmax over a linear score per category, with a temperature, and the most important words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from daemon.vocabulary import Priority
from workers.triage import features, language, tokens
from workers.triage.features import Features, Floats, Found, Row
from workers.triage.lexicon import Matches
from workers.triage.preprocess import Case

MAX_WORDS_SHOWN = 5
# A text needs the first share of known words to be classified, one with a lexicon entry or a known language the second.
MIN_KNOWN_WORDS = 0.35
MIN_KNOWN_WITH_SIGN = 0.12
Probabilities = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the model predicts for a ticket.

    `categories` and `priorities` are (label, probability), best first. `words` are the most important words for the
    best category, as the person wrote them, with their weights. `known` is the share of words seen in training or found
    in the lexicon, `groups` the number of lexicon groups found, `language` the name of the likely one. Without
    `evidence` nothing in the text is known, and `categories` are the shares of the categories in the examples.
    """

    categories: tuple[tuple[str, float], ...]
    priorities: tuple[tuple[Priority, float], ...]
    words: tuple[tuple[str, float], ...]
    known: float
    groups: int
    language: str
    evidence: bool


@dataclass(frozen=True, slots=True)
class Linear:
    """A linear classifier. `weights` has a row per feature and a column per label, divided by the temperature."""

    labels: tuple[str, ...]
    weights: Floats
    bias: Floats

    def logits(self, row: Row) -> Floats:
        """Return the score of each label."""
        scores: Floats = row.values @ self.weights.take(row.columns, axis=0) + self.bias
        return scores

    def ranked(self, row: Row) -> list[tuple[str, float]]:
        """Return (label, probability), best first."""
        chances = softmax(self.logits(row)).tolist()
        return sorted(zip(self.labels, chances, strict=True), key=lambda pair: -pair[1])


@dataclass(frozen=True, slots=True)
class Model:
    """A trained model. `counts` has the number of examples of each category."""

    version: str
    features: Features
    category: Linear
    priority: Linear | None
    counts: Mapping[str, int]

    def predict(self, case: Case) -> Prediction:
        """Classify one ticket."""
        written = tokens.split(case.read)
        found = self.features.find(list(map(tokens.form, written)))
        known, groups = self.features.known(found), len({group for group, _, _ in found.matches.entries})
        name = language.name(case.read, self.features.lexicon, found.matches)
        if not has_evidence(known, found.matches):
            return Prediction(tuple(self.prior()), (), (), known, groups, name, evidence=False)
        row = self.features.row(found)
        ranked = self.category.ranked(row)
        priorities = self.priority.ranked(row) if self.priority else []
        return Prediction(
            tuple(ranked),
            tuple((Priority(label), chance) for label, chance in priorities),
            self.important_words(written, found, self.contributions(row, ranked)),
            known,
            groups,
            name,
            evidence=True,
        )

    def prior(self) -> list[tuple[str, float]]:
        """Return the share of each category in the examples, largest first."""
        total = sum(self.counts.values())
        return sorted(
            ((label, self.counts[label] / total) for label in self.category.labels), key=lambda pair: -pair[1]
        )

    def important_words(
        self, written: Sequence[str], found: Found, contributions: Floats
    ) -> tuple[tuple[str, float], ...]:
        """Return the words that favour the best category most over the others, as first written."""
        weights = self.features.word_weights(found, contributions)
        groups = contributions[self.features.text_width :].tolist()
        shown = dict(zip(reversed(found.forms), reversed(written), strict=True))
        for group, at, size in found.matches.entries:
            if tokens.unspaced(found.forms[at]):
                # One character says nothing to people; the whole entry does.
                entry = "".join(written[at : at + size])
                weights[entry] = weights.get(entry, 0.0) + groups[group]
                shown[entry] = entry
            else:
                for form in found.forms[at : at + size]:
                    weights[form] += groups[group] / size
        chosen = [
            form for form in weights if weights[form] > 0 and len(form) > 1 and not form.startswith(features.MASK)
        ]
        chosen.sort(key=weights.__getitem__, reverse=True)
        return tuple((shown[form], round(weights[form], 3)) for form in chosen[:MAX_WORDS_SHOWN])

    def contributions(self, row: Row, ranked: Sequence[tuple[str, float]]) -> Floats:
        """Return by how much each column of a row raises the score of the best label above the mean of the others."""
        best = self.category.labels.index(ranked[0][0])
        weights = self.category.weights.take(row.columns, axis=0)
        others = (weights.sum(axis=1) - weights[:, best]) / max(1, len(self.category.labels) - 1)
        found = np.zeros(self.features.width, np.float32)
        found[row.columns] = row.values * (weights[:, best] - others)
        return found

    def predict_many(self, cases: Sequence[Case]) -> Probabilities:
        """Return the probabilities of the categories: a row per ticket, columns in the order of `category.labels`."""
        prior = dict(self.prior())
        # The logarithms of the shares of the categories are the scores that lead to these shares.
        unknown = np.log(np.array([prior[label] for label in self.category.labels]))
        scores = [self.scores(self.features.find(tokens.forms(case.read)), unknown) for case in cases]
        return softmax(np.array(scores, np.float64).reshape(len(cases), -1))

    def scores(self, found: Found, unknown: Probabilities) -> Floats | Probabilities:
        """Return the scores of the categories for one text, `unknown` without evidence."""
        if has_evidence(self.features.known(found), found.matches):
            return self.category.logits(self.features.row(found))
        return unknown


def has_evidence(known: float, matches: Matches) -> bool:
    """Return whether a text with this share of known words and these lexicon entries can be classified."""
    signs = bool(matches.entries) or language.is_shown(matches)
    return known >= (MIN_KNOWN_WITH_SIGN if signs else MIN_KNOWN_WORDS)


def softmax(logits: Floats | Probabilities) -> Probabilities:
    """Turn scores into probabilities along the last axis."""
    shifted = np.asarray(logits, np.float64) - np.max(logits, axis=-1, keepdims=True)
    exponentials = np.exp(shifted)
    chances: Probabilities = exponentials / exponentials.sum(axis=-1, keepdims=True)
    return chances
