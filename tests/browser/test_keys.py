"""Keys that decide about tickets, in a real browser."""

from playwright.sync_api import expect
from sqlalchemy import select

from daemon.store.models import Ticket
from tests.browser.conftest import Site
from tests.support.emails import mail
from tests.support.tickets_for_pages import UNSURE, accepted


def test_a_key_that_is_held_down_decides_one_ticket(site: Site) -> None:
    for number in range(4):
        site.case.clock.advance(seconds=1)
        accepted(site.case, mail(subject=f"Number {number}"), UNSURE)
    with site.visited() as browser:
        page = browser.new_page()
        page.goto("/ui/review")
        page.keyboard.down("1")
        for _ in range(3):
            expect(page.locator("main h2").first).to_have_text("Number 1")
            page.wait_for_load_state()
            # The keyboard of Playwright says of a key that is down already that it repeats.
            page.keyboard.down("1")
            page.evaluate("new Promise(requestAnimationFrame)")
        page.keyboard.up("1")
    with site.case.store.read() as session:
        teams = session.execute(select(Ticket.assigned_team).order_by(Ticket.id)).scalars().all()
    assert teams == ["PAYMENTS_TEAM", *["MANUAL_REVIEW"] * 3]


def test_the_key_s_marks_the_ticket_as_spam_and_u_takes_it_back(site: Site) -> None:
    accepted(site.case, mail(subject="Cheap watches"), UNSURE)
    with site.visited() as browser:
        page = browser.new_page()
        page.goto("/ui/review")
        page.keyboard.press("s")
        expect(page.locator("main h2").first).to_have_text("Nothing to review")
        # The script that listens for keys comes after the text.
        page.wait_for_load_state()
        page.keyboard.press("u")
        expect(page.locator("main h2").first).to_have_text("Cheap watches")
