"""A model whose classes had other fields is trained again at the start, without a number that somebody must raise."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.support.small_model import NOW
from workers.learning import registry as module
from workers.learning.registry import ForeignError, Registry
from workers.learning.shape import shape_of
from workers.triage.classifier import Model


@dataclass(frozen=True, slots=True)
class Inner:
    word: str


def outer(name: str, inner: object, *more: str) -> type:
    """Return a dataclass with a field of a type, and other fields."""
    annotations = {name: inner, **dict.fromkeys(more, int)}
    return dataclass(type("Outer", (), {"__annotations__": annotations, "__module__": __name__}))


def test_names_order_and_inner_classes_make_the_shape() -> None:
    shape = shape_of(outer("one", Inner, "two"))
    assert shape == shape_of(outer("one", Mapping[str, Inner | None], "two"))
    assert (
        len(
            {
                shape,
                shape_of(outer("one", Inner)),
                shape_of(outer("other", Inner, "two")),
                shape_of(outer("one", str, "two")),
            }
        )
        == 4
    )


def test_a_model_of_other_fields_is_not_loaded(tmp_path: Path, model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would load without an error, lack its last field, and fail at each ticket."""
    registry = Registry(tmp_path / "models")
    monkeypatch.setattr(module, "shape_of", lambda _: "that of an older version")
    registry.save(model, corpus="", figures={})
    monkeypatch.undo()
    with pytest.raises(ForeignError, match="made by another version of triaged; train again"):
        registry.load(model.version)
    newer = replace(model, version=f"{NOW:%Y%m%d}-newer")
    registry.save(newer, corpus="", figures={})
    assert registry.load(newer.version).version == newer.version
