"""Categories with a description and no examples: suggested from the first day, and never routed to."""

from dataclasses import replace

import pytest

from daemon.vocabulary import MANUAL_REVIEW
from tests.support.domain_values import category, rule
from tests.support.encoders import FakeEncoder
from tests.support.small_model import NOW, small_corpus
from workers.learning import training
from workers.triage import described
from workers.triage.classifier import Model
from workers.triage.decide import consider, decide
from workers.triage.lexicon import Lexicon
from workers.triage.policy import TriagePolicy
from workers.triage.preprocess import clean

PARCEL = clean("", "grazie, paczka paczka")
LOCKED = clean("", "I am locked out of the portal")


@pytest.fixture
def new(policy: TriagePolicy) -> TriagePolicy:
    """Return a policy whose four categories are new: none has an example."""
    return replace(
        policy,
        categories=(
            category("Money", "MONEY_TEAM", description="a payment, a refund or a bill"),
            category("Access", "ACCESS_TEAM", description="password, code, locked"),
            category("Delivery", "DELIVERY_TEAM", description="where is my parcel"),
        ),
    )


def test_without_any_model_the_closest_description_is_suggested(new: TriagePolicy) -> None:
    triage = decide(LOCKED, new, None, {}, 1.0, encoder=FakeEncoder())
    assert (triage.category, triage.team) == ("Access", MANUAL_REVIEW)
    assert "closest description: Access" in triage.reasons
    assert len(triage.alternatives) == 2
    assert decide(LOCKED, new, None, {}, 1.0).category == new.fallback_category


def test_a_new_category_beside_learned_ones_is_suggested_and_not_routed_to(policy: TriagePolicy, model: Model) -> None:
    delivery = category("Delivery", "DELIVERY_TEAM", description="where is my parcel")
    wider = replace(policy, threshold=0.0, categories=(*policy.categories, delivery))
    triage = decide(PARCEL, wider, model, {}, 1.0, encoder=FakeEncoder())
    assert (triage.category, triage.team) == ("Delivery", MANUAL_REVIEW)
    assert triage.confidence + sum(chance for _, chance in triage.alternatives) <= 1.0
    clear = clean("", "please refund my card, I was charged for the invoice")
    assert decide(clear, wider, model, {}, 1.0, encoder=FakeEncoder()).category == "Payments"


def test_a_new_category_with_a_second_opinion_asks_once(policy: TriagePolicy, words: Lexicon) -> None:
    made = training.train(small_corpus(), words, NOW, FakeEncoder())[0]
    both = replace(made, category=replace(made.category, weights=made.category.weights / 40))
    delivery = category("Delivery", "DELIVERY_TEAM", description="where is my parcel")
    wider, half_known = replace(policy, categories=(*policy.categories, delivery)), clean("", "grazie, paczka is my")
    triage = decide(half_known, wider, both, {}, 1.0, encoder=FakeEncoder())
    assert triage.category == "Delivery"
    assert any("by its meaning alone: General" in reason for reason in triage.reasons)


def test_a_described_category_is_asked_about_unless_a_rule_decides_or_it_has_examples(
    policy: TriagePolicy, new: TriagePolicy, model: Model
) -> None:
    assert consider(LOCKED, new, model).asks("fake-1")
    assert not consider(LOCKED, new, model).asks("")
    by_rule = replace(new, rules=(rule("out", "Access", phrases=("locked",)),))
    assert not consider(LOCKED, by_rule, model).asks("fake-1")
    learned = replace(policy, categories=tuple(replace(c, description="words") for c in policy.categories))
    assert described.texts(learned, model) == ()
    assert described.texts(policy, None) == ()
