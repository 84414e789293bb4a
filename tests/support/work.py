"""Count the work of a call instead of timing it, and stop a call that would not end."""

import gc
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

HANG_SECONDS = 60


def lines_run(call: Callable[[], object]) -> int:
    """Return the number of lines of Python that a call runs: the same on every machine and under every load.

    One turn of a loop counts at least one. Work inside a single call of C, such as a search, does not count.
    """
    count, before = 0, sys.gettrace()

    def trace(_frame: FrameType, event: str, _argument: object) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    # A collection of garbage would run finalizers of what other tests left.
    gc.disable()
    sys.settrace(trace)
    try:
        call()
    finally:
        sys.settrace(before)
        gc.enable()
    return count


@contextmanager
def no_hang() -> Iterator[None]:
    """Fail if the body uses a minute of processor time.

    It is for searches in C, where nothing can be counted: on a large input a linear one takes milliseconds and a
    quadratic one hours, so the speed of the machine does not matter.
    """

    def stop(_signal: int, _frame: object) -> None:
        raise AssertionError(f"not finished after {HANG_SECONDS} s of processor time")

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, HANG_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
