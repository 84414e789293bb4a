"""What a team reads about a ticket without an address, such as one that a program opened."""

import pytest

from tests.support.rendering import both, team
from workers.notify.render import Renderer


@pytest.mark.parametrize("part", [0, 1], ids=["text", "html"])
def test_a_ticket_without_an_author_shows_no_sender(renderer: Renderer, part: int) -> None:
    shown = both(renderer.render("notification", team(author=None, author_name="", requester="", verified=False)))[part]
    assert "From" not in shown
    assert "address not verified" not in shown
    assert "This ticket has no address to answer." in shown


@pytest.mark.parametrize("part", [0, 1], ids=["text", "html"])
def test_a_name_without_an_address_is_shown_alone(renderer: Renderer, part: int) -> None:
    shown = both(renderer.render("notification", team(author=None, author_name="Ann Lee", verified=False)))[part]
    assert "Ann Lee" in shown
    assert "<>" not in shown.replace("&lt;", "<").replace("&gt;", ">")
    assert "address not verified" not in shown
