"""The second opinion: when it is asked, how it counts, and what people read about it."""

from dataclasses import replace

import numpy as np
import pytest

from daemon.vocabulary import MANUAL_REVIEW
from tests.support.domain_values import rule
from tests.support.encoders import FakeEncoder
from tests.support.small_model import NOW, small_corpus
from workers.learning import training
from workers.triage import encoder as encoding
from workers.triage.classifier import Model
from workers.triage.decide import consider, decide
from workers.triage.lexicon import Lexicon
from workers.triage.policy import AddressPolicy, Mode, TriagePolicy
from workers.triage.preprocess import clean
from workers.triage.second_opinion import average

CLEAR = clean("", "please refund my card, I was charged for the invoice")
DOUBTFUL = clean("", "the refund of my password and the page please")
# Few of its words are known to the model; the encoder knows what it is about.
FOREIGN = clean("", "rimborso: please refund il denaro della carta, quanto tempo serve ancora")
UNKNOWN = clean("", "Chciałbym prosić o zwrot pieniędzy")


@pytest.fixture(scope="module")
def both(words: Lexicon) -> Model:
    """Return a model whose first opinion is doubtful: so small a corpus makes it more certain than real ones."""
    found = training.train(small_corpus(), words, NOW, FakeEncoder())[0]
    return replace(found, category=replace(found.category, weights=found.category.weights / 40))


def sure(policy: TriagePolicy) -> TriagePolicy:
    return replace(policy, mode=Mode.ALWAYS, threshold=0.1)


def test_a_model_is_trained_with_the_encoder_and_says_so(both: Model, model: Model) -> None:
    assert both.second is not None
    assert both.second.encoder == "fake-1"
    assert both.second_of("fake-1") is both.second
    assert both.second_of("fake-2") is None
    assert model.second is None


def test_an_encoder_that_fails_in_training_leaves_the_model_alone(words: Lexicon, model: Model) -> None:
    alone, _ = training.train(small_corpus(), words, NOW, FakeEncoder(""))
    assert alone.second is None
    assert alone.predict(CLEAR) == model.predict(CLEAR)


def test_the_average_of_two_opinions_is_sharpened_and_sums_to_one() -> None:
    found = average(np.array([0.7, 0.2, 0.1]), np.array([0.5, 0.5, 0.0]), 2.0)
    assert found.sum() == pytest.approx(1.0)
    assert found[0] > 0.6
    even = average(np.array([0.9, 0.1]), np.array([0.1, 0.9]), 3.0)
    assert even.tolist() == pytest.approx([0.5, 0.5])


def test_the_second_opinion_is_asked_only_where_it_can_change_the_decision(both: Model, policy: TriagePolicy) -> None:
    confident = replace(both, category=replace(both.category, weights=both.category.weights * 8))
    always = sure(policy)
    assert consider(DOUBTFUL, always, both).asks("fake-1")
    assert not consider(CLEAR, always, confident).asks("fake-1")
    assert consider(CLEAR, replace(always, threshold=1.0), confident).asks("fake-1")
    assert consider(CLEAR, replace(always, mode=Mode.AUTO), confident).asks("fake-1")
    assert not consider(UNKNOWN, always, confident).asks("fake-1")
    by_rule = replace(always, rules=(rule("pay", "Payments", phrases=("refund",)),))
    assert not consider(DOUBTFUL, by_rule, both).asks("fake-1")
    assert not consider(DOUBTFUL, always, both).asks("fake-2")
    assert not consider(DOUBTFUL, always, both).asks("")
    assert not consider(DOUBTFUL, always, None).asks("fake-1")
    assert not consider(clean("", ""), always, both).asks("fake-1")


def test_an_encoder_of_another_name_is_never_asked(both: Model, policy: TriagePolicy) -> None:
    other = FakeEncoder("fake-2")
    assert decide(DOUBTFUL, policy, both, {}, 1.0, encoder=other) == decide(DOUBTFUL, policy, both, {}, 1.0)
    assert other.asked == []


def test_the_decision_is_the_average_and_names_the_second_opinion(both: Model, policy: TriagePolicy) -> None:
    encoder = FakeEncoder()
    alone = decide(FOREIGN, sure(policy), both, {}, 1.0)
    triage = decide(FOREIGN, sure(policy), both, {}, 1.0, encoder=encoder)
    assert encoder.asked == [[encoding.text(FOREIGN)]]
    assert triage.category == "Payments"
    assert triage.confidence > alone.confidence
    assert any(reason.startswith("by its meaning alone: Payments ") for reason in triage.reasons)
    assert not any("by its meaning" in reason for reason in alone.reasons)


def test_a_text_of_unknown_words_is_routed_where_both_agree(both: Model, policy: TriagePolicy) -> None:
    assert both.predict(FOREIGN).known < 0.35
    assert "unlike anything seen" in decide(FOREIGN, sure(policy), both, {}, 1.0).reasons[0]
    assert decide(FOREIGN, sure(policy), both, {}, 1.0, encoder=FakeEncoder()).team == "PAYMENTS_TEAM"


def test_a_text_in_which_nothing_is_known_goes_to_a_person_with_the_share_of_its_category(
    both: Model, policy: TriagePolicy
) -> None:
    triage = decide(UNKNOWN, sure(policy), both, {}, 1.0, encoder=FakeEncoder())
    assert (triage.category, triage.team) == ("General", MANUAL_REVIEW)
    assert triage.confidence == dict(both.prior())["General"]
    assert triage.reasons[0].startswith("nothing in this email is known to me")
    assert not any("meaning" in reason for reason in triage.reasons)


def test_an_encoder_that_cannot_be_used_changes_nothing(both: Model, policy: TriagePolicy) -> None:
    class Failing(FakeEncoder):
        def encode(self, texts: object) -> None:
            del texts

    assert decide(DOUBTFUL, policy, both, {}, 1.0, encoder=Failing()) == decide(DOUBTFUL, policy, both, {}, 1.0)


def test_the_encoder_reads_the_start_of_the_new_words() -> None:
    case = clean("Re: Refund", "Hello,\nI was charged twice. " + "word " * 400 + "\n\nKind regards\nAnn")
    read = encoding.text(case)
    assert read.startswith("Refund\nI was charged twice.")
    assert len(read) == encoding.MAX_CHARACTERS


def test_the_closest_shipped_examples_are_reasons_and_no_other_example_ever_is(
    words: Lexicon, policy: TriagePolicy
) -> None:
    shown = [replace(e, shipped=e.body == "please refund my card") for e in small_corpus()]
    made = training.train(shown, words, NOW, FakeEncoder())[0]
    triage = decide(CLEAR, replace(policy, mode=Mode.AUTO), made, {}, 1.0, encoder=FakeEncoder())
    assert 'closest examples: "please refund my card" (Payments)' in triage.reasons
    away = decide(
        clean("", "cannot sign in: password"), replace(policy, mode=Mode.AUTO), made, {}, 1.0, encoder=FakeEncoder()
    )
    assert not any("closest examples" in reason for reason in away.reasons)
    assert made.second is not None
    assert made.second.neighbours.titles == ("please refund my card",)


def test_an_address_that_decides_never_asks_and_one_that_is_evidence_weighs_the_average(
    both: Model, policy: TriagePolicy
) -> None:
    fixed = AddressPolicy("pay@shop.test", "General", None, is_fixed=True)
    weak = AddressPolicy("help@shop.test", "Login", None, is_fixed=False)
    with_addresses = replace(sure(policy), addresses={at.address: at for at in (fixed, weak)})
    encoder = FakeEncoder()
    assert decide(FOREIGN, with_addresses, both, {}, 1.0, fixed.address, encoder).category == "General"
    assert encoder.asked == []
    plain = decide(FOREIGN, with_addresses, both, {}, 1.0, encoder=encoder)
    weighed = decide(FOREIGN, with_addresses, both, {}, 1.0, weak.address, encoder)
    assert len(encoder.asked) == 2
    assert (
        dict([(weighed.category, weighed.confidence), *weighed.alternatives])["Login"]
        > dict(plain.alternatives)["Login"]
    )
