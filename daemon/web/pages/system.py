"""The pages about the system itself: its health, and a trial of an email that is not stored."""

import re
from typing import Final

from fastapi import Response

from daemon.store.queries import lists
from daemon.tickets.sign_in import Role
from daemon.web.pages.page import Page, PageError, Route

LONGEST_EMAIL: Final = 500_000
HEADER: Final = re.compile(r"[!-9;-~]{1,80}:")


def health(page: Page) -> Response:
    """Show the problems that `triaged check --live` knows, what waits, and how far mailboxes are read."""
    services, now = page.services, page.services.clock.now()
    problems = services.tools_in_place().problems()
    with services.store.read() as session:
        waiting, mailboxes = lists.oldest_due(session, now), lists.mailboxes(session)
    return page.render("health.html", problems=problems, waiting=waiting, mailboxes=mailboxes)


def try_form(page: Page) -> Response:
    """Show the form for a trial."""
    return page.render("try.html", email="", row=None, mistake="")


def try_email(page: Page) -> Response:
    """Show what would happen to an email, and why; nothing is stored or sent."""
    text = page.form.get("text", "")
    if not text.strip():
        return page.render("try.html", status=422, email="", row=None, mistake="Paste an email first.")
    if len(text) > LONGEST_EMAIL:
        raise PageError(413, f"Paste at most {LONGEST_EMAIL} characters.")
    row = page.services.tools_in_place().try_email(_as_email(text))
    return page.render("try.html", email=text, row=row, mistake="")


def _as_email(text: str) -> bytes:
    """Return what was pasted as an email; a text without a header becomes one, with its first line as subject."""
    lines = text.replace("\r\n", "\n").lstrip("\n").split("\n")
    if not HEADER.match(lines[0]):
        lines = [f"Subject: {lines[0].strip()}", "From: customer@example.net", "", *lines]
    return "\r\n".join(lines).encode("utf-8", "replace")


ROUTES: Final = (
    Route("GET", "/ui/health", health, Role.VIEWER),
    Route("GET", "/ui/try", try_form, Role.MEMBER),
    Route("POST", "/ui/try", try_email, Role.MEMBER),
)
