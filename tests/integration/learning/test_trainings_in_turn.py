"""Trainings of several processes: one after another, so that the newest corrections are in the model in force."""

import threading
from collections.abc import Sequence
from pathlib import Path

from daemon.store.store import Store
from tests.support.fakes import FakeClock
from workers.learning.examples import Example
from workers.learning.registry import Registry
from workers.learning.retraining import Retrained
from workers.learning.trainer import Trainer
from workers.learning.training import TrainingError


class Slow(Trainer):
    """Begins to train, and waits until it may go on."""

    begun: threading.Event
    may_go_on: threading.Event
    log: list[str]

    def candidate(self, more: Sequence[Example] = ()) -> Retrained:
        del more
        self.log.append("begins")
        self.begun.set()
        self.may_go_on.wait(60)
        self.log.append("ends")
        raise TrainingError("of two categories")


def test_a_training_begins_when_the_one_before_has_ended(store: Store, tmp_path: Path) -> None:
    log: list[str] = []
    trainers = [Slow(store, Registry(tmp_path / "models"), FakeClock(), ["General"]) for _ in range(2)]
    for trainer in trainers:
        trainer.begun, trainer.may_go_on, trainer.log = threading.Event(), threading.Event(), log

    def train(trainer: Slow) -> None:
        try:
            trainer.train()
        except TrainingError:
            log.append("refused")

    first, second = (threading.Thread(target=train, args=(trainer,)) for trainer in trainers)
    first.start()
    assert trainers[0].begun.wait(60)
    second.start()
    assert not trainers[1].begun.wait(0.3)
    trainers[0].may_go_on.set()
    assert trainers[1].begun.wait(60)
    trainers[1].may_go_on.set()
    for thread in (first, second):
        thread.join(60)
    assert log.index("ends") < [at for at, word in enumerate(log) if word == "begins"][1]
