"""Trace the system calls of running processes, or make some of them fail, with strace (https://strace.io)."""

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

PATIENCE_SECONDS: Final = 20.0
INJECTED: Final = "(INJECTED)"
LINE: Final = re.compile(r"(\d+)\s+(?:<\.\.\. (\w+) resumed>|(\w+)\()(.*)")


def missing() -> str:
    """Return why strace cannot be used here, or ""; fails where CI=true, which must not leave it out."""
    found = shutil.which("strace")
    child = subprocess.Popen(["sleep", "30"]) if found else None
    try:
        if child is None:
            reason = "there is no strace"
        else:
            with Strace([child.pid], "none"):
                reason = ""
    except RuntimeError as error:
        reason = str(error)
    finally:
        if child is not None:
            child.kill()
            child.wait()
    if reason and os.environ.get("CI") == "true":
        raise AssertionError(f"{reason}: install strace and allow it to attach to processes")
    return reason


class Strace:
    """Traces processes with all their threads from `with` on; raises RuntimeError where it cannot attach.

    `calls` are the system calls, separated by commas. `inject` is what happens to them, such as
    "error=ENOSPC:when=1..3" (strace(1)).
    """

    def __init__(self, pids: Sequence[int], calls: str, inject: str = "") -> None:
        self._pids, self._calls, self._inject = pids, calls, inject
        self._directory = Path(tempfile.mkdtemp(prefix="triaged-strace-"))
        self._process: subprocess.Popen[bytes] | None = None
        self.text = ""

    @property
    def injected(self) -> int:
        """Return how many system calls were made to fail; known after the end."""
        return self.text.count(INJECTED)

    def __enter__(self) -> Self:
        command = ["strace", "-f", "-y", "-s", "6000", "-o", str(self._out), "-e", f"trace={self._calls}"]
        command += ["-e", f"inject={self._calls}:{self._inject}"] if self._inject else []
        command += [word for pid in self._pids for word in ("-p", str(pid))]
        with (self._directory / "said").open("wb") as said:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said)
        until = time.monotonic() + PATIENCE_SECONDS
        # A process may have ended since it was named.
        while sum(self._said().count(end) for end in (" attached", "No such process")) < len(self._pids):
            if self._process.poll() is not None or time.monotonic() > until:
                reason = self._said().strip()
                self.__exit__()
                raise RuntimeError(f"strace cannot attach: {reason}")
            time.sleep(0.01)
        return self

    def __exit__(self, *_exception: object) -> None:
        if self._process is not None:
            if self._process.poll() is None:
                self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self.text = self._out.read_text(errors="replace") if self._out.exists() else ""
        shutil.rmtree(self._directory, ignore_errors=True)

    @property
    def _out(self) -> Path:
        return self._directory / "calls"

    def _said(self) -> str:
        return (self._directory / "said").read_text(errors="replace")


@dataclass(frozen=True, slots=True)
class Call:
    """One moment of a system call: when it began (with its arguments), when it ended, or both in one line."""

    name: str
    arguments: str
    began: bool
    ended: bool


def calls(text: str) -> Iterator[Call]:
    """Yield the moments of system calls in their order; the end of one that waited carries its arguments too."""
    waiting: dict[str, str] = {}
    for line in text.splitlines():
        found = LINE.match(line)
        if found is None:
            continue
        thread, resumed, name, rest = found.groups()
        if resumed:
            yield Call(resumed, waiting.pop(thread, "") + rest, began=False, ended=True)
        elif rest.endswith("<unfinished ...>"):
            waiting[thread] = rest
            yield Call(name, rest, began=True, ended=False)
        else:
            yield Call(name, rest, began=True, ended=True)
