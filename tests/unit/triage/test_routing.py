"""The borders of routing: which prediction is just enough, and which is just too little."""

from dataclasses import replace

import pytest

from daemon.vocabulary import Priority
from workers.triage import routing
from workers.triage.classifier import MIN_KNOWN_WORDS, Model, Prediction
from workers.triage.policy import Mode, TriagePolicy
from workers.triage.preprocess import clean

CASE = clean("", "please refund my card, I was charged for the invoice")


def prediction(*, confidence: float = 0.9, known: float = 1.0, groups: int = 0, second: str = "") -> Prediction:
    return Prediction(
        categories=(("Payments", confidence), ("Login", (1 - confidence) / 2)),
        priorities=((Priority.MEDIUM, 1.0),),
        words=(),
        known=known,
        groups=groups,
        language="English",
        evidence=True,
        second=(second, 0.9) if second else None,
    )


def routed(found: Prediction, policy: TriagePolicy, model: Model, **certified: float) -> bool:
    return routing.route(CASE, found, model, policy, certified).automatic


@pytest.mark.parametrize(("confidence", "automatic"), [(0.799, False), (0.8, True), (0.801, True)])
def test_the_threshold_itself_is_enough(policy: TriagePolicy, model: Model, confidence: float, automatic: bool) -> None:
    assert routed(prediction(confidence=confidence), replace(policy, threshold=0.8), model) is automatic


@pytest.mark.parametrize(("confidence", "automatic"), [(0.749, False), (0.75, True)])
def test_the_certified_threshold_itself_is_enough(
    policy: TriagePolicy, model: Model, confidence: float, automatic: bool
) -> None:
    auto = replace(policy, mode=Mode.AUTO)
    assert routed(prediction(confidence=confidence), auto, model, Payments=0.75) is automatic


@pytest.mark.parametrize(
    ("found", "automatic"),
    [
        (prediction(known=MIN_KNOWN_WORDS), True),
        (prediction(known=MIN_KNOWN_WORDS - 0.01), False),
        (prediction(known=0.0, groups=routing.MIN_GROUPS), True),
        (prediction(known=0.0, groups=routing.MIN_GROUPS - 1), False),
        (prediction(known=0.0, second="Payments"), True),
        (prediction(known=0.0, second="Login"), False),
    ],
    ids=["enough words", "few words", "enough groups", "few groups", "agreed", "not agreed"],
)
def test_a_text_is_known_by_its_words_its_word_groups_or_a_second_opinion_that_agrees(
    policy: TriagePolicy, model: Model, found: Prediction, automatic: bool
) -> None:
    assert routed(found, replace(policy, threshold=0.5), model) is automatic


@pytest.mark.parametrize(("examples", "automatic"), [(routing.MIN_EXAMPLES, True), (routing.MIN_EXAMPLES - 1, False)])
def test_a_category_needs_examples(policy: TriagePolicy, model: Model, examples: int, automatic: bool) -> None:
    counted = replace(model, counts={**model.counts, "Payments": examples})
    assert routed(prediction(), replace(policy, threshold=0.5), counted) is automatic
