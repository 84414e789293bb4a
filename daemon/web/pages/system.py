"""The pages about the system itself: its health, and a trial of an email that is not stored."""

import re
from typing import Any, Final

from fastapi import Response

from daemon.store.queries import lists
from daemon.tickets.sign_in import Role
from daemon.web.pages.page import Page, Route

LONGEST_EMAIL: Final = 500_000
# Of a dropped file: a form writes a byte of other scripts as three, and has at most http.body_bytes.
DROPPED_BYTES: Final = 300_000
HEADER: Final = re.compile(r"[!-9;-~]{1,80}:")


def health(page: Page) -> Response:
    """Show the problems that `triaged check --live` knows, what waits, and how far mailboxes are read."""
    services, now = page.services, page.services.clock.now()
    problems = services.tools_in_place().problems()
    with services.store.read() as session:
        waiting, later = lists.oldest_due(session, now), lists.later_jobs(session, now)
        mailboxes = lists.mailboxes(session)
    return page.render("health.html", problems=problems, waiting=waiting, later=later, mailboxes=mailboxes)


def try_form(page: Page) -> Response:
    """Show the form for a trial."""
    return _tried(page)


def try_email(page: Page) -> Response:
    """Show what would happen to an email, and why; nothing is stored or sent."""
    text = page.form.get("text", "")
    if not text.strip():
        return _tried(page, status=422, mistake="Paste an email first.")
    if len(text) > LONGEST_EMAIL:
        return _tried(page, status=413, email=text, mistake=f"Paste at most {LONGEST_EMAIL:,} characters.")
    return _tried(page, email=text, row=page.services.tools_in_place().try_email(_as_email(page, text)))


def _try_again(page: Page, status: int, mistake: str) -> Response:
    return _tried(page, status=status, email=page.form.get("text", ""), mistake=mistake)


def _tried(
    page: Page, *, status: int = 200, email: str = "", row: dict[str, Any] | None = None, mistake: str = ""
) -> Response:
    most = min(DROPPED_BYTES, page.services.settings.http.body_bytes // 4)
    return page.render(
        "try.html", status=status, email=email, row=row, mistake=mistake, dropped=most, bytewise=_bytewise(page)
    )


def _bytewise(page: Page) -> str:
    """Return "yes" where each character of the text stands for one byte of a file that is no UTF-8."""
    return "yes" if page.form.get("bytewise") else ""


def _as_email(page: Page, text: str) -> bytes:
    """Return what was pasted as an email; a text without a header becomes one, with its first line as subject."""
    lines = text.replace("\r\n", "\n").lstrip("\n").split("\n")
    if not HEADER.match(lines[0]):
        lines = [f"Subject: {lines[0].strip()}", "From: customer@example.net", "", *lines]
    email = "\r\n".join(lines)
    # What was typed into such an email may have other characters.
    is_bytes = _bytewise(page) and max(email) <= "\xff"
    return email.encode("latin-1" if is_bytes else "utf-8", "replace")


ROUTES: Final = (
    Route("GET", "/ui/health", health, Role.VIEWER),
    Route("GET", "/ui/try", try_form, Role.MEMBER),
    Route("POST", "/ui/try", try_email, Role.MEMBER, _try_again),
)
