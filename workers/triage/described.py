"""Categories that have a description and no examples yet: suggested by the meaning of the description."""

from collections.abc import Sequence
from dataclasses import replace

from workers.triage.classifier import Model, Prediction
from workers.triage.encoder import Meaning
from workers.triage.linear import softmax
from workers.triage.policy import Category, TriagePolicy

# Chosen on our examples with a description for each category.
SCALE = 15.0


def text(category: Category) -> str:
    """Return the text that stands for a category."""
    return f"{category.name}: {category.description}" if category.description else category.name


def texts(policy: TriagePolicy, model: Model | None) -> tuple[str, ...]:
    """Return the text of each category, () unless a category has a description and no examples."""
    return tuple(map(text, policy.categories)) if unlearned(policy, model) else ()


def unlearned(policy: TriagePolicy, model: Model | None) -> frozenset[str]:
    """Return the categories that have a description and that the model has no example of."""
    known = model.counts if model else ()
    return frozenset(one.name for one in policy.categories if one.description and one.name not in known)


def why(prediction: Prediction) -> str:
    """Return why a described category goes to a person."""
    return f"{prediction.categories[0][0]} is only suggested: it has a description, but no examples yet"


def suggest(
    prediction: Prediction | None, policy: TriagePolicy, model: Model | None, meaning: Meaning
) -> Prediction | None:
    """Return the prediction, or one with a described category as the best where its description is closer.

    Nothing is routed to it: the model needs examples for that. Other predictions keep their calibrated confidence.
    """
    names = [category.name for category in policy.categories]
    chances = softmax(SCALE * (meaning.descriptions @ meaning.vector)).tolist()
    ranked = sorted(zip(names, chances, strict=True), key=lambda pair: -pair[1])
    best, confidence = ranked[0]
    # The name alone of a category without a description says too little.
    if best not in unlearned(policy, model):
        return prediction
    if prediction is None:
        return Prediction(tuple(ranked), (), (), 0.0, 0, "", evidence=False, described=True)
    if confidence <= prediction.categories[0][1]:
        return prediction
    return replace(
        prediction, categories=tuple(merged(best, confidence, prediction.categories)), words=(), described=True
    )


def merged(best: str, confidence: float, others: Sequence[tuple[str, float]]) -> list[tuple[str, float]]:
    """Put a category before others, whose probabilities share the rest."""
    return [(best, confidence), *((name, chance * (1 - confidence)) for name, chance in others)]
