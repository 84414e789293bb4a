"""Commit the outcome of jobs, with retries while the store is away: a job whose outcome is lost runs again."""

from collections.abc import Sequence
from concurrent.futures import Future
from time import monotonic, sleep
from typing import Final, TypeVar

from daemon.store.errors import UNREACHABLE
from daemon.store.store import Store
from daemon.store.writer import BatchFn, WriterClosedError

Item = TypeVar("Item")
T = TypeVar("T")

PATIENCE_SECONDS: Final = 60.0
PAUSE_SECONDS: Final = 0.25


def commit_with_retry(
    store: Store, run: BatchFn[Item, T], items: Sequence[Item], patience: float = PATIENCE_SECONDS
) -> "list[Future[T]]":
    """Write items together and return their futures once each is durable, or has failed.

    Each must finish its job by the lease: where a transaction that seemed to fail did not, the next one fails with
    LeaseLostError and does nothing. What fails because the store cannot be reached is written again for `patience`
    seconds; a store that is closed is not waited for.
    """
    until = monotonic() + patience
    futures = store.write_items(run, items)
    while again := [at for at, future in enumerate(futures) if _may_come_back(future)]:
        if monotonic() > until:
            break
        sleep(PAUSE_SECONDS)
        for at, future in zip(again, store.write_items(run, [items[at] for at in again]), strict=True):
            futures[at] = future
    return futures


def _may_come_back(future: "Future[T]") -> bool:
    error = future.exception()
    return isinstance(error, UNREACHABLE) and not isinstance(error, WriterClosedError)
