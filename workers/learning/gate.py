"""Decide whether a new model may replace the current one: on the newest verified tickets and a regression set."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np

from workers.learning.examples import Example
from workers.learning.metrics import Figures
from workers.learning.training import evaluate
from workers.triage.classifier import Model
from workers.triage.encoder import Encoder
from workers.triage.routing import MIN_EXAMPLES

MAX_ECE = 0.08
MAX_RECALL_FALL = 0.10
MAX_F1_FALL = 0.0
MIN_TO_COMPARE = 30


@dataclass(frozen=True, slots=True)
class Comparison:
    """Whether a candidate may be promoted, and all reasons."""

    promote: bool
    reasons: tuple[str, ...]


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
    """
    reasons: list[str] = []
    objections = lost(candidate, current, categories) if current else []
    compared = False
    for name, examples, model, before in (
        ("newest verified tickets", held_back, candidate, current),
        # It has each category as often as the others, whatever this company gets.
        ("regression set", regression, unadjusted(candidate), current and unadjusted(current)),
    ):
        if len(examples) < MIN_TO_COMPARE:
            reasons.append(f"{name}: only {len(examples)}, too few to compare")
            continue
        compared = True
        new = evaluate(model, examples, encoder)
        old = evaluate(before, examples, encoder) if before else None
        reasons.append(f"{name}: {summary(new)}" + (f"; before: {summary(old)}" if old else ""))
        objections += [f"{name}: {problem}" for problem in worse(new, old)]
    if current is None:
        return Comparison(promote=True, reasons=(*objections, *reasons, "there is no model yet"))
    if not compared and (problem := fewer(candidate, current, categories)):
        objections.append(problem)
    return Comparison(not objections, (*objections, *reasons))


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


def worse(new: Figures, old: Figures | None) -> list[str]:
    """Return what is worse than allowed. A poor calibration is accepted only if it was poorer before."""
    problems = []
    if new.ece > max(MAX_ECE, old.ece if old else 0.0) + noise(new.count):
        problems.append(f"the calibration error {new.ece:.3f} exceeds {MAX_ECE}")
    if old is None:
        return problems
    if new.macro_f1 < old.macro_f1 - MAX_F1_FALL:
        problems.append(f"macro-F1 falls from {old.macro_f1:.3f} to {new.macro_f1:.3f}")
    for name, before in old.classes.items():
        after = new.classes[name].recall
        if after <= before.recall - MAX_RECALL_FALL:
            problems.append(f"the recall of {name} falls from {before.recall:.2f} to {after:.2f}")
    return problems


def noise(count: int) -> float:
    """Return the calibration error that perfect predictions show by chance for this number of tickets (15 bins)."""
    return float(0.5 * np.sqrt(15 / count) * 0.5)
