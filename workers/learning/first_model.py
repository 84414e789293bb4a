"""Make sure that a worker has a model: load it at the start, or train the first one beside the other work."""

import threading
from collections.abc import Callable
from typing import Final

import structlog

from daemon.store.errors import UNREACHABLE
from workers.learning.current import CurrentModel
from workers.learning.examples import ExampleError
from workers.learning.trainer import Trainer
from workers.learning.training import TrainingError

log = structlog.get_logger(__name__)

RETRY_SECONDS: Final = 10.0
MAX_RETRY_SECONDS: Final = 600.0
# A training that a stop meets is left unfinished: the next start trains.
STOP_SECONDS: Final = 3.0


class FirstModel:
    """Gives the current model of a process its first value.

    Without a usable model, triage waits until one is trained; all other jobs run meanwhile. If the training fails,
    rules alone decide, and it is tried again. `ready` is called when the wait is over. `is_training` is true until the
    first training has ended, however it did.
    """

    def __init__(self, trainer: Trainer, current: CurrentModel, ready: Callable[[], None]) -> None:
        self._trainer = trainer
        self._current = current
        self._ready = ready
        self.is_training = False
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._train, name="first model", daemon=True)

    def start(self) -> None:
        """Load the model; train one in a thread where none can be used, or where it lacks the second opinion."""
        model = self._trainer.usable()
        if model is not None:
            self._current.use(model)
        if model is None or not self._trainer.is_complete(model):
            self._current.is_awaited = model is None
            self.is_training = True
            self._thread.start()

    def close(self) -> None:
        """Try no further; wait a moment for a training that is about to end."""
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join(STOP_SECONDS)

    def _train(self) -> None:
        wait, failed = RETRY_SECONDS, ""
        while not self._closing.is_set():
            try:
                self._current.use(self._trainer.ensure_model())
            except (TrainingError, ExampleError) as error:
                # A team with categories of its own has no examples at first; its corrections become the first ones.
                log.warning("no model can be trained, rules alone decide", reason=str(error))
            except UNREACHABLE:
                # Nothing can be decided either.
                self._closing.wait(RETRY_SECONDS)
                continue
            except Exception as error:
                reason = f"{type(error).__name__}: {error}"
                # Logged again only if the reason is another one.
                if failed != (failed := reason):
                    log.exception("cannot train a model; will retry")
                self._current.note_failed(reason)
                self._end_wait()
                self._closing.wait(wait)
                wait = min(2 * wait, MAX_RETRY_SECONDS)
                continue
            self._end_wait()
            return

    def _end_wait(self) -> None:
        self.is_training = False
        if self._current.is_awaited:
            self._current.is_awaited = False
            self._ready()
