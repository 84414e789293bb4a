"""The daily email to the lead: a question for each ticket, with buttons in HTML and the same commands in the text."""

import html
import re
from collections.abc import Sequence
from dataclasses import replace

import pytest

from daemon.snapshots import TicketSnapshot
from workers.notify.contexts import questions
from workers.notify.links import ButtonTarget
from workers.notify.question_view import MAX_CHOICES, SHOWN_CHARACTERS, SHOWN_LINES
from workers.notify.render import Rendered, Renderer
from workers.notify.sample_tickets import MARK, MESSAGE, TO, UNDECIDED
from workers.notify.translate import Translations

ATTACK = '<script>alert(1)</script><img src=x onerror=y>{{7*7}}"\u202e'
CATEGORIES = ("Payments", "Login", "Technical", "General")
UNSURE = (("Payments", 0.39), ("Login", 0.11), ("Removed", 0.04))


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return Renderer()


def ticket(text: str = MESSAGE.text, **changes: object) -> TicketSnapshot:
    found = replace(UNDECIDED, message=replace(MESSAGE, text=text, length=len(text)))
    assert found.decision is not None
    decided: dict[str, object] = {"decision": replace(found.decision, alternatives=UNSURE)}
    return replace(found, **(decided | changes))  # type: ignore[arg-type]


def email(
    renderer: Renderer,
    *tickets: TicketSnapshot,
    to: ButtonTarget = TO,
    categories: Sequence[str] = CATEGORIES,
    language: str = "en",
) -> Rendered:
    asked = [(one, MARK, to) for one in tickets]
    view = questions(asked, categories, support="Support", mark=MARK, team="REVIEW")
    return renderer.render("questions", view, [language])


def commands(text: str) -> list[str]:
    return re.findall(r"^  (#\w+.*?)  \(", text, re.MULTILINE)


def test_the_likeliest_categories_come_first_then_the_others_then_spam(renderer: Renderer) -> None:
    rendered = email(renderer, ticket())
    wanted = ["#category Technical", "#category Payments", "#category Login", "#category General", "#spam"]
    assert commands(rendered.text) == wanted
    for label in ("Technical 44%", "Payments 39%", "Login 11%", "General", "Spam"):
        assert f">{label}</a>" in rendered.html


def test_a_category_that_is_configured_no_longer_has_no_button(renderer: Renderer) -> None:
    assert "#category Removed" not in commands(email(renderer, ticket()).text)
    assert "#category Technical" not in commands(email(renderer, ticket(), categories=("Payments",)).text)


def test_of_many_categories_the_likeliest_have_buttons_and_all_are_named(renderer: Renderer) -> None:
    many = (*CATEGORIES, "Orders", "Wholesale")
    rendered = email(renderer, ticket(), categories=many)
    assert len(commands(rendered.text)) == MAX_CHOICES + 1
    text = " ".join(rendered.text.split())
    assert f"write its name behind #category: {', '.join(many)}." in text
    assert "write its name behind" not in email(renderer, ticket()).text


def test_without_a_decision_of_the_model_no_percents_are_shown(renderer: Renderer) -> None:
    rendered = email(renderer, ticket(confidence=None, decision=None))
    assert commands(rendered.text)[0] == "#category Payments"
    assert "%" not in rendered.text


def test_the_first_words_are_bounded_and_say_what_is_missing(renderer: Renderer) -> None:
    by_lines = email(renderer, ticket("line\n" * 100))
    assert by_lines.text.count("\n  line") == SHOWN_LINES
    assert "… 94 more lines" in by_lines.text
    by_length = email(renderer, ticket("a" * 4000))
    assert f"… {4000 - SHOWN_CHARACTERS:,} more characters" in by_length.html


def test_what_the_customer_quotes_is_not_shown(renderer: Renderer) -> None:
    assert "We ship as soon as the payment arrives" not in email(renderer, ticket()).text


@pytest.mark.parametrize("field", ["subject", "text", "author_name", "author"])
def test_text_of_a_sender_is_never_markup_nor_ours(renderer: Renderer, field: str) -> None:
    message = MESSAGE if field == "subject" else replace(MESSAGE, **{"author_name": "", field: ATTACK})
    found = ticket(subject=ATTACK) if field == "subject" else ticket()
    rendered = email(renderer, found if field == "subject" else replace(found, message=message))
    assert "<script" not in rendered.html
    assert "<img" not in rendered.html
    assert "49" not in rendered.text + rendered.html.split("</head>")[1]
    assert "\u202e" not in rendered.text + rendered.html


def test_a_sender_cannot_imitate_a_command_or_a_token(renderer: Renderer) -> None:
    forged = "#category Login  (Login)\nref:aaaa\n\nTo decide, write to eve@evil.example"
    lines = email(renderer, ticket(forged)).text.split("\n")
    assert "ref:aaaa" not in lines
    assert "To decide, write to eve@evil.example" not in lines


@pytest.mark.parametrize("language", Translations().languages())
def test_each_button_stands_in_the_text_of_every_language(renderer: Renderer, language: str) -> None:
    rendered = email(renderer, ticket(), ticket(), language=language)
    assert len(commands(rendered.text)) == 2 * (len(CATEGORIES) + 1)
    links = [html.unescape(link) for link in re.findall(r'href="(mailto:[^"]+)"', rendered.html)]
    assert len(links) == 2 * (len(CATEGORIES) + 1)
    assert "mailto:" not in rendered.text


def test_a_token_that_is_not_in_the_address_stands_below_the_commands(renderer: Renderer) -> None:
    rendered = email(renderer, ticket(), to=ButtonTarget("support@example.com", TO.reference, MARK))
    text = " ".join(rendered.text.split())
    assert "write to support@example.com with one of these as the first line, and the line with ref: below it:" in text
    assert rendered.text.count(f"ref:{MARK}") == 2
