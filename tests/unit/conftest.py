"""A small model, trained once, and the policy of the defaults."""

import pytest

from daemon.vocabulary import Priority
from tests.support.small_model import NOW, small_corpus
from workers.learning import training
from workers.triage import lexicon
from workers.triage.classifier import Model
from workers.triage.lexicon import Lexicon
from workers.triage.policy import Category, TriagePolicy


@pytest.fixture(scope="session")
def words() -> Lexicon:
    return lexicon.build(
        {"refund": ["refund*", "money back"], "sign in": ["sign in", "password*"], "crash": ["crash*"]}
    )


@pytest.fixture(scope="session")
def model(words: Lexicon) -> Model:
    return training.train(small_corpus(), words, NOW)[0]


@pytest.fixture
def policy() -> TriagePolicy:
    return TriagePolicy(
        categories=(
            Category("Payments", "PAYMENTS_TEAM"),
            Category("Login", "IDENTITY_TEAM", Priority.HIGH),
            Category("Technical", "TECH_SUPPORT"),
            Category("General", "GENERAL_SUPPORT", Priority.LOW),
        ),
        threshold=0.3,
    )
