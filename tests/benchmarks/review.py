"""Measure how long browser and server take for twenty reviews by keys: a person has the rest of two minutes to read.

Run as `python -m tests.benchmarks.review`; needs Chromium.
"""

import tempfile
from contextlib import closing
from pathlib import Path
from typing import Final

from playwright.sync_api import sync_playwright

from daemon.store.maintenance import schema
from daemon.store.store import Store
from daemon.system import logs
from tests.browser.conftest import CHROMIUM, Site, served
from tests.support.http import web
from tests.support.pages import SETTINGS
from tests.support.review_by_keys import clear, fill, is_cleared
from tests.support.web_tools import FakeTools

TICKETS: Final = 20
KEYS: Final = 9
ASKED_SECONDS: Final = 120


def main() -> None:
    """Clear the review once, and print what it took."""
    logs.configure("error", "console")
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(Store(f"sqlite:///{Path(folder) / 'review.db'}")) as store,
        sync_playwright() as playwright,
    ):
        schema.upgrade(store.engine)
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        with web(store, tools=FakeTools(), **SETTINGS) as case, served(case) as url:
            wanted = fill(case, [one.name for one in case.settings.categories][:KEYS], TICKETS)
            with Site(case, url, browser).visited() as visit:
                effort = clear(visit.new_page(), wanted)
            assert is_cleared(store, wanted)
        browser.close()
    left = (ASKED_SECONDS - effort.seconds) / TICKETS
    print(
        f"{TICKETS} reviews: {effort.presses} keys, {effort.loads} pages, {effort.seconds:.1f} s of browser and server"
    )
    print(f"of {ASKED_SECONDS} s, {left:.1f} s are left to read each")


if __name__ == "__main__":
    main()
