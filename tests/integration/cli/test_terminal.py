"""Commands in a pipe whose reader ends, and on a terminal whose user wants no colours."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-c", "import sys; from daemon.cli import main; sys.exit(main())"]
ESCAPE = b"\x1b["


def environment(**more: str) -> dict[str, str]:
    plain = {
        name: value for name, value in os.environ.items() if not name.startswith("TRIAGED_") and name != "NO_COLOR"
    }
    return {**plain, "TERM": "xterm", **more}


@pytest.mark.parametrize("command", [["--help"], ["check", "--quiet"], ["check", "--json"]])
def test_a_reader_that_ends_is_no_failure(bare: Path, command: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [*COMMAND, *command],
        stdout=writer,
        stderr=subprocess.PIPE,
        env=environment(),
        cwd=bare,
        check=False,
        timeout=300,
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize(("more", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True)])
def test_no_color_is_obeyed(bare: Path, more: dict[str, str], *, coloured: bool) -> None:
    ours, theirs = pty.openpty()
    child = subprocess.Popen(
        [*COMMAND, "check", "--quiet"], stdout=theirs, stderr=subprocess.DEVNULL, env=environment(**more), cwd=bare
    )
    os.close(theirs)
    said = b""
    try:
        while part := os.read(ours, 65_536):
            said += part
    except OSError:  # Linux reports the end of the other side so.
        pass
    child.wait(300)
    os.close(ours)
    assert b"warn" in said
    assert (ESCAPE in said) is coloured
