"""What a customer reads in an acknowledgement, and what is not quoted in it."""

import pytest

from tests.support.rendering import ATTACK, both
from workers.notify.contexts import Acknowledgement, acknowledgement
from workers.notify.render import Renderer
from workers.notify.sample_tickets import MARK, REFERENCE

ALIEN = "canary-of-the-sender"


@pytest.mark.parametrize("verified", [True, False])
def test_an_acknowledgement_escapes_name_and_subject(renderer: Renderer, verified: bool) -> None:
    view = Acknowledgement(REFERENCE, "A <b>&", MARK, verified=verified, name=ATTACK, subject=ATTACK)
    rendered = renderer.render("acknowledgement", view)
    assert "<script" not in rendered.html
    assert "A &lt;b&gt;&amp;" in rendered.html


def test_an_unverified_sender_is_not_quoted(renderer: Renderer) -> None:
    view = acknowledgement(REFERENCE, "Support", MARK, verified=False, name=ALIEN, subject=ALIEN)
    other = acknowledgement(REFERENCE, "Support", MARK, verified=False)
    rendered = renderer.render("acknowledgement", view)
    assert rendered == renderer.render("acknowledgement", other)
    assert ALIEN not in rendered.subject + rendered.text + rendered.html
    assert REFERENCE in rendered.subject


def test_an_unverified_sender_is_not_quoted_even_if_the_view_has_the_text(renderer: Renderer) -> None:
    rendered = renderer.render("acknowledgement", Acknowledgement(REFERENCE, "Support", MARK, False, ALIEN, ALIEN))
    assert ALIEN not in rendered.subject + rendered.text + rendered.html


def test_a_verified_customer_is_greeted_by_name_under_the_same_subject(renderer: Renderer) -> None:
    view = acknowledgement(REFERENCE, "Support", MARK, verified=True, name="Ann Lee", subject="Re: RE: Payment failed")
    rendered = renderer.render("acknowledgement", view)
    assert rendered.subject == f"Re: Payment failed [{REFERENCE}]"
    assert rendered.text.startswith("Hello Ann Lee,\n\nThank you")
    assert all(REFERENCE in part and "reply to this email" in part for part in both(rendered))


@pytest.mark.parametrize(
    "name", ["win@casino.example", "visit http://casino.example", "Ann\u2028Lee <x>", "x" * 61, "", "$$$ 1000"]
)
def test_text_that_is_not_a_name_is_not_in_the_greeting(renderer: Renderer, name: str) -> None:
    view = acknowledgement(REFERENCE, "Support", MARK, verified=True, name=name, subject="x")
    assert renderer.render("acknowledgement", view).text.startswith("Hello,\n")


def test_an_acknowledgement_without_a_subject_has_a_fixed_one(renderer: Renderer) -> None:
    rendered = renderer.render("acknowledgement", acknowledgement(REFERENCE, "Support", MARK, verified=True))
    assert rendered.subject == f"We received your message [{REFERENCE}]"
