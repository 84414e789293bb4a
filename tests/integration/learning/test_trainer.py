"""Training at the first start: once, whoever starts beside us."""

import threading
from collections.abc import Sequence
from pathlib import Path

from daemon.store.store import Store
from tests.support.fakes import FakeClock
from workers.learning.examples import Example
from workers.learning.registry import Registry
from workers.learning.trainer import Trained, Trainer

LOGIN = ["cannot log in", "forgot my password", "the login page is blank", "locked out of my account"]
PAYMENTS = ["payment failed", "charged twice", "refund please", "invoice is wrong"]
SAID = [("Login", words) for words in LOGIN] + [("Payments", words) for words in PAYMENTS]
TICKETS = [(category, f"{words} {number}") for category, words in SAID for number in range(6)]


class Counting(Trainer):
    """Notes that it trains."""

    trainings: list[str]

    def train(self, more: Sequence[Example] = ()) -> Trained:
        self.trainings.append(threading.current_thread().name)
        return super().train(more)


def test_two_workers_that_start_at_once_train_one_model(sqlite_store: Store, tmp_path: Path) -> None:
    corpus = tmp_path / "examples"
    corpus.mkdir()
    rows = "\n".join(f'"{words}","{words}, please help",{category},Medium' for category, words in TICKETS)
    (corpus / "all.csv").write_text(f"subject,body,category,priority\n{rows}\n")
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
