"""systemd: the notify socket, and the sockets that it opens for us."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from daemon.system import systemd
from tests.support.paths import ROOT


def test_systemd_hears_us_on_a_socket_by_path_and_by_abstract_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, shown in ((str(tmp_path / "notify"), None), (f"\0triaged-{os.getpid()}", f"@triaged-{os.getpid()}")):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
            listener.bind(name)
            monkeypatch.setenv("NOTIFY_SOCKET", shown or name)
            systemd.notify("READY=1")
            assert listener.recv(100) == b"READY=1"


def test_a_socket_that_systemd_opened_is_taken_over() -> None:
    program = (
        "import os, sys; os.dup2(int(sys.argv[1]), 3); os.environ['LISTEN_PID'] = str(os.getpid());"
        "from daemon.system import systemd; print(systemd.listen_sockets()[0].getsockname()[1])"
    )
    with socket.create_server(("127.0.0.1", 0)) as listener:
        output = subprocess.run(
            [sys.executable, "-c", program, str(listener.fileno())],
            pass_fds=[listener.fileno()],
            env={**os.environ, "LISTEN_FDS": "1"},
            cwd=ROOT,
            capture_output=True,
            check=True,
        ).stdout
        assert int(output) == listener.getsockname()[1]
