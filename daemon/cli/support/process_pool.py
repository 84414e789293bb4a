"""Child processes that work through a stream of items: bounded memory, ordered answers, and no item ends the run."""

import multiprocessing
import pickle
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

import pebble

Item = TypeVar("Item")
Answer = TypeVar("Answer")

ITEM_SECONDS: Final = 60.0
START_SECONDS: Final = 120.0
# Upper bound of the items that are sent or answered but not yet yielded.
MAX_AHEAD: Final = 64

# Not fork: a lock that another thread holds at that moment would stay locked in the child.
_SPAWN: Final = multiprocessing.get_context("spawn")
# In a child: what `work` gets as its first argument.
_tools: object = None


@dataclass(slots=True)
class _Child:
    """A pool of one process, the future that shows that it has started, and its latest task.

    One process each, because a child that is killed while it holds the channel of its pool blocks all others there.
    """

    pool: pebble.ProcessPool
    task: "Future[Any]"
    started: bool = False


def run_in_child(work: Callable[..., tuple[str, object]], *arguments: object) -> tuple[str, bytes]:
    """Call a function in a child process of its own, so that the memory of its imports is freed.

    Return its note, and its result still pickled for other children. Raises ChildProcessError.
    """
    pool = _new_pool()
    try:
        failed, answer = pool.schedule(_attempt, (_pickled, work, arguments)).result()
    except (pebble.ProcessExpired, BrokenProcessPool):
        raise ChildProcessError("the child process died") from None
    finally:
        _stop([pool])
    if failed:
        raise ChildProcessError(answer)
    note, result = answer
    return note, result


class ProcessPool(Generic[Item, Answer]):
    """Child processes that each call `work(tools, item)`.

    Where a child died, hung or raised, the answer is `failed(item, reason)`. `tools` are pickled, as `run_in_child`
    returned them.
    """

    def __init__(
        self,
        work: Callable[[Any, Item], Answer],
        failed: Callable[[Item, str], Answer],
        tools: bytes,
        size: int,
        item_seconds: float = ITEM_SECONDS,
    ) -> None:
        self._work, self._failed, self._tools, self._item_seconds = work, failed, tools, item_seconds
        self._children = [self._start_child() for _ in range(size)]

    def answers(self, items: Iterable[Item]) -> Iterator[tuple[Item, Answer]]:
        """Yield each item with its answer, in the order of the items; at most MAX_AHEAD of them are in memory."""
        waiting: deque[tuple[Item, Future[Any]]] = deque()
        for item in items:
            waiting.append((item, self._schedule(item)))
            while waiting and (waiting[0][1].done() or len(waiting) >= MAX_AHEAD):
                yield self._answer(*waiting.popleft())
        while waiting:
            yield self._answer(*waiting.popleft())

    def close(self) -> None:
        """Terminate the children."""
        _stop([child.pool for child in self._children])

    def _schedule(self, item: Item) -> "Future[Any]":
        at = self._idle()
        child = self._children[at]
        child.task = child.pool.schedule(_attempt, (_call, self._work, item), timeout=self._item_seconds)
        return child.task

    def _idle(self) -> int:
        """Wait for a child that has nothing to do; replace it if its last item killed it."""
        done = wait([child.task for child in self._children], START_SECONDS + self._item_seconds, FIRST_COMPLETED).done
        if not done:
            raise ChildProcessError("a child process cannot start")
        at = next(at for at, child in enumerate(self._children) if child.task in done)
        child = self._children[at]
        if child.task.exception() is None:
            child.started = True
            return at
        if not child.started:
            raise ChildProcessError("a child process cannot start")
        _stop([child.pool])
        self._children[at] = self._start_child()
        return self._idle()

    def _answer(self, item: Item, task: "Future[Any]") -> tuple[Item, Answer]:
        try:
            failed, answer = task.result()
        except TimeoutError:
            failed, answer = True, f"took longer than {self._item_seconds:g} seconds"
        except (pebble.ProcessExpired, BrokenProcessPool):
            failed, answer = True, "killed the process that read it"
        return item, self._failed(item, answer) if failed else answer

    def _start_child(self) -> _Child:
        pool = _new_pool(_set_tools, (self._tools,))
        return _Child(pool, pool.schedule(_ready))


def _new_pool(initializer: Callable[..., None] | None = None, arguments: tuple[object, ...] = ()) -> pebble.ProcessPool:
    return pebble.ProcessPool(1, initializer=initializer, initargs=arguments, context=_SPAWN)


def _stop(pools: list[pebble.ProcessPool]) -> None:
    for pool in pools:
        pool.stop()
    for pool in pools:
        pool.join()


def _set_tools(tools: bytes) -> None:
    global _tools  # noqa: PLW0603 - of the child process
    _tools = pickle.loads(tools)  # noqa: S301 - from our parent


def _ready() -> None:
    """Do nothing; that it returns shows that the child has started."""


def _call(work: Callable[[Any, Any], object], item: object) -> object:
    return work(_tools, item)


def _pickled(work: Callable[..., tuple[str, object]], arguments: tuple[object, ...]) -> tuple[str, bytes]:
    note, result = work(*arguments)
    return note, pickle.dumps(result)


def _attempt(function: Callable[..., object], *arguments: object) -> tuple[bool, Any]:
    """Return (False, the result), or (True, the error as text): not every exception can be unpickled."""
    try:
        return False, function(*arguments)
    except BaseException as error:  # noqa: BLE001 - also SystemExit, which pebble would raise in the parent
        return True, f"{type(error).__name__}: {error}"[:500]
