"""A small corpus that trains a model in a moment."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from daemon.vocabulary import Priority
from workers.learning import registry as registries
from workers.learning import training
from workers.learning.examples import Example
from workers.learning.registry import Registry
from workers.learning.trainer import shipped_lexicon

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


@contextmanager
def older_version(state_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Promote a model that an older version of triaged made, which is installed in the block; yield its version."""
    model, _ = training.train(small_corpus(), shipped_lexicon(), NOW)
    state_dir.mkdir(mode=0o700, exist_ok=True)
    registry = Registry(state_dir / "models")
    with monkeypatch.context() as older:
        older.setattr(registries, "shape_of", lambda _: "that of an older version")
        registry.save(model, corpus="", figures={})
        registry.promote(model.version)
        yield model.version
