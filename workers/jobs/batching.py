"""A data loader for jobs: what several jobs ask of the store in the same step is asked once for all of them.

A job is a generator that yields a Step wherever it needs the store, and reads as if it were alone:

    job 1   ... yield read(texts_of, 7)  ... yield write(finish, a) ...
    job 2   ... yield read(texts_of, 8)  ... yield write(finish, b) ...
                       |                            |
            texts_of(session, [7, 8])     finish(session, [a, b]), one commit

Jobs in a batch take a third of the time that they take alone: they share statements and commits, and code that runs
many times in a row stays in the processor's caches.
"""

from collections.abc import Callable, Generator, Hashable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Any, Generic, TypeAlias, TypeVar

from dramatiq.middleware import Interrupt

from daemon.store.store import Store
from daemon.store.writer import BatchFn
from workers.jobs.commit import commit_with_retry

Item = TypeVar("Item")
T = TypeVar("T")
K = TypeVar("K", bound=Hashable)
ComputeFn: TypeAlias = Callable[[Sequence[Item]], Sequence[T]]


class StepMode(Enum):
    """How a step is done. SOON is written before the other jobs reach the same step.

    COMPUTE does not need the store, and its `run` gets no session.
    """

    READ = "read"
    WRITE = "write"
    SOON = "soon"
    COMPUTE = "compute"


@dataclass(frozen=True, slots=True)
class Step(Generic[Item, T]):
    """What a job needs now, mostly of the store: `run` does it for any number of items in one transaction."""

    run: Callable[..., Sequence[T]]
    item: Item
    mode: StepMode


BatchedWork: TypeAlias = Generator[Step[Any, Any], Any, T]


def read(run: BatchFn[Item, T], item: Item) -> BatchedWork[T]:
    """Read together with the other jobs."""
    answer: T = yield Step(run, item, StepMode.READ)
    return answer


def write(run: BatchFn[Item, T], item: Item) -> BatchedWork[T]:
    """Write together with the other jobs, and resume once it is durable."""
    answer: T = yield Step(run, item, StepMode.WRITE)
    return answer


def write_soon(run: BatchFn[Item, T], item: Item) -> BatchedWork[T]:
    """Write before the other jobs reach this step, so that an outcome is not lost; then resume together with them."""
    answer: T = yield Step(run, item, StepMode.SOON)
    return answer


def compute(run: ComputeFn[Item, T], item: Item) -> BatchedWork[T]:
    """Compute for all jobs together what is cheaper so than for each alone."""
    answer: T = yield Step(run, item, StepMode.COMPUTE)
    return answer


def run_batched(store: Store, works: Mapping[K, BatchedWork[T]]) -> Iterator[tuple[K, T | BaseException]]:
    """Run jobs in step with one another, and yield the result or the error of each as it ends.

    An error of a job, or of its part of a step, ends that job only.
    """
    ready: list[tuple[K, Callable[[], Step[Any, Any]]]] = [(key, partial(next, work)) for key, work in works.items()]
    while ready:
        asked: list[tuple[K, Step[Any, Any]]] = []
        soon: dict[K, Future[Any]] = {}
        for key, resume in ready:
            try:
                step = resume()
            except StopIteration as end:
                yield key, end.value
            except (Exception, Interrupt) as error:  # noqa: BLE001 - whatever it is belongs to this work
                yield key, error
            else:
                asked.append((key, step))
                # Queued now: the writer commits it within 25 ms, also while the next job still sends its email.
                if step.mode is StepMode.SOON:
                    [soon[key]] = store.submit_items(step.run, [step.item], linger=True)
        if soon:
            store.flush()
        ready = [(key, _resumed(works[key], answer)) for key, answer in _answers(store, asked, soon)]


def _resumed(work: BatchedWork[T], answer: "Future[Any]") -> Callable[[], Step[Any, Any]]:
    error = answer.exception()
    return partial(work.throw, error) if error else partial(work.send, answer.result())


def _answers(
    store: Store, asked: Sequence[tuple[K, Step[Any, Any]]], soon: "Mapping[K, Future[Any]]"
) -> "Iterator[tuple[K, Future[Any]]]":
    """Yield the answers to the steps of all jobs; steps of one mode and function are done together."""
    groups: dict[tuple[StepMode, Callable[..., Any]], list[tuple[K, Any]]] = {}
    for key, step in asked:
        # A write that failed is tried again below, like every other write.
        if key in soon and soon[key].exception() is None:
            yield key, soon[key]
        else:
            groups.setdefault((step.mode, step.run), []).append((key, step.item))
    for (mode, run), group in groups.items():
        items = [item for _, item in group]
        if mode is StepMode.COMPUTE:
            answers = _run_all(run, items)
        elif mode is StepMode.READ:
            answers = _run_all(partial(_read, store, run), items)
        else:
            answers = commit_with_retry(store, run, items)
        yield from zip([key for key, _ in group], answers, strict=True)


def _read(store: Store, run: BatchFn[Item, T], items: Sequence[Item]) -> Sequence[T]:
    with store.read() as session:
        return run(session, items)


def _run_all(run: ComputeFn[Item, T], items: Sequence[Item]) -> "list[Future[T]]":
    """Run for all items at once; if that fails, for each alone, so that a bad item fails only itself."""
    futures: list[Future[T]] = [Future() for _ in items]
    try:
        found = run(items)
    except Exception as error:  # noqa: BLE001 - whatever it is belongs to the work that asked
        if len(items) > 1:
            return [future for item in items for future in _run_all(run, [item])]
        futures[0].set_exception(error)
        return futures
    for future, answer in zip(futures, found, strict=True):
        future.set_result(answer)
    return futures
