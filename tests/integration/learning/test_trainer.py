"""The model at the start of a process: trained once, loaded once."""

import json
import re
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import joblib
import pytest
from structlog.testing import CapturingLogger

from config.settings import Settings
from daemon.broker import make_broker
from daemon.policies import identity
from daemon.store.keys import Keyring
from daemon.store.store import Store
from daemon.system.files import write_durably
from tests.support.domain_values import triage_policy
from tests.support.fakes import FakeClock, eventually
from workers.app import WorkerApp
from workers.learning.current import CurrentModel
from workers.learning.examples import Example
from workers.learning.registry import Registry, signed
from workers.learning.retraining import Retrained
from workers.learning.trainer import Trainer
from workers.triage.classifier import Model

LOGIN = ["cannot log in", "forgot my password", "the login page is blank", "locked out of my account"]
PAYMENTS = ["payment failed", "charged twice", "refund please", "invoice is wrong"]
SAID = [("Login", words) for words in LOGIN] + [("Payments", words) for words in PAYMENTS]
TICKETS = [(category, f"{words} {number}") for category, words in SAID for number in range(6)]


class Counting(Trainer):
    """Notes that it trains."""

    trainings: list[str]

    def candidate(self, more: Sequence[Example] = ()) -> Retrained:
        self.trainings.append(threading.current_thread().name)
        return super().candidate(more)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Return a directory with a few examples of two categories."""
    folder = tmp_path / "examples"
    folder.mkdir()
    rows = "\n".join(f'"{words}","{words}, please help",{category},Medium' for category, words in TICKETS)
    (folder / "all.csv").write_text(f"subject,body,category,priority\n{rows}\n")
    return folder


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Return a list that gets an item whenever a model is read from its file."""
    found: list[object] = []
    load = joblib.load

    def counted(file: object) -> object:
        found.append(load(file))
        return found[-1]

    monkeypatch.setattr(joblib, "load", counted)
    return found


def workers_of(store: Store, state: Path, corpus: Path) -> WorkerApp:
    settings = Settings(
        service={"state_dir": state},  # type: ignore[arg-type]
        outgoing={"maildir": state / "out"},  # type: ignore[arg-type]
        triage={"examples": corpus},  # type: ignore[arg-type]
    )
    return WorkerApp(settings, store, make_broker(""), Keyring((b"k" * 32,)), FakeClock(), identity)


def start_workers(store: Store, state: Path, corpus: Path) -> Model | None:
    """Start the workers of a process and stop them; return the model they had."""
    worker_app = workers_of(store, state, corpus)
    worker_app.start()
    try:
        eventually(lambda: not worker_app.model_source.is_awaited)
        return worker_app.model_source.model()
    finally:
        worker_app.close()


def test_each_start_loads_the_model_once(
    sqlite_store: Store, tmp_path: Path, corpus: Path, loads: list[object]
) -> None:
    trained = start_workers(sqlite_store, tmp_path, corpus)
    assert trained is not None
    assert len(loads) == 1
    loaded = start_workers(sqlite_store, tmp_path, corpus)
    assert loaded is loads[1]
    assert loaded.version == trained.version
    assert len(loads) == 2


def test_a_model_promoted_in_between_is_loaded(sqlite_store: Store, tmp_path: Path, corpus: Path) -> None:
    registry = Registry(tmp_path / "models")
    trainer = Trainer(sqlite_store, registry, FakeClock(), ["Login", "Payments"], corpus)
    first = trainer.ensure_model()
    second = replace(first, version="20990101-000000-second")
    registry.save(second, corpus="", figures={})
    registry.promote(second.version)
    current = CurrentModel(sqlite_store, registry, triage_policy)
    current.use(first)
    found = current.model()
    assert found is not None
    assert found.version == second.version


def test_a_model_of_another_format_is_trained_again_at_the_start(
    sqlite_store: Store, tmp_path: Path, corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry, clock = Registry(tmp_path / "models"), FakeClock()
    trainer = Trainer(sqlite_store, registry, clock, ["Login", "Payments"], corpus)
    old = trainer.ensure_model().version
    manifest = registry.path(old) / "manifest.json"
    fields = json.loads(manifest.read_text()) | {"format": 1}
    del fields["signature"]
    write_durably(manifest, signed(fields, (registry.path(old) / "model.joblib").read_bytes(), registry.key()))
    clock.advance(days=1)
    log = CapturingLogger()
    monkeypatch.setattr("workers.learning.trainer.log", log)

    new = trainer.ensure_model().version

    assert new == registry.current() != old
    (reason,) = [call.kwargs["reason"] for call in log.calls if "reason" in call.kwargs]
    assert re.fullmatch(f"model {old} was made with .*, format 1; train again", reason)


def test_two_workers_that_start_at_once_train_one_model(sqlite_store: Store, tmp_path: Path, corpus: Path) -> None:
    trainings: list[str] = []
    failures: list[BaseException] = []
    barrier = threading.Barrier(2)

    def start() -> None:
        trainer = Counting(sqlite_store, Registry(tmp_path / "models"), FakeClock(), ["Login", "Payments"], corpus)
        trainer.trainings = trainings
        barrier.wait(30)
        try:
            trainer.ensure_model()
        except BaseException as error:
            failures.append(error)
            raise

    threads = [threading.Thread(target=start) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert failures == []
    assert len(trainings) == 1
    assert Registry(tmp_path / "models").load().version
