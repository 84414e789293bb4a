"""A model that cannot be loaded is a problem that the admin is told of; a model that is only missing is none."""

from collections.abc import Callable
from pathlib import Path

import pytest
from structlog.testing import CapturingLogger

from daemon.store.store import Store
from tests.support.fakes import FakeClock
from tests.support.small_model import NOW, small_corpus
from workers.learning import training
from workers.learning.current import CurrentModel
from workers.learning.registry import MODEL, Registry
from workers.learning.trainer import Trainer, shipped_lexicon
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


@pytest.mark.parametrize("fault", ["changed", "gone", "writable by all", "another version", "none yet"])
def test_the_admin_hears_of_a_model_that_was_damaged_although_a_new_one_takes_its_place(
    sqlite_store: Store, tmp_path: Path, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = CapturingLogger()
    monkeypatch.setattr("workers.learning.trainer.log", log)
    registry = Registry(tmp_path / "models")
    model, _ = training.train(small_corpus(), shipped_lexicon(), NOW)
    registry.save(model, corpus="", figures={})
    folder = registry.path(model.version)
    if fault != "none yet":
        registry.promote(model.version)
    if fault == "changed":
        (folder / MODEL).write_bytes(b"cposix\nsystem\n(S'true'\ntR.")
    elif fault == "gone":
        (folder / MODEL).unlink()
    elif fault == "writable by all":
        folder.chmod(0o777)
    elif fault == "another version":
        monkeypatch.setattr("workers.learning.registry.FORMAT", 99)
    trainer = Trainer(sqlite_store, registry, FakeClock(), ["Login", "Payments"])
    assert trainer.usable() is None
    is_fault = fault not in {"another version", "none yet"}
    assert bool(trainer.damaged) == is_fault
    lines = [(call.method_name, call.kwargs["reason"]) for call in log.calls]
    assert lines == ([("error", trainer.damaged)] if is_fault else [])
