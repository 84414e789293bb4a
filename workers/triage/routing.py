"""Decide whether to route on the prediction of the model, and if not, say why."""

from collections.abc import Mapping
from dataclasses import dataclass

from workers.triage.classifier import MIN_KNOWN_WORDS, Model, Prediction
from workers.triage.policy import Mode, TriagePolicy
from workers.triage.preprocess import Case

SHORT_TEXT_WORDS = 4
# The model does not route to a category with fewer examples.
MIN_EXAMPLES = 10
# If most words are unknown, this number of different lexicon groups is evidence enough.
MIN_GROUPS = 2
CLOSE_CALL = 0.15
NOTHING_KNOWN = "nothing in this email is known to me"


@dataclass(frozen=True, slots=True)
class Routing:
    """Whether to route automatically, and why or why not."""

    automatic: bool
    reason: str


def route(
    case: Case, prediction: Prediction, model: Model, policy: TriagePolicy, certified: Mapping[str, float | None]
) -> Routing:
    """Decide between routing and review by a person; the first objection is the reason."""
    best, confidence = prediction.categories[0]
    objection = unknown_text(prediction) or too_few_examples(best, model)
    if objection:
        return Routing(False, objection)
    needed, source = threshold(best, policy, certified)
    if needed is None:
        return Routing(False, source)
    if confidence < needed:
        return Routing(
            False, f"{cause_of_doubt(case, prediction)} ({confidence:.1%} confidence, {needed:.1%} needed: {source})"
        )
    return Routing(True, f"{confidence:.1%} confidence, {needed:.1%} needed: {source}")


def unknown_text(prediction: Prediction) -> str:
    """Return why the text is unknown to the model, or ""."""
    if not prediction.evidence:
        return f"{NOTHING_KNOWN} (language: {prediction.language})"
    if prediction.known >= MIN_KNOWN_WORDS or prediction.groups >= MIN_GROUPS or agreed(prediction):
        return ""
    return f"unlike anything seen before: the model knows only {prediction.known:.0%} of the words"


def agreed(prediction: Prediction) -> bool:
    """Return whether the second opinion was asked and names the same category."""
    return prediction.second is not None and prediction.second[0] == prediction.categories[0][0]


def too_few_examples(best: str, model: Model) -> str:
    """Return why the model knows too little of this category, or ""."""
    examples = model.counts.get(best, 0)
    if examples < MIN_EXAMPLES:
        return f"only {examples} examples of {best} so far, {MIN_EXAMPLES} are needed to route"
    return ""


def threshold(best: str, policy: TriagePolicy, certified: Mapping[str, float | None]) -> tuple[float | None, str]:
    """Return the confidence a category needs and where it comes from, None if the category is not routed."""
    mode = policy.mode_of(best)
    if mode is Mode.SUGGEST:
        return None, f'{best} is only suggested (mode "suggest")'
    if mode is Mode.ALWAYS:
        return policy.threshold_of(best), "fixed threshold"
    needed = certified.get(best)
    if needed is None:
        return None, f'{best} is not yet certified for {policy.promised_accuracy:.0%} accuracy (mode "auto")'
    return needed, f"certified for {policy.promised_accuracy:.0%} accuracy"


def cause_of_doubt(case: Case, prediction: Prediction) -> str:
    """Return the most likely cause of a low confidence."""
    if len(case.body.split()) + len(case.subject.split()) < SHORT_TEXT_WORDS:
        return "too short"
    (first, p), *others = prediction.categories
    if others and p - others[0][1] < CLOSE_CALL:
        return f"two topics, {first} or {others[0][0]}"
    return "low confidence"
