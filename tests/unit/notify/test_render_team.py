"""What a team reads about a ticket: the customer's words, why it is theirs, and what they can do."""

import re

import pytest

from tests.support.rendering import both, named, team
from workers.notify.render import Renderer
from workers.notify.sample_tickets import BACKGROUND, REFERENCE


@pytest.mark.parametrize(
    "expected",
    [
        "Ann Lee <ann@customer.example>",
        REFERENCE,
        "Payments, 92% confidence",
        "High",
        "Why PAYMENTS_TEAM",
        "most important words",
        "> quoted line",
        "may belong to HD-2B4D-KQ7D",
        "bank.pdf",
        "47 MB, not attached because it is too large",
        "Chosen for an audit",
        "Not ours: Technical",
        'mode = "suggest"',
    ],
)
def test_a_team_reads_everything_it_needs_in_text_and_html(renderer: Renderer, expected: str) -> None:
    files = named(("bank.pdf", 2_000), ("film.mp4", 49_000_000))
    view = team(related="HD-2B4D-KQ7D", files=files, attached={0}, audit=True, hint=True)
    text, html = both(renderer.render("notification", view))
    html = html.replace("&lt;", "<").replace("&gt;", ">").replace("&#34;", '"')
    assert expected in re.sub(r"[()]", "", text)
    assert expected in " ".join(html.split())


@pytest.mark.parametrize("flag", ["hint", "related", "files", "notes"])
def test_lines_that_do_not_apply_are_left_out(renderer: Renderer, flag: str) -> None:
    words = {"hint": "triaged.toml", "related": "may belong", "files": "Attachments", "notes": "Note:"}
    text, html = both(renderer.render("notification", team()))
    assert words[flag] not in text + html


@pytest.mark.parametrize(
    ("by", "confidence", "sure"),
    [
        ("rule", 1.0, "set by a rule"),
        ("model", 0.616, "62% confidence"),
        ("person", 1.0, "set by a person"),
        ("fallback", 0.0, "confidence unknown"),
        ("model", None, "confidence unknown"),
    ],
)
def test_the_certainty_of_a_decision_in_words(by: str, confidence: float | None, sure: str) -> None:
    assert str(team(by=by, confidence=confidence).sure) == sure


def test_an_unverified_address_is_marked(renderer: Renderer) -> None:
    assert "(address not verified)" in renderer.render("notification", team(verified=False)).text
    assert "not verified" not in renderer.render("notification", team()).text


def test_the_words_of_the_customer_come_first(renderer: Renderer) -> None:
    text, html = both(renderer.render("notification", team()))
    assert text.startswith("  Amount debited\n")
    assert html.split()[:2] == ["Amount", "debited"]


def test_a_team_reads_that_its_reply_goes_to_the_customer(renderer: Renderer) -> None:
    for kind in ("notification", "follow-up"):
        for part in both(renderer.render(kind, team(author="colleague@example.com"))):
            assert "Your reply to this email goes to the customer, Ann Lee." in part


def test_a_ticket_without_an_address_says_that_nobody_can_be_answered(renderer: Renderer) -> None:
    for part in both(renderer.render("notification", team(requester=None))):
        assert "This ticket has no address to answer." in part


@pytest.mark.parametrize("priority", ["Urgent", "Low"])
@pytest.mark.parametrize("kind", ["notification", "follow-up"])
def test_the_subject_stays_the_same_over_the_life_of_a_ticket(renderer: Renderer, kind: str, priority: str) -> None:
    assert renderer.render(kind, team(priority=priority, status="WAITING")).subject == f"[{REFERENCE}] Payment failed"


def test_a_reviewer_gets_the_two_likeliest_categories_and_the_reason(renderer: Renderer) -> None:
    view = team(
        team="MANUAL_REVIEW",
        category="Technical",
        confidence=0.44,
        alternatives=(("Payments", 0.39), ("Login", 0.11)),
        reasons=("two topics",),
    )
    rendered = renderer.render("notification", view)
    assert "Why a person has to decide\n- two topics\n" in rendered.text
    assert re.findall(r"#category (\w+)", rendered.text) == ["Technical", "Payments"]
    assert ">Technical 44%</a>" in rendered.html


def test_a_team_without_a_next_category_may_give_a_ticket_back(renderer: Renderer) -> None:
    rendered = renderer.render("notification", team(alternatives=()))
    assert "#assign MANUAL_REVIEW  (Not ours)" in rendered.text


def test_who_took_a_ticket_is_shown(renderer: Renderer) -> None:
    for kind in ("notification", "follow-up"):
        assert "Taken by: ana@example.com\n" in renderer.render(kind, team(taken_by="ana@example.com")).text


def test_a_follow_up_shows_what_was_written_before(renderer: Renderer) -> None:
    text = renderer.render("follow-up", team(background=BACKGROUND)).text
    assert "Ana Silva (our answer), 2026-11-02:\n  Hello Ann," in text


def test_who_the_customer_is_takes_three_lines_at_most() -> None:
    view = team(background=BACKGROUND)
    assert [str(line) for line in view.history] == [
        "3rd ticket in 30 days",
        "2026-10-21: Invoice for October, resolved",
        "2026-10-14: HD-9C2V-JN5T, open",
    ]
