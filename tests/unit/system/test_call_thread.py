"""Calls in a thread of their own: in turn, never for ever, and with the errors that they end with."""

import threading
from functools import partial

import pytest

from daemon.system.call_thread import CallThread, HungError


def test_a_call_returns_or_raises_what_its_work_does() -> None:
    thread = CallThread("test")
    assert thread.call(lambda: threading.current_thread().name, 5) == "test"
    with pytest.raises(ZeroDivisionError):
        thread.call(lambda: 1 // 0, 5)
    with pytest.raises(TimeoutError, match="its own"):
        thread.call(partial(_raise, TimeoutError("its own")), 5)


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt()])
def test_what_would_end_a_thread_is_an_error_of_the_work(error: BaseException) -> None:
    thread = CallThread("test")
    with pytest.raises(RuntimeError, match=type(error).__name__):
        thread.call(partial(_raise, error), 5)
    assert thread.call(lambda: 7, 5) == 7


def test_a_call_that_hangs_is_left_alone_and_so_are_those_behind_it() -> None:
    thread, release, began = CallThread("test"), threading.Event(), threading.Event()

    def hang() -> None:
        began.set()
        release.wait()

    errors: list[BaseException] = []
    first = threading.Thread(target=_keep_error, args=(errors, thread, hang))
    first.start()
    began.wait()
    with pytest.raises(HungError):
        thread.call(lambda: 7, 0.1)
    first.join()
    assert [type(error) for error in errors] == [HungError]
    release.set()


def test_a_call_does_not_count_as_hung_while_those_before_it_end() -> None:
    thread, go = CallThread("test"), threading.Semaphore(0)
    waiting = [threading.Thread(target=thread.call, args=(partial(go.acquire, timeout=5), 5)) for _ in range(8)]
    for one in waiting:
        one.start()
    # Each of those before it ends shortly before the time is over.
    ending = threading.Timer(0.05, _release_slowly, (go, 8, 0.15))
    ending.start()
    assert thread.call(lambda: 7, 1) == 7
    ending.join()
    for one in waiting:
        one.join()


def test_a_copy_of_the_process_gets_a_thread_of_its_own() -> None:
    thread = CallThread("test")
    assert thread.call(lambda: 7, 5) == 7
    thread._thread = threading.Thread(target=int)  # A thread that does not run, as after a fork.
    assert thread.call(lambda: 8, 5) == 8


def _raise(error: BaseException) -> None:
    raise error


def _keep_error(errors: list[BaseException], thread: CallThread, work: object) -> None:
    try:
        thread.call(work, 0.1)  # type: ignore[arg-type]
    except HungError as error:
        errors.append(error)


def _release_slowly(semaphore: threading.Semaphore, times: int, seconds: float) -> None:
    pause = threading.Event()
    for _ in range(times):
        semaphore.release()
        pause.wait(seconds)
