"""Every page in a real browser: accessible at both widths, light and dark, and no wider than the screen."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.conftest import Site
from tests.support.emails import inbound, mail
from tests.support.fakes import NOON
from tests.support.pages import ADMIN, MEMBER, VIEWER, send, signed_in
from tests.support.tickets_for_pages import DECIDED, UNSURE, accepted

AXE = Axe()
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]
LONG = "Averyveryveryveryveryveryveryveryveryveryverylongwordthatnobodywouldeverwrite" * 3


def fill(site: Site) -> dict[str, str]:
    """Store something for every page, and return the paths by name."""
    case = site.case
    reference = accepted(case, mail(subject=f"Payment failed {LONG}", body=f"Amount debited {LONG}\n> quoted\n"))
    waiting = accepted(case, mail(subject="Which team?"), UNSURE)
    accepted(case, mail(), None)
    case.intake.accept(inbound(mail(headers=("Auto-Submitted: auto-replied",))))
    client = signed_in(case, MEMBER)
    write = f"/ui/tickets/{reference}/write"
    send(signed_in(case, ADMIN), write, text="Done", kind="reply", loaded=NOON.isoformat())
    send(client, write, text="Call her", kind="note")
    send(client, write, text="Me too", kind="reply", loaded="2026-01-01T00:00:00+00:00")
    send(client, f"/ui/tickets/{reference}/correct", category=DECIDED.category)
    return {
        "inbox": "/ui?status=ALL",
        "no match": "/ui?text=nothing",
        "ticket": f"/ui/tickets/{reference}",
        "trace": f"/ui/tickets/{reference}/trace",
        "review": "/ui/review",
        "review after": f"/ui/review?last={waiting}",
        "mail": "/ui/mail",
        "email": "/ui/mail/4",
        "insight": "/ui/insight",
        "models": "/ui/models",
        "health": "/ui/health",
        "try": "/ui/try",
        "account": "/ui/account",
        "missing": "/ui/tickets/HD-NONE",
    }


def violations(page: Page) -> list[str]:
    found = AXE.run(page, options={"runOnly": {"type": "tag", "values": TAGS}}).response["violations"]
    return [f"{one['id']}: {one['help']}: {node['html'][:160]}" for one in found for node in one["nodes"]]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_every_page_is_accessible_and_fits(site: Site, width: int, dark: bool) -> None:
    wrong: dict[str, object] = {}
    paths = fill(site)
    for who in (ADMIN, VIEWER):
        with site.visited(who, width=width, dark=dark) as browser:
            page = browser.new_page()
            errors: list[str] = []
            page.on("pageerror", lambda error, errors=errors: errors.append(str(error)))
            page.on("console", lambda line, errors=errors: errors.append(line.text) if line.type == "error" else None)
            for name, path in paths.items():
                page.goto(path)
                for summary in page.locator("details > summary").all():
                    summary.click()
                found = violations(page)
                if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                    found.append("wider than the screen")
                # The browser reports answers of 404 and 403 as errors, which these pages are.
                found += [error for error in errors if "Failed to load resource" not in error]
                errors.clear()
                if found:
                    wrong[f"{name} of {who}"] = found
    assert wrong == {}


@pytest.mark.parametrize("path", ["/ui/sign-in", "/ui/sign-in/1.00"])
def test_the_pages_of_the_sign_in_are_accessible(site: Site, path: str) -> None:
    with site.visited(None, width=390) as browser:
        page = browser.new_page()
        page.goto(path)
        assert violations(page) == []


def test_an_empty_inbox_is_accessible(site: Site) -> None:
    with site.visited() as browser:
        page = browser.new_page()
        page.goto("/ui")
        assert violations(page) == []
        page.click("text=Send twenty example emails")
        assert page.get_by_role("status").inner_text().startswith("20 example emails were sent")
