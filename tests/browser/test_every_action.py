"""Every button of the pages, pressed in a real browser at both widths, with and without JavaScript."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from daemon.store.models import AnswerRow, Event, InboundRow, Ticket
from tests.browser.conftest import Site
from tests.support.emails import inbound, mail
from tests.support.fakes import NOON
from tests.support.pages import ADMIN, MEMBER, send, signed_in
from tests.support.tickets_for_pages import UNSURE, accepted

pytestmark = [
    pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"]),
    pytest.mark.parametrize("width", [390, 1280]),
]
EARLIER = "2026-01-01T00:00:00+00:00"


@contextmanager
def visited(site: Site, width: int, scripts: bool, path: str) -> Iterator[Page]:
    """Give a page that an admin looks at, as wide as the screen at most when the test leaves it."""
    with site.visited(ADMIN, width=width, scripts=scripts) as browser:
        page = browser.new_page()
        page.goto(path)
        yield page
        assert page.locator("html").evaluate("root => root.scrollWidth <= root.clientWidth")


def press(page: Page, button: str, says: str) -> None:
    """Press a button by its name, and wait for what the next page says."""
    page.get_by_role("button", name=button, exact=True).click()
    expect(page.get_by_role("status")).to_contain_text(says)


def state(site: Site, reference: str) -> tuple[str, str, str | None, str | None]:
    with site.case.store.read() as session:
        ticket = session.execute(select(Ticket).where(Ticket.reference == reference)).scalar_one()
        return ticket.status, ticket.category, ticket.assigned_team, ticket.taken_by


def dispositions(site: Site) -> list[str]:
    with site.case.store.read() as session:
        return list(session.execute(select(InboundRow.disposition).order_by(InboundRow.id)).scalars())


def test_of_a_ticket(site: Site, width: int, scripts: bool) -> None:
    reference = accepted(site.case, mail())
    with visited(site, width, scripts, f"/ui/tickets/{reference}") as page:
        press(page, "Take it", "Taken")
        assert state(site, reference)[3] == ADMIN
        page.fill("#days", "2")
        press(page, "Wait", "Waiting")
        assert state(site, reference)[0] == "WAITING"
        press(page, "Open again", "Open")
        press(page, "Spam", "spam")
        assert state(site, reference)[0] == "SPAM"
        press(page, "Open again", "Open")
        press(page, "Close", "Closed")
        assert state(site, reference)[0] == "CLOSED"
        press(page, "Open again", "Open")
        page.select_option("#assign", "TECH_SUPPORT")
        press(page, "Give", "TECH_SUPPORT")
        page.select_option("#category", "Login")
        page.select_option("#priority", "Urgent")
        press(page, "Correct", "Login")
        assert state(site, reference)[:3] == ("OPEN", "Login", "IDENTITY_TEAM")
        page.get_by_role("link", name="Trace of every email").click()
        expect(page.locator("main")).to_contain_text("IDENTITY_TEAM")


def test_of_two_tickets_that_are_one(site: Site, width: int, scripts: bool) -> None:
    one, other = accepted(site.case, mail()), accepted(site.case, mail(subject="The same again"))
    with visited(site, width, scripts, f"/ui/tickets/{other}") as page:
        page.fill("#into", one)
        press(page, "Merge", one)
        expect(page.locator("main")).to_contain_text(f"Merged into {one}")
        press(page, "Split", one)
        expect(page.locator("main")).not_to_contain_text("Merged into")


@pytest.mark.parametrize(("button", "becomes"), [("Send it", "sent"), ("Drop it", "dropped")])
def test_of_an_answer_that_is_held(site: Site, width: int, scripts: bool, button: str, becomes: str) -> None:
    reference = accepted(site.case, mail())
    write = f"/ui/tickets/{reference}/write"
    send(signed_in(site.case, MEMBER), write, text="Done", kind="reply", loaded=NOON.isoformat())
    send(signed_in(site.case, ADMIN), write, text="Mine too", kind="reply", loaded=EARLIER)
    with visited(site, width, scripts, f"/ui/tickets/{reference}") as page:
        page.get_by_role("button", name=button, exact=True).click()
        expect(page.get_by_role("button", name=button, exact=True)).to_have_count(0)
    with site.case.store.read() as session:
        assert list(session.execute(select(AnswerRow.state).order_by(AnswerRow.id)).scalars()) == ["sent", becomes]


def test_of_the_review(site: Site, width: int, scripts: bool) -> None:
    references = []
    for number in range(3):
        site.case.clock.advance(seconds=1)
        references.append(accepted(site.case, mail(subject=f"Number {number}"), UNSURE))
    with visited(site, width, scripts, "/ui/review") as page:
        heading = page.locator("main h2").first
        expect(heading).to_have_text("Number 0")
        page.get_by_role("link", name="Skip", exact=True).click()
        expect(heading).to_have_text("Number 1")
        page.click("button[value=Technical]")
        expect(heading).to_have_text("Number 2")
        assert state(site, references[1])[1:3] == ("Technical", "TECH_SUPPORT")
        page.click("button:has-text('Undo')")
        expect(heading).to_have_text("Number 1")
        assert state(site, references[1])[2] == "MANUAL_REVIEW"
        page.click("button:has-text('Spam')")
        expect(heading).to_have_text("Number 2")
        assert state(site, references[1])[0] == "SPAM"


def test_of_received_emails(site: Site, width: int, scripts: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    site.case.intake.accept(inbound(mail(headers=("Auto-Submitted: auto-replied",))))
    with monkeypatch.context() as patch:
        patch.setattr("daemon.tickets.intake.analyze", lambda *_: 1 / 0)
        site.case.intake.accept(inbound(mail(subject="Not understood")))
    assert dispositions(site) == ["auto-reply", "parked"]
    with visited(site, width, scripts, "/ui/mail") as page:
        page.get_by_role("link", name="parked", exact=True).click()
        page.locator("main li a.title").click()
        press(page, "Process it again", "Processed again")
        page.goto("/ui/mail/1")
        press(page, "A person wrote this: release it", "Released")
    assert dispositions(site) == ["ticket", "ticket"]


def test_of_the_models(site: Site, width: int, scripts: bool) -> None:
    with visited(site, width, scripts, "/ui/models") as page:
        page.get_by_role("button", name="Rehearse", exact=True).first.click()
        expect(page.locator("main")).to_contain_text("Rehearsal of the model two")
        page.fill("#phrase", "my money back")
        page.select_option("#category", "Payments")
        page.click("button:has-text('Rehearse on the newest')")
        expect(page.locator("main")).to_contain_text("Rehearsal of a rule for “my money back”")
        press(page, "Use this one", "The model one is in use")
        press(page, "Roll back to the model before", "is in use")
    with site.case.store.read() as session:
        assert len(session.execute(select(Event.id).where(Event.kind == "model promoted")).all()) == 2


def test_of_the_account_and_of_an_empty_inbox(site: Site, width: int, scripts: bool) -> None:
    elsewhere = signed_in(site.case, ADMIN)
    with visited(site, width, scripts, "/ui") as page:
        press(page, "Send twenty example emails", "20 example emails were sent")
        page.get_by_role("link", name=ADMIN).click()
        press(page, "Sign out in every browser", "You are signed out in every browser.")
    assert elsewhere.get("/ui").headers["location"] == "/ui/sign-in"
