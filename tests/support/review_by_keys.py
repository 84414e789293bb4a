"""Clear the review in a browser as a person does, by the keys 1 to 9, and count what that takes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter

from playwright.sync_api import Page, expect
from sqlalchemy import select

from daemon.store.models import Ticket
from daemon.store.store import Store
from tests.support.emails import mail
from tests.support.http import Web
from tests.support.tickets_for_pages import UNSURE, accepted

TEXT = "Hello, my order has not arrived, and nobody answers the telephone. What shall I do?\r\n" * 4


@dataclass(frozen=True, slots=True)
class Effort:
    """Keys that were pressed, pages that the browser loaded, and how long browser and server took for that."""

    presses: int
    loads: int
    seconds: float


def fill(case: Web, categories: Sequence[str], number: int) -> dict[str, str]:
    """Let tickets wait for a person; return the category that each is about by the subject."""
    wanted = {f"Question {one} of a customer": categories[one % len(categories)] for one in range(number)}
    for subject in wanted:
        case.clock.advance(seconds=61)
        accepted(case, mail(subject=subject, body=TEXT + subject), UNSURE)
    return wanted


def clear(page: Page, wanted: Mapping[str, str]) -> Effort:
    """Decide about every ticket as wanted: read its subject, find the number of the category, press that key."""
    loads, presses = [page.url], 0
    page.on("load", lambda loaded: loads.append(loaded.url))
    began = perf_counter()
    page.goto("/ui/review")
    title = page.locator("main h2").first
    for left in range(len(wanted), 0, -1):
        expect(page.locator("main p b").first).to_have_text(str(left))
        page.wait_for_load_state()
        choice = page.locator(".choices button", has=page.get_by_text(wanted[title.inner_text()], exact=True))
        page.keyboard.press(choice.locator("kbd").inner_text())
        presses += 1
    expect(title).to_have_text("Nothing to review")
    page.wait_for_load_state()
    return Effort(presses, len(loads) - 1, perf_counter() - began)


def is_cleared(store: Store, wanted: Mapping[str, str]) -> bool:
    """Return whether every ticket has the category that it is about."""
    with store.read() as session:
        decided = {row.subject: row.category for row in session.execute(select(Ticket.subject, Ticket.category))}
    return decided == wanted
