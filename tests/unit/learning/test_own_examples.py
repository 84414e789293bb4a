"""Training on examples of an admin's own: what is learned from them, and what a later training may not forget."""

from dataclasses import replace

import pytest

from tests.support.small_model import NOW, small_corpus
from workers.learning import training
from workers.learning.examples import Example
from workers.learning.training import TrainingError
from workers.triage.lexicon import Lexicon

OWN = [replace(example, category=f"Own {example.category}") for example in small_corpus()]


def test_a_model_of_a_few_corrections_does_not_replace_one_of_many_examples(words: Lexicon) -> None:
    current, _ = training.train(OWN, words, NOW)
    few = [replace(example, verified=True) for example in OWN[::3]]
    made = training.retrain([], few, current, [], words, NOW)
    assert not made.verdict.promote
    assert made.verdict.reasons[0] == f"{len(few)} examples are fewer than the {len(OWN)} of the model in use"


def test_a_model_of_more_examples_is_promoted_without_a_comparison(words: Lexicon) -> None:
    current, _ = training.train(OWN[::2], words, NOW)
    assert training.retrain(OWN, [], current, [], words, NOW).verdict.promote


def test_a_category_that_only_a_file_had_examples_of_is_not_forgotten(words: Lexicon) -> None:
    current, _ = training.train([*small_corpus(), *OWN[:16]], words, NOW)
    made = training.retrain(small_corpus(), [], current, small_corpus(), words, NOW)
    assert not made.verdict.promote
    assert made.verdict.reasons[0] == "there is no example of Own Payments, of which the model in use has 16"


def test_a_category_that_is_not_configured_is_forgotten(words: Lexicon) -> None:
    current, _ = training.train([*small_corpus(), *OWN[:16]], words, NOW)
    names = {example.category for example in small_corpus()}
    made = training.retrain(small_corpus(), [], current, [], words, NOW, categories=names)
    assert made.verdict.promote


@pytest.mark.parametrize("text", ["", "   "])
def test_examples_without_a_word_are_refused(text: str, words: Lexicon) -> None:
    examples = [Example("", text, name) for name in ("Login", "General") * 3]
    with pytest.raises(TrainingError, match="no words"):
        training.train(examples, words, NOW)
