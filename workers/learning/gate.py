"""Decide whether a new model may replace the current one: on the newest verified tickets and a regression set."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import bdtrc

from workers.learning.examples import Example
from workers.learning.metrics import Answer, Figures, measure
from workers.learning.training import answered
from workers.triage.classifier import Model
from workers.triage.encoder import Encoder
from workers.triage.routing import MIN_EXAMPLES

MAX_ECE = 0.08
MAX_RECALL_FALL = 0.10
MAX_F1_FALL = 0.0
# Of fair models one in twenty would seem this much worse.
UNLIKELY = 0.05
MIN_TO_COMPARE = 30
# Fewer than `triage.retrain_after` by default, so that those since the last training are enough.
MIN_NEWEST = 20
NEWEST = "newest verified tickets that the model in use did not learn from"


@dataclass(frozen=True, slots=True)
class Comparison:
    """What speaks against promoting a candidate, and what else was found."""

    objections: tuple[str, ...]
    facts: tuple[str, ...]

    @property
    def promote(self) -> bool:
        """Return whether nothing speaks against it."""
        return not self.objections

    @property
    def reasons(self) -> tuple[str, ...]:
        """Return all reasons for the decision."""
        return (*self.objections, *self.facts)


def compare(
    candidate: Model,
    current: Model | None,
    held_back: Sequence[Example],
    regression: Sequence[Example],
    encoder: Encoder | None = None,
    categories: Collection[str] | None = None,
) -> Comparison:
    """Compare a candidate with the current model on the newest verified tickets and on the regression set.

    `categories` are the configured ones, None for all of the models: the candidate may not lose one that the current
    model knows. Where neither set has enough tickets, nothing shows that it is better, so it may not know less either.
    The tickets of the regression set are plain, so that each error on them counts. Of the verified ones, which neither
    model may have learned from, one more error says nothing: the number has to be more than chance.
    """
    reasons: list[str] = []
    objections = lost(candidate, current, categories) if current else []
    compared = False
    # The regression set has each category as often as the others, whatever this company gets.
    plain = unadjusted(candidate), current and unadjusted(current)
    sets = (
        (NEWEST, held_back, MIN_NEWEST, (candidate, current)),
        ("regression set", regression, MIN_TO_COMPARE, plain),
    )
    for name, examples, least, (model, before) in sets:
        if len(examples) < least:
            reasons.append(f"{name}: only {len(examples)}, too few to compare")
            continue
        compared = True
        new = answered(model, examples, encoder)
        old = answered(before, examples, encoder) if before else None
        earlier = f"; before: {summary(measure(old))}" if old else ""
        reasons.append(f"{name}: {summary(measure(new))}{earlier}")
        objections += [f"{name}: {problem}" for problem in worse(new, old, by_chance=name == NEWEST)]
    if current is None:
        return Comparison((), (*objections, *reasons, "there is no model yet"))
    if not compared and (problem := fewer(candidate, current, categories)):
        objections.append(problem)
    return Comparison(tuple(objections), tuple(reasons))


def unadjusted(model: Model) -> Model:
    """Return a model without what it knows of the frequencies of categories."""
    return replace(model, frequencies=None)


def lost(candidate: Model, current: Model, categories: Collection[str] | None) -> list[str]:
    """Return the categories that the current model can route to and of which the candidate has no example."""
    return [
        f"there is no example of {name}, of which the model in use has {count}"
        for name, count in wanted(current, categories).items()
        if count >= MIN_EXAMPLES and name not in candidate.counts
    ]


def without_second(model: Model, current: Model | None, encoder: Encoder | None) -> list[str]:
    """Return that a model lacks the second opinion of the one in use because the encoder, though enabled, failed."""
    if model.second or not current or not current.second or encoder is None or not encoder.problem:
        return []
    missing = "it has no second opinion, which the model in use has: the sentence encoder could not be used"
    return [f"{missing} ({encoder.problem}); correct it, or set triage.semantic to false"]


def fewer(candidate: Model, current: Model, categories: Collection[str] | None) -> str:
    """Return that the candidate has fewer examples than the current model, or ""."""
    new, old = (sum(wanted(model, categories).values()) for model in (candidate, current))
    return f"{new} examples are fewer than the {old} of the model in use" if new < old else ""


def wanted(model: Model, categories: Collection[str] | None) -> dict[str, int]:
    """Return the number of examples of each category, without categories that are not configured."""
    return {name: count for name, count in model.counts.items() if categories is None or name in categories}


def summary(figures: Figures) -> str:
    """Return the main figures on one line."""
    return f"macro-F1 {figures.macro_f1:.3f}, accuracy {figures.accuracy:.3f}, ECE {figures.ece:.3f} of {figures.count}"


def worse(answers_: Sequence[Answer], earlier: Sequence[Answer] | None, *, by_chance: bool) -> list[str]:
    """Return what is worse than allowed. A poor calibration is accepted only if it was poorer before.

    `by_chance` accepts a fall that as many errors as these show by chance.
    """
    problems = []
    new, old = measure(answers_), measure(earlier) if earlier else None
    if new.ece > max(MAX_ECE, old.ece if old else 0.0) + noise(new.count):
        problems.append(f"the calibration error {new.ece:.3f} exceeds {MAX_ECE}")
    if old is None or earlier is None:
        return problems

    def counts(category: str = "") -> bool:
        return not by_chance or is_shown(answers_, earlier, category)

    if new.macro_f1 < old.macro_f1 - MAX_F1_FALL and counts():
        problems.append(f"macro-F1 falls from {old.macro_f1:.3f} to {new.macro_f1:.3f}")
    for name, before in old.classes.items():
        after = new.classes[name].recall
        if after <= before.recall - MAX_RECALL_FALL and counts(name):
            problems.append(f"the recall of {name} falls from {before.recall:.2f} to {after:.2f}")
    return problems


def is_shown(new: Sequence[Answer], old: Sequence[Answer], category: str = "") -> bool:
    """Return whether more tickets, of a category or of all, became wrong than chance explains (a sign test).

    Two equally good models are right with even odds where only one of them is.
    """
    pairs = [(a.right, b.right) for a, b in zip(new, old, strict=True) if category in {"", a.truth}]
    losses = sum(before and not after for after, before in pairs)
    gains = sum(after and not before for after, before in pairs)
    return bool(losses) and float(bdtrc(losses - 1, losses + gains, 0.5)) < UNLIKELY


def noise(count: int) -> float:
    """Return the calibration error that perfect predictions show by chance for this number of tickets (15 bins)."""
    return float(0.5 * np.sqrt(15 / count) * 0.5)
