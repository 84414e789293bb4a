"""Examples that no training may fail on, or need the memory of a machine for."""

import errno
from pathlib import Path

import pytest

from tests.support.small_model import NOW, small_corpus
from workers.learning import registry as registry_module
from workers.learning import training
from workers.learning.examples import Example
from workers.learning.registry import Registry
from workers.learning.trainer import shipped_lexicon
from workers.learning.training import TrainingError
from workers.triage.classifier import Model

LEXICON = shipped_lexicon()


def verified(subject: str, body: str, category: str = "Login") -> Example:
    return Example(subject, body, category, verified=True)


def test_one_long_email_does_not_widen_the_keys_of_all_examples() -> None:
    long = "word " * 200_000
    keys = training.groups([verified("a", long), verified("a", long), verified("a", f"{long}x"), verified("b", "c")])
    assert max(map(len, keys)) < 300
    assert keys[0] == keys[1]
    assert len(set(keys)) == 3


@pytest.mark.parametrize(
    "example",
    [
        verified("", ""),
        verified("\U0001f600", "\U0001f600\U0001f602" * 50),
        verified("\ud800", "a\ud800b\0"),
        verified("x", "word " * 50_000),
        verified("only one", "of its category", "General"),
        verified("spelled in another way", "by its admin", "login"),
    ],
)
def test_a_strange_example_is_learned_from_like_any_other(example: Example) -> None:
    model, report = training.train([*small_corpus(), example], LEXICON, NOW)
    assert report.verified == 1
    assert model.counts[example.category] >= 1


def test_examples_with_one_text_are_refused_with_a_reason() -> None:
    same = [verified("same", "text", "Login"), verified("same", "text", "General")]
    with pytest.raises(TrainingError, match="the same text"):
        training.train(same, LEXICON, NOW)


def test_a_model_that_cannot_be_written_leaves_nothing_behind(
    tmp_path: Path, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, content: bytes) -> None:
        path.write_bytes(content[:10])
        raise OSError(errno.ENOSPC, "No space left on device")

    kept = Registry(tmp_path / "models")
    kept.prepare()
    monkeypatch.setattr(registry_module, "write_new", full)
    with pytest.raises(OSError, match="No space"):
        kept.save(model, corpus="abc", figures={})
    assert [path.name for path in kept.directory.iterdir()] == ["key"]
