"""People at work in a real browser: with the mouse, with the keyboard, and without JavaScript."""

import re

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from daemon.store.models import AnswerRow, SignInRequest, Ticket
from daemon.tickets import sign_in
from tests.browser.conftest import Site
from tests.support.emails import mail
from tests.support.fakes import eventually
from tests.support.pages import MEMBER
from tests.support.tickets_for_pages import UNSURE, accepted


def ticket(site: Site, reference: str) -> Ticket:
    with site.case.store.read() as session:
        return session.execute(select(Ticket).where(Ticket.reference == reference)).scalar_one()


def link(site: Site) -> str:
    """Return the link that was sent last, as its email has it."""
    with site.case.store.read() as session:
        row = session.execute(select(SignInRequest).order_by(SignInRequest.id.desc())).scalars().first()
    if row is None:
        return ""
    return f"/ui/sign-in/{sign_in.token_of(row.id, row.nonce, site.case.services.keyring.value[0])}"


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
@pytest.mark.parametrize("width", [390, 1280])
class TestEverythingThatMatters:
    def test_sign_in_look_and_sign_out(self, site: Site, width: int, scripts: bool) -> None:
        reference = accepted(site.case, mail())
        with site.visited(None, width=width, scripts=scripts) as browser:
            page = browser.new_page()
            page.goto(f"/ui/tickets/{reference}")
            page.fill("#email", MEMBER)
            page.click("text=Send the link")
            expect(page.get_by_role("status")).to_contain_text("on its way")
            eventually(lambda: link(site))
            page.goto(link(site))
            page.click("main >> text=Sign in >> nth=-1")
            expect(page.locator("h1")).to_have_text("Payment failed")
            page.click(f"text={MEMBER}")
            page.click("text=Sign out >> nth=0")
            expect(page.get_by_role("status")).to_have_text("You are signed out.")
            page.goto("/ui")
            expect(page.locator("h1")).to_have_text("Sign in")

    def test_correct_answer_note_and_resolve(self, site: Site, width: int, scripts: bool) -> None:
        reference = accepted(site.case, mail())
        with site.visited(width=width, scripts=scripts) as browser:
            page = browser.new_page()
            page.goto("/ui")
            page.click("text=Payment failed")
            page.click("button:has-text('Technical')")
            assert ticket(site, reference).assigned_team == "TECH_SUPPORT"
            page.fill("#answer", "We look at it.")
            page.click("text=Send to the customer")
            expect(page.get_by_role("status")).to_contain_text("ann@customer.example")
            page.fill("#answer", "Call her tomorrow")
            page.click("text=Keep as a note")
            expect(page.locator(".message.note")).to_contain_text("Call her tomorrow")
            page.click("button:has-text('Resolve')")
            assert ticket(site, reference).status == "RESOLVED"
            with site.case.store.read() as session:
                assert session.execute(select(AnswerRow.state)).scalars().all() == ["sent"]

    def test_find_filter_and_try(self, site: Site, width: int, scripts: bool) -> None:
        accepted(site.case, mail())
        with site.visited(width=width, scripts=scripts) as browser:
            page = browser.new_page()
            page.goto("/ui")
            page.fill("#text", "nothing like this")
            page.click("main >> text=Show")
            expect(page.locator("main")).to_contain_text("No open ticket matches.")
            page.click("text=Clear")
            expect(page.locator("main")).to_contain_text("Payment failed")
            page.goto("/ui/try")
            page.fill("#email", "My payment failed")
            page.click("text=Try it")
            expect(page.locator("main")).to_contain_text("PAYMENTS_TEAM")


def shows(page: Page, heading: str) -> None:
    """Wait until a page with this heading is there, with its script."""
    expect(page.locator("main h2").first).to_have_text(heading)
    page.wait_for_load_state()


def test_the_review_is_done_with_the_keyboard(site: Site) -> None:
    references = []
    for number in range(3):
        site.case.clock.advance(seconds=1)
        references.append(accepted(site.case, mail(subject=f"Number {number}"), UNSURE))
    with site.visited() as browser:
        page = browser.new_page()
        page.goto("/ui/review")
        shows(page, "Number 0")
        page.keyboard.press("2")
        shows(page, "Number 1")
        assert ticket(site, references[0]).category == "Technical"
        page.keyboard.press("u")
        shows(page, "Number 0")
        for following in ("Number 1", "Number 2", "Nothing to review"):
            page.keyboard.press("1")
            shows(page, following)
    assert [ticket(site, reference).category for reference in references] == ["Payments"] * 3


def test_keys_leave_what_people_type_alone(site: Site) -> None:
    accepted(site.case, mail())
    with site.visited() as browser:
        page = browser.new_page()
        page.goto("/ui")
        page.keyboard.press("/")
        page.keyboard.type("1u/2")
        assert page.input_value("#text") == "1u/2"


def test_the_keyboard_reaches_the_content_first(site: Site) -> None:
    with site.visited() as browser:
        page = browser.new_page()
        page.goto("/ui")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "main"


def test_a_list_that_waits_for_triage_loads_itself_again(site: Site) -> None:
    accepted(site.case, mail(), None)
    with site.visited() as browser:
        page = browser.new_page()
        page.goto("/ui")
        expect(page.locator("main")).to_contain_text("being triaged")
        accepted(site.case, mail(subject="The next one"))
        expect(page.locator("main")).to_contain_text(re.compile("The next one"), timeout=30_000)
