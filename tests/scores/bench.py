"""The evaluation sets and the default model, and what a model answers to them."""

import csv
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from config import defaults
from config.settings import Settings
from daemon.vocabulary import Priority
from tests.support.paths import ROOT
from workers.learning import semantic, training
from workers.learning.examples import Example, read_files
from workers.learning.metrics import Answer, measure
from workers.learning.semantic import SentenceEncoder
from workers.learning.trainer import shipped_lexicon
from workers.policies import triage_policy
from workers.triage.classifier import Model
from workers.triage.policy import TriagePolicy


class Bench:
    """The sets, the lexicon and the default model, loaded once; `encoder` gives second opinions."""

    def __init__(self, sets: Path, encoder: SentenceEncoder) -> None:
        self.sets, self.encoder = sets, encoder
        self.lexicon = shipped_lexicon()
        self.corpus = read_files(sorted((ROOT / "config" / "examples").glob("*.csv")))
        began = time.process_time()
        self.model = self.train(self.corpus)
        self.built = time.process_time() - began

    def train(self, examples: Sequence[Example]) -> Model:
        """Train on examples."""
        return training.train(examples, self.lexicon, datetime.now(UTC), self.encoder)[0]

    def load(self, name: str, label: str = "label", *, verified: bool = False) -> list[Example]:
        """Read one evaluation set; rows without a label are left out."""
        with (self.sets / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            rows = [row for row in csv.DictReader(file) if row[label]]
        return [Example(r["subject"], r["body"], r[label], rated(r), verified=verified, key=r["id"]) for r in rows]


def shipped_policy() -> TriagePolicy:
    """Return the policy of a new installation, with the shipped rules, which settings without a file lack."""
    settings = Settings()
    rules = defaults.rules({category.name for category in settings.categories})
    return triage_policy(settings.model_copy(update={"rules": rules}))


def rated(row: Mapping[str, str]) -> Priority | None:
    """Return the true priority of a row, None if it has none."""
    return Priority(row["priority"]) if row.get("priority") else None


def predict(model: Model, examples: Sequence[Example]) -> list[Answer]:
    """Return the answers of a model, with its second opinion if it has one."""
    vectors = training.encode(semantic.shared(enabled=True), examples) if model.second else None
    chances = model.predict_many([example.case for example in examples], vectors)
    return training.answers([e.category for e in examples], model.category.labels, chances)


def accuracy(model: Model, examples: Sequence[Example]) -> float:
    """Return the share of right answers."""
    return measure(predict(model, examples)).accuracy
