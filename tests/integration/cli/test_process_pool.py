"""A process pool answers every item in order, whatever an item does to the process that works on it."""

import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from daemon.cli.support.process_pool import MAX_AHEAD, ProcessPool, run_in_child
from tests.support.emails import mail


class _Killer:
    """Kills the process that pickles it, as running out of memory while an answer is sent would."""

    def __reduce__(self) -> str:
        _kill()
        return ""


class _ChildKiller:
    """Kills the process that unpickles it."""

    def __str__(self) -> str:
        return "kill while receiving"

    def __reduce__(self) -> tuple[object, ...]:
        return _kill, ()


def _kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _work(tools: str, item: object) -> object:
    match item:
        case "exit":
            os._exit(1)
        case "sys.exit":
            sys.exit(1)
        case "kill":
            _kill()
        case "kill while answering":
            return _Killer()
        case "raise":
            raise ValueError("our bug")
        case "hang":
            time.sleep(600)
        case "stop":
            os.kill(os.getpid(), signal.SIGSTOP)
    return f"{tools} {item}"


def _failed(_: object, reason: str) -> object:
    return f"failed: {reason}"


KILLED = "failed: killed the process that read it"


@pytest.mark.parametrize(
    ("bad", "answer"),
    [
        ("exit", KILLED),
        ("sys.exit", "failed: SystemExit: 1"),
        ("kill", KILLED),
        ("kill while answering", KILLED),
        (_ChildKiller(), KILLED),
        ("raise", "failed: ValueError: our bug"),
        ("hang", "failed: took longer than 1 seconds"),
        ("stop", "failed: took longer than 1 seconds"),
    ],
    ids=str,
)
def test_an_item_that_breaks_its_process_fails_alone_and_order_is_kept(bad: object, answer: str) -> None:
    pool: ProcessPool[object, object] = ProcessPool(_work, _failed, pickle.dumps("did"), 1, item_seconds=1)
    try:
        answers = list(pool.answers(["a", bad, "b", bad, "c"]))
    finally:
        pool.close()
    assert answers == [("a", "did a"), (bad, answer), ("b", "did b"), (bad, answer), ("c", "did c")]


def test_few_items_are_held_while_an_early_one_takes_long() -> None:
    taken = 0

    def items() -> Iterator[str]:
        nonlocal taken
        for item in ["hang", *map(str, range(3 * MAX_AHEAD))]:
            taken += 1
            yield item

    pool: ProcessPool[object, object] = ProcessPool(_work, _failed, pickle.dumps("did"), 2, item_seconds=3)
    try:
        first, _ = next(pool.answers(items()))
    finally:
        pool.close()
    assert first == "hang"
    assert taken <= MAX_AHEAD


def _broken_tools() -> None:
    raise ValueError("no tools")


class _Broken:
    def __reduce__(self) -> tuple[object, ...]:
        return _broken_tools, ()


def test_a_child_that_cannot_start_ends_the_run() -> None:
    pool: ProcessPool[object, object] = ProcessPool(_work, _failed, pickle.dumps(_Broken()), 1)
    try:
        with pytest.raises(ChildProcessError, match="cannot start"):
            list(pool.answers(["a"]))
    finally:
        pool.close()


def _noted(item: str) -> tuple[str, object]:
    return "note", _work("did", item)


def test_a_result_made_in_a_child_comes_back_pickled_with_its_note() -> None:
    note, result = run_in_child(_noted, "it")
    assert (note, pickle.loads(result)) == ("note", "did it")  # noqa: S301 - made above


@pytest.mark.parametrize(("item", "reason"), [("raise", "ValueError: our bug"), ("exit", "the child process died")])
def test_a_single_call_that_fails_says_why(item: str, reason: str) -> None:
    with pytest.raises(ChildProcessError, match=reason):
        run_in_child(_noted, item)


def test_an_interrupt_stops_all_child_processes(bare: Path) -> None:
    folder = bare / "emails"
    folder.mkdir()
    # The long subjects fill the pipe, which nobody reads: the run cannot end before it is interrupted.
    for number in range(500):
        content = mail(message_id=f"<{number}@customer.example>", subject="word " * 100, body="word " * 1000)
        (folder / f"{number}.eml").write_bytes(content)
    # A shell starts what it runs in the background with SIGINT ignored, and the tests may run there.
    obey = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    program = f"{obey}; import sys; from daemon.cli import main; sys.exit(main())"
    with subprocess.Popen(
        [sys.executable, "-c", program, "try", str(folder), "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as running:
        assert running.stdout is not None
        running.stdout.readline()
        children = psutil.Process(running.pid).children(recursive=True)
        os.killpg(running.pid, signal.SIGINT)
        _, errors = running.communicate(timeout=30)
    _, alive = psutil.wait_procs(children, timeout=10)
    assert (running.returncode, errors.splitlines()[-1:], alive) == (130, [b"interrupted"], [])
    assert len(children) >= 2
