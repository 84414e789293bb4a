"""A real browser, Debian's Chromium, and the pages on a real socket."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

from daemon.store.store import Store
from tests.support.fakes import eventually
from tests.support.http import Web, web
from tests.support.pages import MEMBER, SETTINGS, signed_in
from tests.support.ports import free_port
from tests.support.web_tools import FakeTools

CHROMIUM = Path("/usr/bin/chromium")
# A test must not fail because the machine is slow.
PATIENCE_MS = 20_000
expect.set_options(timeout=PATIENCE_MS)


# Not for the session: while Playwright runs, its loop is the one of this thread, and other tests need their own.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        missing = f"needs {CHROMIUM}: install the package chromium"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield browser
        browser.close()


class Site:
    """The pages at `url`, and browsers that visit them."""

    def __init__(self, case: Web, url: str, chromium: Browser) -> None:
        self.case, self.url, self._chromium = case, url, chromium

    @contextmanager
    def visited(
        self, email: str | None = MEMBER, *, width: int = 1280, dark: bool = False, scripts: bool = True
    ) -> Iterator[BrowserContext]:
        """Give a browser in which somebody is signed in."""
        context = self._chromium.new_context(
            base_url=self.url,
            viewport={"width": width, "height": 900},
            color_scheme="dark" if dark else "light",
            java_script_enabled=scripts,
        )
        context.set_default_timeout(PATIENCE_MS)
        if email is not None:
            secret = signed_in(self.case, email).cookies["triaged_session"]
            context.add_cookies([{"name": "triaged_session", "value": secret, "url": f"{self.url}/ui"}])
        yield context
        context.close()


@contextmanager
def served(case: Web) -> Iterator[str]:
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(case.app, host="127.0.0.1", port=port, lifespan="off", log_config=None))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    eventually(lambda: server.started)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(30)


@pytest.fixture
def site(sqlite_store: Store, chromium: Browser) -> Iterator[Site]:
    with web(sqlite_store, tools=FakeTools(), **SETTINGS) as case, served(case) as url:
        yield Site(case, url, chromium)
