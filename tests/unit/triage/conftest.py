"""A small model, trained once, and the policy of the defaults."""

from datetime import UTC, datetime

import pytest

from daemon.vocabulary import Priority
from workers.learning import training
from workers.learning.examples import Example
from workers.triage import lexicon
from workers.triage.classifier import Model
from workers.triage.lexicon import Lexicon
from workers.triage.policy import Category, Policy

NOW = datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC)
TEXTS = {
    "Payments": [
        "I was charged for the invoice",
        "please refund my card",
        "the bill is too high",
        "my payment was taken",
    ],
    "Login": [
        "I cannot sign in",
        "my password is refused",
        "the code for my account is wrong",
        "locked out of the portal",
    ],
    "Technical": ["the app crashes at once", "the page shows an error", "the screen stays black", "search is broken"],
    "General": ["how do I export my list", "thank you for the lamp", "where is my parcel", "please add a dark theme"],
}
ENDINGS = ("", " today", " again, please help", " since Monday morning")
URGENT = {"Login": Priority.HIGH, "Payments": Priority.MEDIUM, "Technical": Priority.MEDIUM, "General": Priority.LOW}


def small_corpus() -> list[Example]:
    return [
        Example("", text + ending, name, URGENT[name])
        for name, texts in TEXTS.items()
        for text in texts
        for ending in ENDINGS
    ]


@pytest.fixture(scope="session")
def words() -> Lexicon:
    return lexicon.build(
        {"refund": ["refund*", "money back"], "sign in": ["sign in", "password*"], "crash": ["crash*"]}
    )


@pytest.fixture(scope="session")
def model(words: Lexicon) -> Model:
    return training.train(small_corpus(), words, NOW)[0]


@pytest.fixture
def policy() -> Policy:
    return Policy(
        categories=(
            Category("Payments", "PAYMENTS_TEAM"),
            Category("Login", "IDENTITY_TEAM", Priority.HIGH),
            Category("Technical", "TECH_SUPPORT"),
            Category("General", "GENERAL_SUPPORT", Priority.LOW),
        ),
        threshold=0.3,
    )
