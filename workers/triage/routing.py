"""Decide whether the model's answer is good enough to route on, and if not, say why."""

from collections.abc import Mapping
from dataclasses import dataclass

from workers.triage.classifier import Model, Prediction
from workers.triage.policy import Mode, TriagePolicy
from workers.triage.preprocess import Case

FEW_WORDS = 4
# The model is trusted neither with a category of fewer examples nor with a ticket of fewer known words.
MIN_EXAMPLES = 10
MIN_KNOWN_WORDS = 0.35
CLOSE = 0.15
LATIN = 0x250


@dataclass(frozen=True, slots=True)
class Routing:
    """Whether to route automatically. `reason` says why, or why not."""

    automatic: bool
    reason: str


def route(
    case: Case, prediction: Prediction, model: Model, policy: TriagePolicy, certified: Mapping[str, float | None]
) -> Routing:
    """Decide between routing and MANUAL_REVIEW; the first objection wins."""
    best, confidence = prediction.categories[0]
    objection = unreadable(case, prediction) or unsure(best, model)
    if objection:
        return Routing(False, objection)
    needed, source = threshold(best, policy, certified)
    if needed is None:
        return Routing(False, source)
    if confidence < needed:
        return Routing(False, f"{doubt(case, prediction)} ({confidence:.1%} confidence, {needed:.1%} needed: {source})")
    return Routing(True, f"{confidence:.1%} confidence, {needed:.1%} needed: {source}")


def unreadable(case: Case, prediction: Prediction) -> str:
    """Say why the model cannot know this ticket, or ""."""
    if prediction.known >= MIN_KNOWN_WORDS:
        return ""
    letters = [c for c in case.subject + case.body if c.isalpha()]
    if sum(ord(c) >= LATIN for c in letters) * 2 > len(letters):
        return "unknown language"
    return f"unlike anything seen before: the model knows only {prediction.known:.0%} of the words"


def unsure(best: str, model: Model) -> str:
    """Say why this category may not be routed to at all, or ""."""
    examples = model.counts.get(best, 0)
    if examples < MIN_EXAMPLES:
        return f"only {examples} examples of {best} so far, {MIN_EXAMPLES} are needed to route"
    return ""


def threshold(best: str, policy: TriagePolicy, certified: Mapping[str, float | None]) -> tuple[float | None, str]:
    """Return the confidence a category needs and where that comes from; None when it is never routed."""
    mode = policy.mode_of(best)
    if mode is Mode.SUGGEST:
        return None, f'{best} is only suggested (mode "suggest")'
    if mode is Mode.ALWAYS:
        return policy.threshold_of(best), "fixed threshold"
    needed = certified.get(best)
    if needed is None:
        return None, f'{best} is not yet certified for {policy.promised_accuracy:.0%} accuracy (mode "auto")'
    return needed, f"certified for {policy.promised_accuracy:.0%} accuracy"


def doubt(case: Case, prediction: Prediction) -> str:
    """Name the likeliest cause of a low confidence."""
    if len(case.body.split()) + len(case.subject.split()) < FEW_WORDS:
        return "too short"
    (first, p), *others = prediction.categories
    if others and p - others[0][1] < CLOSE:
        return f"two topics, {first} or {others[0][0]}"
    return "low confidence"
