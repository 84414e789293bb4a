"""The model: softmax over a linear score per category, with a temperature, and the most important words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from daemon.vocabulary import Priority
from workers.triage import features, language, tokens
from workers.triage.features import Features, Floats, Found, Row
from workers.triage.linear import Linear, Probabilities, faded, shifted, softmax
from workers.triage.preprocess import Case
from workers.triage.second_opinion import SecondOpinion

MAX_WORDS_SHOWN = 5
# A text that shows no language needs the first share of known words to be classified, one with an entry of the lexicon
# that counts wherever no other language is shown the second.
MIN_KNOWN_WORDS = 0.35
MIN_KNOWN_WITH_ENTRY = 0.12
# Nearly every word has another meaning somewhere: "forgot" an umbrella, the "account" of a journey. Where word groups
# alone decide and at most one word speaks for the best category, trust is this power of its probability: the largest
# that costs no log-loss on emails of the language set.
TRUST_POWER = 1.25


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the model predicts for a ticket.

    `categories` and `priorities` are (label, probability), best first. `words` are the most important words for the
    best category, as the person wrote them, with their weights. `known` is the share of words seen in training or found
    in the lexicon, `groups` the number of lexicon groups found, `language` the name of the likely one. Without
    `evidence` nothing in the text is known, and `categories` are the shares of the categories in the examples. `second`
    is the best category of the second opinion, which `categories` then contain, None where it was not asked.
    `described` marks a best category that was chosen by its description. `closest` are title and category of examples.
    `second_counts` tells whether a second opinion may count.
    """

    categories: tuple[tuple[str, float], ...]
    priorities: tuple[tuple[Priority, float], ...]
    words: tuple[tuple[str, float], ...]
    known: float
    groups: int
    language: str
    evidence: bool
    second: tuple[str, float] | None = None
    described: bool = False
    closest: tuple[tuple[str, str], ...] = ()
    second_counts: bool = True

    @property
    def says_something(self) -> bool:
        """Return whether the best category is more than the most frequent one."""
        return self.evidence or self.second is not None or self.described


@dataclass(frozen=True, slots=True)
class Opinion:
    """A classifier, the features of a text that it reads, and the factor that calibrates its scores."""

    linear: Linear
    row: Row
    factor: float = 1.0

    @property
    def scores(self) -> Floats:
        """Return the score of each category."""
        return self.linear.logits(self.row) * np.float32(self.factor)


@dataclass(frozen=True, slots=True)
class Reading:
    """What the words of a text say: its language, "" if it shows none, and an opinion, None if nothing is known.

    `trust` is the share that the opinion has in the probabilities; the shares of the categories have the rest.
    """

    code: str
    known: float
    opinion: Opinion | None
    trust: float = 1.0


@dataclass(frozen=True, slots=True)
class Model:
    """A trained model. `counts` has the number of examples of each category.

    `category` reads all features, `groups` only the word groups: it decides on texts that are clearly in a language of
    which the model has not `learned` enough examples, because words there mean something else. Its scores are then
    divided by a power, `fading`, of one more than the number of lexicon entries.
    `second` was trained on the vectors of one encoder, None where there was none. `frequencies` are how many times as
    frequent as in training each category is at this company, None where nothing shows that they differ.
    """

    version: str
    features: Features
    category: Linear
    groups: Linear
    fading: float
    learned: frozenset[str]
    priority: Linear | None
    counts: Mapping[str, int]
    second: SecondOpinion | None = None
    frequencies: Probabilities | None = None

    def predict(self, case: Case, vector: Floats | None = None) -> Prediction:
        """Classify one ticket, averaged with the second opinion where the vector of its text is given."""
        written = tokens.split(case.read)
        found = self.features.find(list(map(tokens.form, written)))
        reading = self.read(found)
        groups = len({group for group, _, _ in found.matches.entries})
        name = language.name(case.read, reading.code)
        opinion, counts = reading.opinion, self.second_counts(reading)
        first = self.prior_chances()
        if opinion:
            first = reading.trust * softmax(opinion.scores) + (1 - reading.trust) * first
        second: tuple[str, float] | None = None
        closest: tuple[tuple[str, str], ...] = ()
        if self.second and vector is not None and counts:
            chances = self.second.chances(vector)
            second, closest = self.ranked(chances)[0], self.second.neighbours.closest(vector)
            first = self.average(reading, first, chances)
        if opinion is None:
            ranked = self.ranked(first)
            return Prediction(tuple(ranked), (), (), reading.known, groups, name, evidence=False, second_counts=counts)
        ranked = self.ranked(self.adjusted(first))
        row = opinion.row if opinion.linear is self.category else self.features.row(found)
        priorities = self.priority.ranked(row) if self.priority else []
        return Prediction(
            tuple(ranked),
            tuple((Priority(label), chance) for label, chance in priorities),
            self.important_words(written, found, self.contributions(opinion, ranked)),
            reading.known,
            groups,
            name,
            evidence=True,
            second=second,
            closest=closest,
            second_counts=counts,
        )

    def second_of(self, encoder: str) -> SecondOpinion | None:
        """Return the second opinion if it was made with this encoder."""
        return self.second if self.second and self.second.encoder == encoder else None

    def ranked(self, chances: Probabilities) -> list[tuple[str, float]]:
        """Return (label, probability), best first."""
        return sorted(zip(self.category.labels, chances.tolist(), strict=True), key=lambda pair: -pair[1])

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

    def contributions(self, opinion: Opinion, ranked: Sequence[tuple[str, float]]) -> Floats:
        """Return by how much each column of a row raises the score of the best label above the mean of the others."""
        best, row = self.category.labels.index(ranked[0][0]), opinion.row
        weights = opinion.linear.weights_of(row)
        others = (weights.sum(axis=1) - weights[:, best]) / max(1, len(self.category.labels) - 1)
        found = np.zeros(self.features.width, np.float32)
        found[row.columns] = row.values * (weights[:, best] - others)
        return found

    def predict_many(self, cases: Sequence[Case], vectors: Floats | None = None) -> Probabilities:
        """Return the probabilities of the categories: a row per ticket, columns in the order of `category.labels`.

        `vectors` are those of the texts for the second opinion, a row per ticket.
        """
        prior = self.prior_chances()
        readings = [self.read(self.features.find(tokens.forms(case.read))) for case in cases]
        # The logarithms of the shares of the categories are the scores that lead to these shares.
        unknown = np.log(prior)
        scores = [reading.opinion.scores if reading.opinion else unknown for reading in readings]
        by_words = softmax(np.array(scores, np.float64).reshape(len(cases), -1))
        trust = np.array([reading.trust for reading in readings])[:, None]
        first = trust * by_words + (1 - trust) * prior
        if self.second is not None and vectors is not None:
            each = zip(readings, first, map(self.second.chances, vectors), strict=True)
            first = np.array([self.average(reading, row, chances) for reading, row, chances in each])
        known = np.array([reading.opinion is not None for reading in readings], bool)
        return np.where(known[:, None], self.adjusted(first), first)

    def adjusted(self, chances: Probabilities) -> Probabilities:
        """Return probabilities for the categories that are as frequent as at this company."""
        return chances if self.frequencies is None else shifted(chances, self.frequencies)

    def read(self, found: Found) -> Reading:
        """Return what the words of a text say: its language, how much of it is known, and the opinion on it."""
        known = self.features.known(found)
        code = language.shown(self.features.lexicon, found.matches, found.counts)
        least = MIN_KNOWN_WITH_ENTRY if found.matches.entries and not found.matches.other else MIN_KNOWN_WORDS
        if not code and (found.matches.other or known < least):
            return Reading(code, known, None)
        if found.matches.other and code not in self.learned:
            factor = faded(np.array(len(found.matches.entries), np.float64), self.fading)
            opinion = Opinion(self.groups, self.features.group_part(found), float(factor))
            return Reading(code, known, opinion, self.trust(found, opinion))
        return Reading(code, known, Opinion(self.category, self.features.row(found)))

    def trust(self, found: Found, opinion: Opinion) -> float:
        """Return the share that an opinion of word groups has: less where at most one word speaks for the best one."""
        best = int(opinion.scores.argmax())
        speaks = self.groups.weights.argmax(axis=1) == best
        words: set[str] = set()
        for group, at, size in found.matches.entries:
            if speaks[group]:
                entry = found.forms[at : at + size]
                words.update([" ".join(entry)] if tokens.unspaced(entry[0]) else entry)
        return 1.0 if len(words) > 1 else float(softmax(opinion.scores)[best]) ** TRUST_POWER

    def prior_chances(self) -> Probabilities:
        """Return the share of each category in the examples, in the order of the labels."""
        prior = dict(self.prior())
        return np.array([prior[label] for label in self.category.labels])

    def average(self, reading: Reading, first: Probabilities, chances: Probabilities) -> Probabilities:
        """Return the average with the second opinion, or the first where the second does not count."""
        if self.second is None or not self.second_counts(reading):
            return first
        by_groups = reading.opinion is not None and reading.opinion.linear is self.groups
        return self.second.average(first, chances, by_groups=by_groups)

    def second_counts(self, reading: Reading) -> bool:
        """Return whether the second opinion counts: something is known, and its encoder knows the language."""
        if self.second is None or reading.opinion is None:
            return False
        return not reading.code or reading.code in self.second.languages
