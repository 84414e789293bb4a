"""Rendered emails: complete, and safe from hostile senders."""

import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from daemon.mail.follow_up import find_keys
from daemon.mail.mime.parse import parse
from daemon.mail.token import Purpose, Token, digest, sign
from daemon.snapshots import FileSnapshot
from tests.support.ticket_snapshots import team_view
from workers.notify.contexts import Acknowledgement, SignIn, TeamMail, View, acknowledgement, context
from workers.notify.excerpt import Passage
from workers.notify.render import MAX_OUTPUT, Rendered, Renderer, TemplateProblem
from workers.notify.samples import BACKGROUND, MARK, REFERENCE, SAMPLES

ATTACK = "{{7*7}} {% raw %} <script>alert(1)</script> \"'><img src=x onerror=y> & \u202e#{1+1}"
ALIEN = "canary-of-the-sender"


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return Renderer()


def team(**changes: object) -> TeamMail:
    text = "Amount debited\n\n> quoted line"
    return team_view(
        **{"text": text, "author": "ann@customer.example", "alternatives": (("Technical", 0.05),), **changes}
    )


def named(*files: tuple[str, int]) -> tuple[FileSnapshot, ...]:
    return tuple(FileSnapshot(part, name, "application/pdf", size) for part, (name, size) in enumerate(files))


def seen(html: str) -> str:
    """Return the text of HTML as people see it."""
    return re.sub(r"<[^>]+>", "", html.split("</head>")[1])


def both(rendered: Rendered) -> tuple[str, str]:
    return rendered.text, seen(rendered.html)


def test_every_template_renders_with_every_sample(renderer: Renderer) -> None:
    renderer.check()


@pytest.mark.parametrize(("kind", "view"), SAMPLES)
def test_every_email_ends_with_the_mark_and_loads_nothing_from_outside(
    renderer: Renderer, kind: str, view: View
) -> None:
    rendered = renderer.render(kind, view)
    assert rendered.text.endswith(f"\nref:{MARK}\n")
    assert seen(rendered.html).split()[-1] == f"ref:{MARK}"
    assert not re.search(r"(?:src|url|@import|<img|<link|<script|<form)\b", rendered.html, re.IGNORECASE)
    opened = {view.link} if isinstance(view, SignIn) else set()
    assert all(link.startswith("mailto:") or link in opened for link in re.findall(r'href="([^"]*)', rendered.html))
    assert "\n" not in rendered.subject


def test_a_reply_is_recognised_by_the_mark_alone(renderer: Renderer) -> None:
    key = b"1" * 32
    mark = sign(Token(Purpose.CUSTOMER, 42, digest("ann@customer.example", key), date(2027, 1, 1)), key)
    view = acknowledgement(REFERENCE, "Support", mark, verified=False)
    quoted = "\n".join(f"> {line}" for line in renderer.render("acknowledgement", view).text.split("\n"))
    reply = parse(b"From: ann@customer.example\r\nSubject: Re: x\r\n\r\nthanks\r\n" + quoted.encode())
    keys = find_keys(reply, (), None, (key,), date(2026, 12, 1), "HD")
    assert [found.token.ticket_id for found in keys.tokens] == [42]


@pytest.mark.parametrize("field", ["subject", "author_name", "author", "text", "files", "reasons", "related"])
@pytest.mark.parametrize("kind", ["notification", "follow-up"])
def test_text_of_a_sender_is_never_markup(renderer: Renderer, kind: str, field: str) -> None:
    values = {"files": named((ATTACK, 1)), "reasons": (ATTACK,)}
    rendered = renderer.render(kind, team(**{field: values.get(field, ATTACK)}))
    assert "49" not in rendered.text + seen(rendered.html)
    assert "<script" not in rendered.html
    assert "<img" not in rendered.html
    assert "\u202e" not in rendered.text + rendered.html + rendered.subject
    if not (kind == "follow-up" and field == "reasons"):
        assert "{{7*7}}" in rendered.text + rendered.subject
        assert "{{7*7}}" in rendered.html + rendered.subject


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
        "may belong to HD-2B4D-KQ7P",
        "bank.pdf",
        "47 MB, not attached because it is too large",
        "Chosen for an audit",
        "Not ours: Technical",
        'mode = "suggest"',
    ],
)
def test_a_team_reads_everything_it_needs_in_text_and_html(renderer: Renderer, expected: str) -> None:
    files = named(("bank.pdf", 2_000), ("film.mp4", 49_000_000))
    view = team(related="HD-2B4D-KQ7P", files=files, attached={0}, audit=True, hint=True)
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


@pytest.mark.parametrize(("kind", "view"), SAMPLES)
def test_nobody_is_told_to_type_a_shell_command(renderer: Renderer, kind: str, view: View) -> None:
    rendered = renderer.render(kind, view)
    assert "triaged tickets" not in rendered.text + rendered.html


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
        "2026-10-14: HD-9C2V-JN5D, open",
    ]


def test_long_text_is_cut(renderer: Renderer) -> None:
    for part in both(renderer.render("notification", team(text="line\n" * 1000))):
        assert "… 600 more lines" in part


def test_a_sender_cannot_imitate_our_lines(renderer: Renderer) -> None:
    forged = f"hello\n\nref:{MARK}\n\nFrom: boss@example.com\nPriority: Urgent"
    text = renderer.render("notification", team(text=forged)).text
    assert [line for line in text.split("\n") if line.startswith(("From:", "Priority:"))] == [
        "From: Ann Lee <ann@customer.example>",
        "Priority: High",
    ]
    assert text.count("ref:") == 1


def test_a_view_becomes_plain_values_only() -> None:
    def types(value: object) -> set[type]:
        if isinstance(value, dict):
            return {dict}.union(*(types(item) for item in value.values()))
        if isinstance(value, list):
            return {list}.union(*(types(item) for item in value))
        return {type(value)}

    assert types(context(team(files=named(("a", 1)), attached={0}))) <= {dict, list, str, int, bool}


def test_a_view_of_huge_values_is_bounded(renderer: Renderer) -> None:
    huge = "\u00fc<" * 500_000
    view = team(
        subject=huge,
        author_name=huge,
        text=huge,
        reasons=(huge,) * 1000,
        files=named(*[(huge, 1)] * 1000),
    )
    rendered = renderer.render("notification", view)
    assert len(rendered.html) < MAX_OUTPUT
    assert len(rendered.text) < MAX_OUTPUT


def overriding(folder: Path, name: str, content: str) -> Renderer:
    (folder / name).write_text(content, encoding="utf-8")
    return Renderer(folder)


def test_a_template_of_the_admin_replaces_ours(tmp_path: Path) -> None:
    renderer = overriding(tmp_path, "acknowledgement.txt.j2", "Moin, {{ reference }} ist da. ref:{{ mark }}")
    renderer.check()
    rendered = renderer.render("acknowledgement", acknowledgement(REFERENCE, "Support", MARK, verified=False))
    assert (rendered.text, rendered.fault) == (f"Moin, {REFERENCE} ist da. ref:{MARK}\n", "")
    assert "Thank you" in rendered.html


def test_a_template_of_the_admin_may_extend_ours(tmp_path: Path) -> None:
    content = '{% extends "layout.html.j2" %}{% block content %}<b>{{ subject }}</b>{% endblock %}'
    renderer = overriding(tmp_path, "acknowledgement.html.j2", content)
    view = acknowledgement(REFERENCE, "Support", MARK, verified=True, subject="<i>")
    assert "<b>&lt;i&gt;</b>" in renderer.render("acknowledgement", view).html


@pytest.mark.parametrize(
    ("content", "line", "word"),
    [
        ("one\n{{ refrence }}", 2, "refrence"),
        ("one\ntwo\n{% if %}", 3, "Expected"),
        ("{{ reference", 1, "unexpected end"),
        ("\n{{ 'a' * 50000000 }}", 2, "not allowed"),
        ("{{ 2 ** 999999 }}", 1, "not allowed"),
        ("{{ '%99999999s' % reference }}", 1, "not allowed"),
        ("{{ '{:>99999999}'.format(1) }}", 1, "not safely callable"),
        ("{{ reference.__class__.__mro__ }}", 1, "unsafe"),
        ("{{ ''.join(reference) }}", 1, "not safely callable"),
        ("{% for i in range(9) %}{% endfor %}", 1, "range"),
        ("{{ lipsum() }}", 1, "lipsum"),
        ("{{ reference | safe }}", 1, "safe"),
        ("{{ reference | center(99999999) }}", 1, "center"),
        ("{% include 'missing.j2' %}", None, "missing.j2"),
        ("{{ 1 / 0 }}", 1, "division"),
        (
            "{% for a in mark %}{% for b in mark %}{% for c in mark %}{{ mark }}{% endfor %}{% endfor %}{% endfor %}",
            None,
            "more than",
        ),
    ],
)
def test_a_bad_template_is_named_with_file_and_line(tmp_path: Path, content: str, line: int | None, word: str) -> None:
    with pytest.raises(TemplateProblem) as caught:
        overriding(tmp_path, "acknowledgement.txt.j2", content).check()
    assert caught.value.file.endswith("acknowledgement.txt.j2")
    assert (caught.value.line, word in caught.value.what) == (line, True)


def test_our_template_is_used_if_that_of_the_admin_fails(tmp_path: Path) -> None:
    renderer = overriding(tmp_path, "acknowledgement.txt.j2", "{{ nothing }}")
    rendered = renderer.render("acknowledgement", acknowledgement(REFERENCE, "Support", MARK, verified=False))
    assert rendered.text.startswith("Hello,")
    assert "nothing" in rendered.fault


def test_a_misspelt_template_is_noticed(tmp_path: Path) -> None:
    with pytest.raises(TemplateProblem, match=r"acknowledgment\.txt\.j2: no template has this name"):
        overriding(tmp_path, "acknowledgment.txt.j2", "x").check()


def test_an_empty_subject_is_noticed(tmp_path: Path) -> None:
    with pytest.raises(TemplateProblem, match="empty subject"):
        overriding(tmp_path, "follow-up.subject.j2", "  ").check()


def test_a_missing_folder_is_noticed(tmp_path: Path) -> None:
    with pytest.raises(TemplateProblem, match="no such directory"):
        Renderer(tmp_path / "nowhere")


def test_passages_keep_their_lines_and_indents_in_html(renderer: Renderer) -> None:
    view = replace(team(), new=Passage("def f():\n    return 1"))
    assert "def f():<br>\n\u00a0 \u00a0 return 1" in renderer.render("notification", view).html


def test_a_very_unlikely_category_is_not_offered() -> None:
    view = team(alternatives=(("Login", 0.004), ("Payments", 0.006)))
    assert [guess.category for guess in view.guesses] == ["Payments"]
