"""`triaged models list` says which models an upgrade made useless."""

from pathlib import Path

import pytest

from tests.support.cli import Case
from tests.support.small_model import NOW, small_corpus
from workers.learning import registry as module
from workers.learning import training
from workers.learning.registry import Registry
from workers.learning.trainer import shipped_lexicon


def test_a_model_of_another_version_is_not_listed_as_usable(
    case: Case, bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, _ = training.train(small_corpus(), shipped_lexicon(), NOW)
    registry = Registry(bare / "var" / "models")
    (bare / "var").mkdir(mode=0o700, exist_ok=True)
    with monkeypatch.context() as older:
        older.setattr(module, "shape_of", lambda _: "that of an older version")
        registry.save(model, corpus="", figures={})
        registry.promote(model.version)
        (row,) = case.run("models", "list", "--json").rows
        assert (row["state"], row["current"]) == ("ok", True)
    (row,) = case.run("models", "list", "--json").rows
    assert "made by another version of triaged" in row["state"]
    assert row["examples"] == 64
    promoted = case.run("models", "promote", model.version)
    assert promoted.code == 65
    assert "train again" in promoted.err
