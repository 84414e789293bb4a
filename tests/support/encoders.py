"""Encoders for tests: one made of a few words, and whether the real one is installed."""

import os
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Final

import numpy as np

from workers.learning.semantic import DISTRIBUTION
from workers.triage.features import Floats

# Words of one meaning share a direction, in whatever language they are.
MEANINGS: Final = (
    ("charged", "refund", "bill", "payment", "rimborso", "zwrot"),
    ("sign in", "password", "code", "locked", "accesso", "hasło"),
    ("crash", "error", "black", "broken", "guasto", "awaria"),
    ("export", "thank", "parcel", "theme", "grazie", "paczka"),
)


class FakeEncoder:
    """An encoder that knows a few words; `asked` are the texts of each call. Without a name it cannot be used."""

    def __init__(self, name: str = "fake-1", languages: frozenset[str] = frozenset(("en",))) -> None:
        self.name, self.languages = name, languages
        self.asked: list[list[str]] = []
        self.problem = ""

    def encode(self, texts: Sequence[str]) -> Floats | None:
        self.asked.append(list(texts))
        if not self.name:
            return None
        found = np.array([[any(w in t.lower() for w in words) for words in MEANINGS] for t in texts], np.float32)
        found = np.hstack([found.reshape(len(texts), -1), np.full((len(texts), 1), 0.1, np.float32)])
        return found / np.linalg.norm(found, axis=1, keepdims=True)

    def remembered(self, texts: tuple[str, ...]) -> Floats | None:
        return self.encode(texts) if texts else np.empty((0, len(MEANINGS) + 1), np.float32)


def missing() -> str:
    """Return why the real encoder cannot be tested here, or ""; fails where CI=true, which must not leave it out."""
    try:
        version(DISTRIBUTION)
    except PackageNotFoundError:
        reason = "the extra semantic is not installed"
    else:
        reason = ""
    if reason and os.environ.get("CI") == "true":
        raise AssertionError(reason)
    return reason
