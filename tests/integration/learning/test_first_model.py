"""While the first model is trained, triage alone waits."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from structlog.testing import CapturingLogger

from daemon.store.jobs import JobKind
from daemon.store.models import Decision, Job, Ticket
from daemon.store.store import Store
from daemon.vocabulary import Priority
from tests.support.domain_values import rule, triage_policy
from tests.support.emails import ANN, inbound, mail
from tests.support.fakes import eventually
from tests.support.pipeline import Pipeline
from workers.app import triage_again
from workers.learning.current import CurrentModel
from workers.learning.first_model import FirstModel
from workers.learning.registry import Registry, RegistryError
from workers.learning.trainer import Trainer
from workers.learning.training import TrainingError
from workers.triage.classifier import Model
from workers.triage.decide import NO_MODEL

LONG = 60.0


class SlowTrainer:
    """Trains when it is let; each training has the outcome that comes next."""

    def __init__(self, model: Model | None = None, complete: bool = True) -> None:
        self.model, self.complete = model, complete
        self.outcomes: list[Model | Exception] = []
        self.trainings, self.let = 0, threading.Semaphore(0)

    def usable(self) -> Model | None:
        return self.model

    def is_complete(self, _model: Model) -> bool:
        return self.complete

    def ensure_model(self) -> Model:
        self.trainings += 1
        assert self.let.acquire(timeout=LONG)
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        self.model = outcome
        return outcome


MODEL = cast(Model, SimpleNamespace(version="first"))


class OneModel:
    """A registry with one model, once it is trained."""

    def __init__(self, trainer: SlowTrainer) -> None:
        self._trainer = trainer

    def stamp(self) -> tuple[int, int]:
        return (0, 0)

    def load(self) -> Model:
        raise RegistryError("there is no model yet")

    def current(self) -> str | None:
        return MODEL.version if self._trainer.model else None


class Start:
    """The start of a process whose model is trained by a SlowTrainer, on the triage of a pipeline."""

    def __init__(self, pipeline: Pipeline, trainer: SlowTrainer) -> None:
        registry = cast(Registry, OneModel(trainer))
        self.current = CurrentModel(pipeline.store, registry, triage_policy)
        actor = cast(Any, pipeline.executor._actors[JobKind.TRIAGE])
        actor._models = self.current
        self.first = FirstModel(
            cast(Trainer, trainer), self.current, lambda: triage_again(pipeline.store, pipeline.clock)
        )


@pytest.fixture
def trainer() -> Iterator[SlowTrainer]:
    made = SlowTrainer()
    yield made
    # A training that still waits ends with the test, and without an error in the log.
    made.outcomes = [MODEL] * 9
    made.let.release(9)


def end(start: Start, trainer: SlowTrainer) -> None:
    """End a training before its test ends."""
    trainer.outcomes = [MODEL]
    trainer.let.release()
    start.first.close()


def teams(store: Store) -> list[str | None]:
    with store.read() as session:
        return list(session.execute(select(Ticket.assigned_team).order_by(Ticket.id)).scalars())


def waiting(store: Store) -> list[str]:
    """Return why jobs wait."""
    with store.read() as session:
        return list(session.execute(select(Job.last_error).where(Job.state == "ready").order_by(Job.id)).scalars())


def test_triage_waits_for_the_first_model_and_goes_on_when_it_is_there(store: Store, trainer: SlowTrainer) -> None:
    trainer.outcomes = [TrainingError("no examples of Login")]
    pipeline = Pipeline(store, 0)
    start = Start(pipeline, trainer)
    start.first.start()
    pipeline.process([inbound(mail(ANN, body=f"I cannot log in {number}")) for number in range(3)])
    assert teams(store) == [None] * 3
    assert waiting(store) == ["waits for the first model"] * 3
    assert start.current.unusable() == ""

    trainer.let.release()
    eventually(lambda: not start.current.is_awaited)
    start.first.close()
    pipeline.wait()
    assert None not in teams(store)
    assert waiting(store) == []


def test_a_rule_decides_while_the_first_model_is_trained(sqlite_store: Store, trainer: SlowTrainer) -> None:
    pipeline = Pipeline(sqlite_store, 0)
    rules = tuple(
        rule(word, "Payments", phrases=(word,), priority=priority)
        for word, priority in (("debited", Priority.HIGH), ("refund", None))
    )
    pipeline.config.value = replace(pipeline.config.value, triage=triage_policy(rules=rules))
    start = Start(pipeline, trainer)
    start.first.start()
    pipeline.process([inbound(mail(ANN, body=f"{word} but not credited")) for word in ("debited", "refund")])
    # The rule without a priority leaves that to the model.
    assert teams(sqlite_store) == ["PAYMENTS_TEAM", None]
    with sqlite_store.read() as session:
        (decision,) = session.execute(select(Decision)).scalars()
    assert NO_MODEL not in decision.reasons
    end(start, trainer)


def test_other_jobs_run_while_the_first_model_is_trained(sqlite_store: Store, trainer: SlowTrainer) -> None:
    pipeline = Pipeline(sqlite_store, 0)
    first = "<first@customer.example>"
    pipeline.accept(mail(message_id=first))
    pipeline.work()
    before = pipeline.transport.asked
    start = Start(pipeline, trainer)
    start.first.start()
    pipeline.accept(mail(body="and another thing", in_reply_to=first))
    pipeline.work()
    assert pipeline.transport.asked == before + 1
    end(start, trainer)


def test_a_model_that_can_be_loaded_is_used_at_once(sqlite_store: Store) -> None:
    trainer = SlowTrainer(MODEL)
    start = Start(Pipeline(sqlite_store, 0), trainer)
    start.first.start()
    assert start.current._model is MODEL
    assert not start.current.is_awaited
    assert trainer.trainings == 0


def test_a_model_without_a_second_opinion_is_used_until_the_better_one_is_there(
    sqlite_store: Store, trainer: SlowTrainer
) -> None:
    trainer.model, trainer.complete = MODEL, False
    better = cast(Model, SimpleNamespace(version=MODEL.version, second="opinion"))
    trainer.outcomes = [better]
    start = Start(Pipeline(sqlite_store, 0), trainer)
    start.first.start()
    assert start.current._model is MODEL
    assert not start.current.is_awaited
    trainer.let.release()
    eventually(lambda: start.current._model is better)


def test_rules_alone_decide_after_a_training_failed_and_it_is_tried_again(
    sqlite_store: Store, trainer: SlowTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.learning.first_model.RETRY_SECONDS", 0.01)
    log = CapturingLogger()
    monkeypatch.setattr("workers.learning.first_model.log", log)
    full = OSError(28, "No space left on device")
    trainer.outcomes = [full, full, MODEL]
    pipeline = Pipeline(sqlite_store, 0)
    start = Start(pipeline, trainer)
    start.first.start()
    pipeline.process([inbound(mail(ANN, body="where is my parcel"))])
    trainer.let.release(2)
    eventually(lambda: trainer.trainings == 3)
    pipeline.wait()
    assert None not in teams(sqlite_store)
    assert start.current.unusable() == "OSError: [Errno 28] No space left on device"
    assert [call.method_name for call in log.calls] == ["exception"]

    trainer.let.release()
    eventually(lambda: start.current._model is MODEL)
    assert start.current.unusable() == ""


def test_a_model_in_use_is_no_problem_where_a_better_one_cannot_be_trained(
    sqlite_store: Store, trainer: SlowTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.learning.first_model.RETRY_SECONDS", 0.01)
    trainer.model, trainer.complete = MODEL, False
    trainer.outcomes = [OSError(28, "No space left on device")]
    start = Start(Pipeline(sqlite_store, 0), trainer)
    monkeypatch.setattr(start.current, "model", lambda: MODEL)
    start.first.start()
    trainer.let.release()
    eventually(lambda: trainer.trainings == 2)
    assert start.current.unusable() == ""


def test_triage_waits_while_the_database_is_away(
    sqlite_store: Store, trainer: SlowTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.learning.first_model.RETRY_SECONDS", 0.01)
    trainer.outcomes = [OperationalError("SELECT", {}, Exception("away")), MODEL]
    start = Start(Pipeline(sqlite_store, 0), trainer)
    start.first.start()
    trainer.let.release()
    eventually(lambda: trainer.trainings == 2)
    assert start.current.is_awaited
    trainer.let.release()
    eventually(lambda: not start.current.is_awaited)
    assert start.current._model is MODEL


def test_a_stop_leaves_a_training_unfinished(
    sqlite_store: Store, trainer: SlowTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.learning.first_model.STOP_SECONDS", 0.01)
    start = Start(Pipeline(sqlite_store, 0), trainer)
    start.first.start()
    start.first.close()
    assert start.first._thread.is_alive()
