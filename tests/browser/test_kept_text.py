"""A session ends while somebody types, and somebody clicks twice: in a real browser, with and without JavaScript."""

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from daemon.store.models import AnswerRow
from tests.browser.conftest import Site
from tests.browser.test_pages import violations
from tests.support.emails import mail
from tests.support.pages import MEMBER, send, signed_in
from tests.support.tickets_for_pages import accepted

TEXT = "Dear Ann,\n\nit is <b>done</b> & paid."


def answers(site: Site) -> list[str]:
    with site.case.store.read() as session:
        return list(session.execute(select(AnswerRow.text)).scalars())


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_an_answer_outlives_its_session(site: Site, scripts: bool) -> None:
    reference = accepted(site.case, mail())
    with site.visited(width=390, scripts=scripts) as browser:
        page = browser.new_page()
        page.goto(f"/ui/tickets/{reference}")
        page.fill("#answer", TEXT)
        send(signed_in(site.case, MEMBER), "/ui/sign-out/everywhere")
        page.click("text=Send to the customer")
        expect(page.locator("h1")).to_have_text("You are signed out")
        expect(page.locator("#kept")).to_have_value(TEXT)
        if scripts:
            assert violations(page) == []
        with page.expect_popup() as opened:
            page.click("text=Sign in, in another tab")
        expect(opened.value.locator("h1")).to_have_text("Sign in")
        secret = signed_in(site.case, MEMBER).cookies["triaged_session"]
        browser.add_cookies([{"name": "triaged_session", "value": secret, "url": f"{site.url}/ui"}])
        page.get_by_role("button", name="Continue").click()
        expect(page.locator("#answer")).to_have_value(TEXT)
        assert answers(site) == []
        page.click("text=Send to the customer")
        expect(page.get_by_role("status")).to_contain_text("ann@customer.example")
    assert answers(site) == [TEXT]


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_two_clicks_send_one_answer(site: Site, scripts: bool) -> None:
    reference = accepted(site.case, mail())
    with site.visited(scripts=scripts) as browser:
        page = browser.new_page()
        page.goto(f"/ui/tickets/{reference}")
        page.fill("#answer", TEXT)
        page.dblclick("text=Send to the customer", no_wait_after=True)
        expect(page.get_by_role("status")).to_contain_text("ann@customer.example")
    assert answers(site) == [TEXT]
