"""Training on examples of an admin's own: what is learned from them, and what a later training may not forget."""

from dataclasses import replace

import numpy as np
import pytest

from tests.support.small_model import NOW, small_corpus
from workers.learning import fitting, retraining, training
from workers.learning.examples import Example
from workers.learning.training import TrainingError
from workers.triage import tokens
from workers.triage.classifier import Model
from workers.triage.lexicon import Lexicon

OWN = [replace(example, category=f"Own {example.category}") for example in small_corpus()]


def test_a_model_of_a_few_corrections_does_not_replace_one_of_many_examples(words: Lexicon) -> None:
    current, _ = training.train(OWN, words, NOW)
    few = [replace(example, verified=True) for example in OWN[::3]]
    made = retraining.retrain([], few, current, [], words, NOW)
    assert not made.verdict.promote
    assert made.verdict.reasons[0] == f"{len(few)} examples are fewer than the {len(OWN)} of the model in use"


def test_a_model_of_more_examples_is_promoted_without_a_comparison(words: Lexicon) -> None:
    current, _ = training.train(OWN[::2], words, NOW)
    assert retraining.retrain(OWN, [], current, [], words, NOW).verdict.promote


def test_a_category_that_only_a_file_had_examples_of_is_not_forgotten(words: Lexicon) -> None:
    current, _ = training.train([*small_corpus(), *OWN[:16]], words, NOW)
    made = retraining.retrain(small_corpus(), [], current, small_corpus(), words, NOW)
    assert not made.verdict.promote
    assert made.verdict.reasons[0] == "there is no example of Own Payments, of which the model in use has 16"


def test_a_category_that_is_not_configured_is_forgotten(words: Lexicon) -> None:
    current, _ = training.train([*small_corpus(), *OWN[:16]], words, NOW)
    names = {example.category for example in small_corpus()}
    made = retraining.retrain(small_corpus(), [], current, [], words, NOW, categories=names)
    assert made.verdict.promote


@pytest.mark.parametrize("text", ["", "   "])
def test_examples_without_a_word_are_refused(text: str, words: Lexicon) -> None:
    examples = [Example("", text, name) for name in ("Login", "General") * 3]
    with pytest.raises(TrainingError, match="no words"):
        training.train(examples, words, NOW)


def test_confidence_is_not_lowered_for_examples_of_the_company_itself(words: Lexicon) -> None:
    # Some are in another category than their words say, or every confidence would be 1.
    texts = [
        replace(example, category="Own General") if at % 7 == 0 else example
        for at, example in enumerate(replace_texts(OWN))
    ]
    theirs, _ = training.train(texts, words, NOW)
    ours, _ = training.train([replace(example, own=True) for example in texts], words, NOW)
    assert mean_confidence(ours, texts) > mean_confidence(theirs, texts)


def test_equal_texts_are_never_trained_on_and_held_out_together() -> None:
    groups = training.groups([Example("a", "b", "Login"), Example("a", "c", "Login"), Example("a", "b", "General")])
    assert groups[0] == groups[2] != groups[1]


def replace_texts(examples: list[Example]) -> list[Example]:
    """Return more examples than are needed to count as those of a company, no two with the same text."""
    return [replace(e, body=f"{e.body} {word}") for word in ("thanks", "regards", "cheers") for e in examples]


def mean_confidence(model: Model, examples: list[Example]) -> float:
    return float(model.predict_many([example.case for example in examples]).max(axis=1).mean())


@pytest.mark.parametrize(
    ("zoo", "login", "enough"), [(120, 0, False), (120, 5, False), (95, 25, True), (50, 40, False), (50, 50, True)]
)
def test_tickets_of_almost_one_category_do_not_calibrate_the_others(zoo: int, login: int, enough: bool) -> None:
    names = np.array(["Zoo"] * zoo + ["Login"] * login + ["General"] * 500)
    own = np.array([True] * (zoo + login) + [False] * 500)
    assert fitting.represent(own, names) is enough


def test_without_tickets_of_the_company_the_examples_calibrate() -> None:
    assert not fitting.represent(np.zeros(3, bool), np.array(["Login", "General", "Login"]))


def test_tickets_with_one_text_count_as_one_ticket_of_the_company() -> None:
    same = [Example("", f"invoice {100_000 + number} attached", "Login", verified=True) for number in range(99)]
    others = [Example("", text, "General", verified=True) for text in ("one", "two", "three")]
    tickets = [*others, *same]
    own = training.own_once(tickets, [tokens.forms(one.case.read) for one in tickets])
    assert own == [True] * 3 + [False] * 98 + [True]


def test_the_same_text_is_held_back_once() -> None:
    distinct = [replace(e, verified=True) for e in replace_texts(small_corpus())]
    same = [Example("", "please charge me again", "Payments", verified=True)] * 60
    assert [e.body for e in retraining.newest([*distinct, *same])[1]].count("please charge me again") == 1
