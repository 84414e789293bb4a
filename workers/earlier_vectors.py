"""Give vectors to tickets that were triaged without an encoder, a few each second, so that they are found too."""

from collections.abc import Callable
from functools import partial
from typing import Final

from daemon.store import decisions, vectors
from daemon.store.store import Store
from daemon.store.vectors import NewVector
from daemon.system.thread import PeriodicThread
from workers.actors.config import CurrentConfig
from workers.triage import encoder as encoding
from workers.triage import preprocess, similar
from workers.triage.encoder import Encoder

EVERY_SECONDS: Final = 1.0
# An encoder that hangs must not hold up the end of the process.
STOP_SECONDS: Final = 2.0
# Email goes first: with 10 ms for each ticket, this is less than a tenth of one core.
BATCH: Final = 8
# The newest tickets that get vectors: those of a few busy teams.
MAX_TICKETS: Final = 20_000


class EarlierVectors:
    """A thread that goes once from the newest ticket at the start back to older ones.

    Each worker process goes the same way, and skips what another one has done.
    """

    def __init__(
        self, store: Store, encoder: Encoder, config: CurrentConfig, boilerplate: Callable[[], frozenset[str]]
    ) -> None:
        self._store, self._encoder, self._config, self._boilerplate = store, encoder, config, boilerplate
        self._before: int | None = None
        self._oldest = 0
        self._thread = PeriodicThread("earlier vectors", EVERY_SECONDS, self.encode_next)

    def start(self) -> None:
        """Start the thread, unless there is no encoder."""
        if self._encoder.name:
            self._thread.start()

    def close(self) -> None:
        """Stop the thread."""
        self._thread.stop(STOP_SECONDS)

    def encode_next(self) -> int:
        """Give vectors to the next tickets that have none of this encoder, and return their number."""
        name = self._encoder.name
        if not (name and self._config.value.similar) or self._before == self._oldest:
            return 0
        with self._store.read() as session:
            if self._before is None:
                self._before = vectors.newest_ticket(session) + 1
                self._oldest = max(1, self._before - MAX_TICKETS)
            missing, next_before = vectors.without(session, name, self._before, BATCH)
            texts = decisions.texts_of(session, missing) if missing else []
        new = self._encoded(name, [one for one in texts if one])
        if new:
            self._store.write(partial(vectors.put, new=new))
        self._before = max(self._oldest, next_before)
        return len(new)

    def _encoded(self, name: str, texts: list[decisions.TriageText]) -> list[NewVector]:
        known = self._boilerplate()
        cases = {one.ticket_id: preprocess.clean(one.subject, one.text, known) for one in texts}
        wanted = {ticket: case for ticket, case in cases.items() if similar.says_enough(case)}
        rows = self._encoder.encode([encoding.text(case) for case in wanted.values()]) if wanted else None
        if rows is None:
            return []
        return [NewVector(ticket, name, similar.pack(row)) for ticket, row in zip(wanted, rows, strict=True)]
