"""A listener whose socket systemd opened is found by the commands, although the settings name another address."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from socket import create_server

import pytest

from daemon.cli import main
from tests.support.paths import ROOT
from tests.support.ports import free_port

SECONDS = 60.0
PROGRAM = (
    "import os, sys; os.dup2(int(sys.argv.pop(1)), 3); os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS='1');"
    "from daemon.cli import main; sys.exit(main(['run']))"
)


@pytest.fixture
def port(bare: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Run triaged with an inherited socket, and return its port."""
    monkeypatch.setenv("TRIAGED_SERVICE__STATE_DIR", str(bare / "var"))
    monkeypatch.setenv("TRIAGED_SMTP__LISTEN", f"127.0.0.1:{free_port()}")
    monkeypatch.setenv("TRIAGED_HTTP__ENABLED", "false")
    with create_server(("127.0.0.1", 0)) as listener, (bare / "log").open("wb") as log:
        fd = listener.fileno()
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(fd)], pass_fds=[fd], stderr=log, env=environment, cwd=bare
        )
        try:
            until = time.monotonic() + SECONDS
            while b"triaged listens on" not in (bare / "log").read_bytes():
                assert process.poll() is None, (bare / "log").read_text()
                assert time.monotonic() < until
                time.sleep(0.05)
            yield listener.getsockname()[1]
        finally:
            process.terminate()
            process.wait(SECONDS)


def test_the_test_email_and_the_check_reach_the_socket_of_systemd(
    port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["send-test"]) == 0
    assert capsys.readouterr().out.startswith("250 2.0.0 Stored as HD-")
    main(["check"])
    assert f"listener: 127.0.0.1:{port} answers: 220 " in capsys.readouterr().out


def test_a_listener_that_does_not_greet_is_reported(
    bare: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # As a socket of systemd whose daemon does not start.
    monkeypatch.setattr("daemon.cli.support.listener_client.ANSWER_SECONDS", 0.1)
    monkeypatch.setenv("TRIAGED_SERVICE__STATE_DIR", str(bare / "var"))
    with create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("TRIAGED_SMTP__LISTEN", f"127.0.0.1:{silent.getsockname()[1]}")
        assert main(["send-test"]) == 75
    assert "timed out" in capsys.readouterr().err
