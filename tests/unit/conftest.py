"""A small model, trained once, and the policy of the defaults."""

import pytest

from tests.support import domain_values
from tests.support.small_model import NOW, small_corpus
from workers.learning import training
from workers.triage import lexicon
from workers.triage.classifier import Model
from workers.triage.lexicon import Lexicon
from workers.triage.policy import TriagePolicy


@pytest.fixture(scope="session")
def words() -> Lexicon:
    return lexicon.build(
        {"en": {"refund": ["refund*", "money back"], "sign in": ["sign in", "password*"], "crash": ["crash*"]}}
    )


@pytest.fixture(scope="session")
def model(words: Lexicon) -> Model:
    return training.train(small_corpus(), words, NOW)[0]


@pytest.fixture
def policy() -> TriagePolicy:
    return domain_values.triage_policy(threshold=0.3)
