"""A few child processes that work off a stream: bounded in memory, answers in order, and no item ends the run."""

import multiprocessing
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from time import monotonic
from typing import Any, Final, Generic, TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")

PATIENCE: Final = 60.0
STARTING: Final = 120.0
AHEAD: Final = 64

# Not fork: a thread of ours that holds a lock at that moment would hold it in the child for ever.
_SPAWN: Final = multiprocessing.get_context("spawn")


@dataclass(slots=True)
class _Task(Generic[Item, Answer]):
    """One item, and its answer once it is known."""

    item: Item
    answer: Answer | None = None
    done: bool = False


@dataclass(slots=True)
class _Child(Generic[Item, Answer]):
    """One child and what it is working on; it has said nothing while it is not `ready`."""

    process: BaseProcess
    line: Connection
    ready: bool = False
    turn: _Task[Item, Answer] | None = None
    since: float = 0.0


def once(work: Callable[..., tuple[str, object]], *arguments: object) -> tuple[str, bytes]:
    """Call a function in a child of its own, so that what it imports goes when it ends; raises ChildProcessError.

    Return its note, and its result still pickled: it is on its way to other children.
    """
    hand = _start(_serve_once, (work, arguments))
    try:
        failed, note = hand.line.recv()
        if failed:
            raise ChildProcessError(note)
        return note, hand.line.recv_bytes()
    except EOFError:
        raise ChildProcessError("the child process died") from None
    finally:
        _end(hand)


class ProcessPool(Generic[Item, Answer]):
    """Children that each call `work(tools, item)`; `failed(item, reason)` stands in where one died, hung or raised.

    `tools` are pickled, as `once` returned them.
    """

    def __init__(
        self,
        work: Callable[[Any, Item], Answer],
        failed: Callable[[Item, str], Answer],
        tools: bytes,
        size: int,
        patience: float = PATIENCE,
    ) -> None:
        self._work = work
        self._failed = failed
        self._patience = patience
        self._tools = tools
        self._children: list[_Child[Item, Answer]] = [self._start_child() for _ in range(size)]

    def answers(self, items: Iterable[Item]) -> Iterator[tuple[Item, Answer]]:
        """Yield each item with its answer, in the order of the items, of which a few are held at any time."""
        waiting: deque[_Task[Item, Answer]] = deque()
        for item in items:
            turn: _Task[Item, Answer] = _Task(item)
            waiting.append(turn)
            self._give(self._idle(), turn)
            while waiting and (waiting[0].done or len(waiting) >= AHEAD):
                yield self._next(waiting)
        while waiting:
            yield self._next(waiting)

    def close(self) -> None:
        """Let the children go."""
        for hand in self._children:
            _end(hand)

    def _next(self, waiting: deque[_Task[Item, Answer]]) -> tuple[Item, Answer]:
        turn = waiting.popleft()
        while not turn.done:
            self._listen()
        return turn.item, turn.answer  # type: ignore[return-value]  # done: it has an answer

    def _idle(self) -> int:
        while not any(hand.ready and not hand.turn for hand in self._children):
            self._listen()
        return next(at for at, hand in enumerate(self._children) if hand.ready and not hand.turn)

    def _give(self, at: int, turn: _Task[Item, Answer]) -> None:
        hand = self._children[at]
        hand.turn, hand.since = turn, monotonic()
        try:
            hand.line.send(turn.item)
        except OSError:
            self._replace(at, "the process that reads mails died")

    def _listen(self) -> None:
        """Take the answers that are there, waiting for one; see to who died or takes too long."""
        awaited = [hand for hand in self._children if hand.turn or not hand.ready]
        left = min((hand.since + self._allowed(hand) for hand in awaited), default=monotonic()) - monotonic()
        heard = wait([hand.line for hand in awaited], max(0.0, left))
        for at, hand in enumerate(self._children):
            if hand.line in heard:
                self._take(at, hand)
            elif hand in awaited and monotonic() - hand.since >= self._allowed(hand):
                self._replace(at, f"took longer than {self._patience:g} seconds")

    def _allowed(self, hand: _Child[Item, Answer]) -> float:
        return self._patience if hand.ready else STARTING

    def _take(self, at: int, hand: _Child[Item, Answer]) -> None:
        try:
            failed, answer = hand.line.recv()
        except (EOFError, OSError):
            self._replace(at, "ended the process that read it")
            return
        if hand.turn is not None:
            hand.turn.answer, hand.turn.done = self._failed(hand.turn.item, answer) if failed else answer, True
        hand.ready, hand.turn = True, None

    def _replace(self, at: int, reason: str) -> None:
        hand = self._children[at]
        _end(hand)
        if not hand.ready:
            raise ChildProcessError("a child process cannot start")
        if hand.turn is not None:
            hand.turn.answer, hand.turn.done = self._failed(hand.turn.item, reason), True
        self._children[at] = self._start_child()

    def _start_child(self) -> _Child[Item, Answer]:
        hand = _start(_serve, (self._work,))
        hand.line.send_bytes(self._tools)
        return hand


def _start(target: Callable[..., None], arguments: tuple[object, ...]) -> _Child[Any, Any]:
    ours, theirs = _SPAWN.Pipe()
    process = _SPAWN.Process(target=target, args=(theirs, *arguments), daemon=True)
    process.start()
    theirs.close()
    return _Child(process, ours, since=monotonic())


def _end(hand: _Child[Any, Any]) -> None:
    hand.line.close()
    hand.process.kill()
    hand.process.join()


def _serve(line: Connection, work: Callable[[Any, Any], object]) -> None:
    """Answer items until nobody asks any more; the first answer says that we are ready."""
    try:
        tools = line.recv()
        line.send((False, None))
        while True:
            line.send(_try(work, tools, line.recv()))
    except (EOFError, OSError, KeyboardInterrupt):
        return


def _serve_once(line: Connection, work: Callable[..., tuple[str, object]], arguments: tuple[object, ...]) -> None:
    try:
        note, result = work(*arguments)
    except Exception as error:  # noqa: BLE001 - the outermost loop of this process: whoever asked is told
        line.send((True, _said(error)))
        return
    line.send((False, note))
    line.send(result)


def _try(work: Callable[[Any, Any], object], tools: object, item: object) -> tuple[bool, object]:
    try:
        return False, work(tools, item)
    except Exception as error:  # noqa: BLE001 - see above
        return True, _said(error)


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:500]
