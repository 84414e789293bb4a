"""The command `web`, in a process of its own."""

import re
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
