"""The command `web`, in a process of its own."""

import re
import resource
import socket
from contextlib import ExitStack
from pathlib import Path

import httpx2

from tests.support.fakes import eventually
from tests.support.ports import free_port
from tests.support.real_process import real_process


def test_it_prints_a_link_that_signs_in_once(tmp_path: Path) -> None:
    listen = f"127.0.0.1:{free_port()}"
    settings = {"HTTP__ENABLED": "true", "HTTP__LISTEN": listen}
    with real_process(tmp_path, "web", event="serving http", **settings) as running, httpx2.Client() as browser:
        eventually(lambda: "/ui/sign-in/" in running.logged())
        assert f"triaged serves HTTP at http://{listen}\n" in running.logged()
        found = re.search(rf"(http://{listen}/ui/sign-in/\S+)", running.logged())
        assert found is not None
        shown = browser.get(found[1]).text
        assert "Sign in" in shown
        action = re.search(r'action="([^"]+)"', shown)
        assert action is not None
        assert browser.post(f"http://{listen}{action[1]}").headers["location"] == "/ui"
        assert "sign-in" not in str(browser.get(f"http://{listen}/ui").headers.get("location"))
        assert browser.post(f"http://{listen}{action[1]}").status_code != 303


def test_without_a_free_descriptor_it_waits_and_logs_little(tmp_path: Path) -> None:
    listen = ("127.0.0.1", free_port())
    settings = {"HTTP__ENABLED": "true", "HTTP__LISTEN": f"{listen[0]}:{listen[1]}"}
    with real_process(tmp_path, "web", event="serving http", **settings) as running, ExitStack() as clients:
        eventually(lambda: "/ui/sign-in/" in running.logged())
        pid = running.process.pid
        used, most = len(list(Path(f"/proc/{pid}/fd").iterdir())), resource.prlimit(pid, resource.RLIMIT_NOFILE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (used, most[1]))
        for _ in range(3):
            clients.enter_context(socket.create_connection(listen, 30))
        eventually(lambda: "out of system resource" in running.logged())
        resource.prlimit(pid, resource.RLIMIT_NOFILE, most)
        assert httpx2.get(f"http://{listen[0]}:{listen[1]}/healthz").status_code == 200
        logged = running.logged()
    # asyncio reports as many times a second as it has places in its queue.
    assert logged.count("out of system resource") < 10
    assert len(logged) < 20_000


def test_no_link_that_signs_in_comes_into_the_journal(tmp_path: Path) -> None:
    """systemd names the file that standard error is in JOURNAL_STREAM (systemd.exec(5))."""
    listen = f"127.0.0.1:{free_port()}"
    settings = {"HTTP__ENABLED": "true", "HTTP__LISTEN": listen}
    journal = "export JOURNAL_STREAM=$(stat -L -c %d:%i /dev/stderr)"
    with real_process(tmp_path, "web", journal, "serving http", **settings) as running:
        eventually(lambda: f"triaged serves HTTP at http://{listen}\n" in running.logged())
        eventually(lambda: "service.admin" in running.logged())
        assert "/ui/sign-in/" not in running.logged()
