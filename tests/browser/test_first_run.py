"""The first run: the link in the terminal, the examples, a correction, an answer, and the email that leaves."""

import email
import email.policy
import re
from email.message import EmailMessage
from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.support.fakes import eventually
from tests.support.ports import free_port
from tests.support.real_process import real_process

CUSTOMER = "olivia@agency.example"
# The first model is trained meanwhile.
TRIAGED_WITHIN = 120_000.0


def emails_to(maildir: Path, recipient: str) -> list[EmailMessage]:
    read = [email.message_from_bytes(one.read_bytes(), policy=email.policy.default) for one in maildir.glob("new/*")]
    return [one for one in read if isinstance(one, EmailMessage) and one["To"] == recipient]


def test_from_the_printed_link_to_the_email_that_goes_out(tmp_path: Path, chromium: Browser) -> None:
    listen = f"127.0.0.1:{free_port()}"
    with real_process(tmp_path, event="serving http", HTTP__ENABLED="true", HTTP__LISTEN=listen) as running:
        eventually(lambda: "/ui/sign-in/" in running.logged())
        [link] = re.findall(r"http://\S+/ui/sign-in/\S+", running.logged())
        page = chromium.new_page()
        page.goto(link)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("button", name="Send twenty example emails").click()
        expect(page.get_by_role("status")).to_contain_text("20 example emails were sent")
        # Nobody loads the page again: it does so itself.
        expect(page.locator("#list")).not_to_contain_text("being triaged", timeout=TRIAGED_WITHIN)
        expect(page.locator("#list li")).to_have_count(18)

        page.get_by_role("link", name="Invoice for the annual plan").click()
        page.select_option("#category", "Technical")
        page.get_by_role("button", name="Correct", exact=True).click()
        expect(page.locator("main")).to_contain_text("Corrected: Technical, priority Low, team TECH_SUPPORT.")
        page.fill("#answer", "The invoice is on its way.")
        page.get_by_role("button", name="Send to the customer").click()
        expect(page.get_by_role("status")).to_contain_text(f"Your answer goes to {CUSTOMER}")
        page.close()

        maildir = running.state / "outgoing"
        # An acknowledgement, then the answer.
        eventually(lambda: len(emails_to(maildir, CUSTOMER)) == 2, 60)
        texts = [one.get_body(("plain",)) for one in emails_to(maildir, CUSTOMER)]
        assert any(text is not None and "The invoice is on its way." in text.get_content() for text in texts)
        eventually(lambda: bool(emails_to(maildir, "tech-support@example.com")), 60)
