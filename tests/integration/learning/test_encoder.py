"""The encoder in the workers: asked in batches, trained with when it comes, and missed without a stopped queue."""

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from config.settings import Settings
from daemon.broker import make_broker
from daemon.policies import identity
from daemon.store.jobs import JobKind
from daemon.store.keys import Keyring
from daemon.store.store import Store
from daemon.system.clock import SystemClock
from daemon.vocabulary import Triage
from tests.support.domain_values import triage_policy
from tests.support.emails import mail
from tests.support.encoders import FakeEncoder
from tests.support.fakes import FakeClock, eventually
from tests.support.pipeline import Pipeline
from tests.support.small_model import NOW, small_corpus
from workers.app import WorkerApp
from workers.app import trainer as trainer_of
from workers.learning import semantic, training
from workers.learning.registry import Registry
from workers.learning.retraining import Retrained
from workers.learning.semantic import EncoderError, SentenceEncoder
from workers.learning.trainer import Trainer
from workers.learning.training import TrainingError
from workers.triage import lexicon
from workers.triage.classifier import Model
from workers.triage.encoder import Encoder

WORDS = lexicon.build({"en": {"refund": ["refund*"], "sign in": ["sign in"]}})


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Return a directory with the examples of the small corpus."""
    folder = tmp_path / "examples"
    folder.mkdir()
    rows = "\n".join(f'"","{e.body}",{e.category},Medium' for e in small_corpus())
    (folder / "all.csv").write_text(f"subject,body,category,priority\n{rows}\n")
    return folder


def teacher(store: Store, state: Path, corpus: Path, encoder: Encoder | None) -> Trainer:
    return Trainer(store, Registry(state / "models"), FakeClock(), [c.name for c in NAMES], corpus, encoder)


def later(store: Store, state: Path, corpus: Path, encoder: Encoder, days: int = 1) -> Trainer:
    """Return a trainer whose models are some days younger."""
    found = teacher(store, state, corpus, encoder)
    found._clock.advance(days=days)  # type: ignore[attr-defined]
    return found


def workers_of(store: Store, state: Path, corpus: Path) -> WorkerApp:
    """Return the workers of a process with an encoder, not started."""
    settings = Settings(
        service={"state_dir": state},  # type: ignore[arg-type]
        outgoing={"maildir": state / "out"},  # type: ignore[arg-type]
        triage={"examples": corpus, "semantic": True},  # type: ignore[arg-type]
    )
    clock = FakeClock()
    clock.advance(days=1)
    return WorkerApp(settings, store, make_broker(""), Keyring((b"k" * 32,)), clock, identity)


NAMES = triage_policy().categories


def test_a_model_gets_a_second_opinion_when_the_encoder_comes(
    sqlite_store: Store, tmp_path: Path, corpus: Path
) -> None:
    before = teacher(sqlite_store, tmp_path, corpus, None).ensure_model()
    with_it = later(sqlite_store, tmp_path, corpus, FakeEncoder())
    after = with_it.ensure_model()
    assert before.second is None
    assert after.second_of("fake-1")
    assert Registry(tmp_path / "models").show(after.version).encoder == "fake-1"
    assert with_it.ensure_model().version == after.version


@pytest.mark.parametrize("enough", [True, False])
def test_a_second_opinion_that_is_being_trained_is_no_problem_and_one_that_cannot_be_is(
    enough: bool, sqlite_store: Store, tmp_path: Path, corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    teacher(sqlite_store, tmp_path, corpus, None).ensure_model()
    encoder, began, go = FakeEncoder(), threading.Event(), threading.Event()
    monkeypatch.setattr(semantic, "shared", lambda **_: encoder)
    worker_app = workers_of(sqlite_store, tmp_path, corpus)
    candidate = worker_app._trainer.candidate

    def slow() -> Retrained:
        began.set()
        assert go.wait(60)
        if not enough:
            raise TrainingError("too few examples")
        return candidate()

    monkeypatch.setattr(worker_app._trainer, "candidate", slow)
    worker_app._first_model.start()
    assert began.wait(60)
    assert worker_app._process_facts().unencoded == ""
    go.set()
    eventually(lambda: not worker_app._first_model.is_training)
    problem = worker_app._process_facts().unencoded
    assert problem == "" if enough else "was made without an encoder" in problem
    worker_app.close()


def test_a_model_with_a_second_opinion_is_kept_while_the_encoder_is_away(
    sqlite_store: Store, tmp_path: Path, corpus: Path
) -> None:
    made = teacher(sqlite_store, tmp_path, corpus, FakeEncoder()).ensure_model()
    assert teacher(sqlite_store, tmp_path, corpus, FakeEncoder("")).ensure_model().version == made.version


@pytest.mark.parametrize("ill", ["missing", "fails", "hangs"])
def test_a_model_without_a_second_opinion_replaces_one_with_it_only_if_the_setting_is_off(
    ill: str, sqlite_store: Store, tmp_path: Path, corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = teacher(sqlite_store, tmp_path, corpus, FakeEncoder()).ensure_model()
    hung = threading.Event()

    class Ill:
        def encode(self, texts: object) -> None:
            if ill == "hangs":
                hung.wait()
            raise MemoryError(str(len(str(texts))))

    def load() -> Ill:
        if ill == "missing":
            raise EncoderError("it is not installed")
        return Ill()

    monkeypatch.setattr(semantic, "load", load)
    monkeypatch.setattr(semantic, "ENCODE_SECONDS", 0.1)
    encoder = SentenceEncoder(enabled=True).load()
    trained = later(sqlite_store, tmp_path, corpus, encoder).train()
    hung.set()
    assert encoder.problem
    assert not trained.promoted
    assert trained.reasons[0] == (
        f"it has no second opinion, which the model in use has: the sentence encoder could not be used "
        f"({encoder.problem}); correct it, or set triage.semantic to false"
    )
    registry = Registry(tmp_path / "models")
    assert (registry.load().version, registry.show(trained.version).encoder) == (made.version, "")
    assert later(sqlite_store, tmp_path, corpus, SentenceEncoder(enabled=False).load(), days=2).train().promoted


class Both:
    """A source of a model with a second opinion."""

    is_awaited = False

    def __init__(self) -> None:
        made = training.train(small_corpus(), WORDS, NOW, FakeEncoder())[0]
        # So small a corpus makes a model more certain than real ones are.
        self.made: Model = replace(made, category=replace(made.category, weights=made.category.weights / 40))

    def model(self) -> Model:
        return self.made

    def certified(self) -> dict[str, float | None]:
        return {}


@pytest.fixture
def pipeline(sqlite_store: Store) -> Pipeline:
    return Pipeline(sqlite_store, 0)


def with_encoder(pipeline: Pipeline, encoder: FakeEncoder | SentenceEncoder) -> None:
    """Let the triage of a pipeline ask an encoder, for every ticket that no rule decides."""
    actor = pipeline.executor._actors[JobKind.TRIAGE]
    actor._models, actor._encoder = Both(), encoder  # type: ignore[attr-defined]


def accept(pipeline: Pipeline, count: int) -> None:
    for number in range(count):
        raw = mail(f"u{number}@customer.example", f"code {number}", "the zwrot of my hasło and this page, please")
        pipeline.accept(raw, mail_from=f"u{number}@customer.example")


def decided(pipeline: Pipeline) -> list[Triage]:
    from daemon.store.models import Decision  # noqa: PLC0415 - only this helper reads rows

    with pipeline.store.read() as session:
        rows = session.query(Decision).order_by(Decision.id).all()
        return [
            Triage(row.category, row.priority, row.confidence, row.team, tuple(row.reasons))  # type: ignore[arg-type]
            for row in rows
        ]


def test_tickets_that_are_decided_side_by_side_are_encoded_at_once(pipeline: Pipeline) -> None:
    encoder = FakeEncoder()
    with_encoder(pipeline, encoder)
    accept(pipeline, 6)
    pipeline.work()
    assert sum(len(texts) for texts in encoder.asked) == 6
    assert max(len(texts) for texts in encoder.asked) > 1
    assert all(any("by its meaning" in reason for reason in triage.reasons) for triage in decided(pipeline))


def test_an_encoder_that_fails_at_work_stops_no_ticket(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        def encode(self, texts: object) -> None:
            raise MemoryError(str(len(str(texts))))

    monkeypatch.setattr(semantic, "load", Broken)
    monkeypatch.setattr(semantic, "NAME", "fake-1")
    encoder = SentenceEncoder(enabled=True).load()
    with_encoder(pipeline, encoder)
    accept(pipeline, 3)
    pipeline.work()
    found = decided(pipeline)
    assert len(found) == 3
    assert not any("by its meaning" in reason for triage in found for reason in triage.reasons)
    assert "MemoryError" in encoder.problem


def test_the_trainer_of_the_settings_uses_no_encoder_unless_it_is_given(sqlite_store: Store, tmp_path: Path) -> None:
    settings = Settings(service={"state_dir": tmp_path})  # type: ignore[arg-type]
    assert trainer_of(settings, sqlite_store, SystemClock())._encoder is None
