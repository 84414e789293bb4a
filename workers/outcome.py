"""Write down the outcome of a job: again while the store cannot be reached, for what was done would be done twice."""

from collections.abc import Callable
from time import monotonic, sleep
from typing import Final, TypeVar

from sqlalchemy.orm import Session

from daemon.intake import UNREACHABLE
from daemon.store.store import Store
from daemon.store.writer import WriterClosedError

T = TypeVar("T")

PATIENCE_SECONDS: Final = 60.0
PAUSE_SECONDS: Final = 0.25


def written(store: Store, run: Callable[[Session], T], patience: float = PATIENCE_SECONDS) -> T:
    """Run a function in a transaction and return its result once that is durable.

    It must finish its job by the lease: where a transaction that seemed to fail did not, the next one raises
    LeaseLostError and does nothing. Raises what the store raises when it cannot be reached for `patience` seconds, or
    is closed.
    """
    until = monotonic() + patience
    while True:
        try:
            return store.write(run)
        except WriterClosedError:
            raise
        except UNREACHABLE:
            if monotonic() > until:
                raise
            sleep(PAUSE_SECONDS)
