"""A real browser signs in at a provider on another site and comes back with its cookie."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from daemon.store.store import Store
from daemon.web.app import create_app
from tests.browser.conftest import Site, served
from tests.support.oidc_pages import OidcCase, known_by
from tests.support.pages import MEMBER


@pytest.fixture
def case(sqlite_store: Store) -> Iterator[OidcCase]:
    with known_by(sqlite_store) as found:
        yield found


def test_the_button_signs_in_and_a_stranger_learns_why_not(case: OidcCase, chromium: Browser) -> None:
    urls: list[str] = []
    case.pages.app = create_app(replace(case.pages.services, url=lambda: urls[0]))
    with served(case.pages) as address:
        urls.append(address.replace("127.0.0.1", "localhost"))
        site = Site(case.pages, urls[0], chromium)
        with site.visited(None, width=390) as context:
            page = context.new_page()
            case.provider.person = "stranger@example.net"
            page.goto("/ui/sign-in")
            assert Axe().run(page).response["violations"] == []
            page.get_by_role("link", name="Company login").click()
            assert "stranger@example.net may use" in page.inner_text("main")
            assert Axe().run(page).response["violations"] == []
            page.get_by_role("link", name="try again").click()
            case.provider.person = MEMBER
            page.get_by_role("link", name="Company login").click()
            page.goto("/ui/account")
            assert MEMBER in page.inner_text("main")


def test_a_sign_out_ends_the_session_of_the_provider_too(case: OidcCase, chromium: Browser) -> None:
    urls: list[str] = []
    case.pages.app = create_app(replace(case.pages.services, url=lambda: urls[0]))
    case.provider.metadata["end_session_endpoint"] = f"{case.provider.issuer}/end"
    with served(case.pages) as address:
        urls.append(address.replace("127.0.0.1", "localhost"))
        with Site(case.pages, urls[0], chromium).visited(None) as context:
            page = context.new_page()
            case.provider.person = MEMBER
            page.goto("/ui/sign-in")
            page.get_by_role("link", name="Company login").click()
            page.goto("/ui/account")
            page.get_by_role("button", name="Sign out", exact=True).click()
            # The page on the way to the provider says it too.
            page.wait_for_url("**/ui/sign-in")
            expect(page.get_by_role("status")).to_have_text("You are signed out.")
            assert not any("id_token" in str(one) for one in context.cookies())
    [query] = case.provider.ended
    assert query["id_token_hint"].count(".") == 2
