"""The button of the empty inbox that sends example emails."""

from typing import Final

from fastapi import Response

from daemon.store import events
from daemon.store.queries import inbox
from daemon.tickets.sign_in import Role
from daemon.web.pages.page import Page, PageError, Route
from daemon.web.tools import DemoError


def send(page: Page) -> Response:
    """Send the examples through the listener, unless there are tickets already."""
    if not page.read(inbox.is_empty):
        raise PageError(409, "Examples are only for an empty inbox. `triaged demo` sends them at any time.")
    try:
        number = page.services.tools_in_place().send_examples()
    except DemoError as error:
        raise PageError(409, f"No example was sent: {error}.") from None
    now, actor = page.services.clock.now(), page.signed_in.name
    page.services.store.write(
        lambda session: events.add(session, "examples sent", now, actor=actor, source="web", emails=number)
    )
    return page.redirect("/ui?status=ALL", f"{number} example emails were sent. They are being triaged now.")


ROUTES: Final = (Route("POST", "/ui/demo", send, Role.MEMBER),)
