"""A model that cannot be loaded is a problem that the admin is told of; a model that is only missing is none."""

from collections.abc import Callable
from pathlib import Path

from daemon.store.store import Store
from tests.support.small_model import NOW, small_corpus
from workers.learning import training
from workers.learning.current import CurrentModel
from workers.learning.registry import MODEL, Registry
from workers.learning.trainer import shipped_lexicon
from workers.triage.policy import TriagePolicy


def never() -> TriagePolicy:
    raise AssertionError("no policy is needed to load a model")


def test_a_damaged_model_is_a_problem_until_another_is_in_use(store: Store, tmp_path: Path) -> None:
    registry = Registry(tmp_path / "models")
    policy: Callable[[], TriagePolicy] = never
    assert CurrentModel(store, registry, policy).unusable() == ""
    model, _ = training.train(small_corpus(), shipped_lexicon(), NOW)
    registry.save(model, corpus="", figures={})
    registry.promote(model.version)
    assert CurrentModel(store, registry, policy).unusable() == ""
    with (registry.path(model.version) / MODEL).open("ab") as file:
        file.write(b"x")
    damaged = CurrentModel(store, registry, policy)
    assert damaged.unusable() == f"model {model.version} was changed since it was written; it is not loaded"
    damaged.use(model)
    assert damaged.unusable() == ""
