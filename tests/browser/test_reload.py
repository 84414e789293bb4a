"""A list that loads itself again is right in all its parts."""

from playwright.sync_api import expect

from daemon.store import decisions
from daemon.vocabulary import DecidedBy
from tests.browser.conftest import Site
from tests.support.emails import mail
from tests.support.tickets_for_pages import DECIDED, accepted


def test_the_first_ticket_is_counted_where_the_page_was_empty(site: Site) -> None:
    with site.visited() as browser:
        page = browser.new_page()
        page.goto("/ui")
        expect(page.locator("nav.tabs")).to_contain_text("Open 0")
        accepted(site.case, mail(subject="The first one"))
        expect(page.locator("main")).to_contain_text("The first one", timeout=30_000)
        expect(page.locator("nav.tabs")).to_contain_text("Open 1")


def test_older_tickets_are_offered_as_soon_as_there_are_some(site: Site) -> None:
    accepted(site.case, mail(), None)
    with site.visited() as browser:
        page = browser.new_page()
        page.goto("/ui")
        for number in range(31):
            accepted(site.case, mail(subject=f"Number {number}"))
        expect(page.locator("main")).to_contain_text("Number 30", timeout=30_000)
        expect(page.locator("main")).to_contain_text("Older tickets")


def test_the_last_decision_is_shown(site: Site) -> None:
    accepted(site.case, mail(), None)
    with site.visited() as browser:
        page = browser.new_page()
        page.goto("/ui")
        expect(page.locator("main")).to_contain_text("being triaged")
        now = site.case.clock.now()
        site.case.store.write(lambda session: decisions.apply(session, 1, DECIDED, now, by=DecidedBy.MODEL, actor=None))
        expect(page.locator("main")).not_to_contain_text("being triaged", timeout=30_000)
        expect(page.locator("main")).to_contain_text("PAYMENTS_TEAM")
