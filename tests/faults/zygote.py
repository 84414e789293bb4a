"""Start `triaged` fast: a process that has the libraries loaded forks a child for each start.

Our own modules are imported afresh in every child, so that a start is as cold as any as far as our code goes. Run as
`python -m tests.faults.zygote`; reads one JSON request a line, writes one JSON answer a line. Its children die with it.
"""

import contextlib
import ctypes
import gc
import importlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NoReturn, Self

OURS: Final = ("daemon", "workers", "config")
# Between them they import whatever a running triaged does.
WARM: Final = ("daemon.cli.run", "daemon.service", "workers.app", "daemon.cli.db", "daemon.cli.parked", "psycopg")
PR_SET_PDEATHSIG: Final = 1


class Zygote:
    """Starts processes of the code in `source`; used by one test run, from any of its threads."""

    def __init__(self, source: Path) -> None:
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.zygote"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=source,
            env=os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
        )

    def start(self, arguments: Sequence[str], env: Mapping[str, str], log: Path, patch: str = "") -> int:
        """Start `triaged ARGUMENTS` and return its process id; `patch` names a module whose `install()` is called."""
        request = {"arguments": list(arguments), "env": dict(env), "log": str(log), "patch": patch}
        return int(self._ask(request))

    def code(self, pid: int) -> int | None:
        """Return the exit code of a process that has ended (negative: the signal), else None."""
        answer = self._ask({"code": pid})
        return None if answer is None else int(answer)

    def close(self) -> None:
        """End it, and with it every child."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def _ask(self, request: object) -> Any:
        assert self._process.stdin
        assert self._process.stdout
        with self._lock:
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
            return json.loads(self._process.stdout.readline())


def serve() -> None:
    """Answer requests until nobody asks any more."""
    warm()
    children: dict[int, int | None] = {}
    logs: dict[int, subprocess.Popen[bytes]] = {}
    for line in sys.stdin.buffer:
        request = json.loads(line)
        if "code" in request:
            answer = ended(children, request["code"])
            if answer is not None:
                logs[request["code"]].wait()
        else:
            answer, log = fork(request)
            children[answer], logs[answer] = None, log
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
    for pid in [pid for pid, code in children.items() if code is None]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def warm() -> None:
    """Load the libraries, and forget our own modules."""
    for name in WARM:
        importlib.import_module(name)
    for name in [name for name in sys.modules if name.partition(".")[0] in OURS]:
        del sys.modules[name]
    gc.collect()
    gc.freeze()


def ended(children: dict[int, int | None], pid: int) -> int | None:
    if children[pid] is None:
        found, status = os.waitpid(pid, os.WNOHANG)
        children[pid] = os.waitstatus_to_exitcode(status) if found else None
    return children[pid]


def fork(request: dict[str, Any]) -> tuple[int, subprocess.Popen[bytes]]:
    """Start a child, and what writes its log: a limit on the growth of the child's files must not hide what it says."""
    parent, (read, write) = os.getpid(), os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(read)
        become(request, parent, write)
    os.close(write)
    log = os.open(request["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    writer = subprocess.Popen(["cat"], stdin=read, stdout=log)
    os.close(log)
    os.close(read)
    return pid, writer


def become(request: dict[str, Any], parent: int, log: int) -> NoReturn:
    """Be triaged, until it ends; `log` is where it writes."""
    code = 70
    try:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(code)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(log, 1)
        os.dup2(log, 2)
        # Those of the parent may be files, which can be sought.
        sys.stdout, sys.stderr = (os.fdopen(number, "w", buffering=1, closefd=False) for number in (1, 2))
        os.environ.clear()
        os.environ.update(request["env"])
        sys.argv = ["triaged", *request["arguments"]]
        if request["patch"]:
            importlib.import_module(request["patch"]).install()
        code = importlib.import_module("daemon.cli").main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:  # noqa: BLE001 - a child never goes on as its parent
        sys.excepthook(*sys.exc_info())
    finally:
        with contextlib.suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    serve()
