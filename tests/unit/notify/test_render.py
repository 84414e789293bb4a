"""Rendered emails: complete, and safe from hostile senders."""

import re
from dataclasses import replace
from datetime import date

import pytest

from daemon.mail.follow_up import find_keys
from daemon.mail.mime.parse import parse
from daemon.mail.token import Purpose, Token, digest, sign
from tests.support.rendering import ATTACK, both, named, seen, team
from workers.notify.contexts import SignIn, View, acknowledgement, context
from workers.notify.excerpt import Passage
from workers.notify.render import MAX_OUTPUT, Renderer
from workers.notify.sample_tickets import MARK, REFERENCE
from workers.notify.samples import SAMPLES


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


@pytest.mark.parametrize(("kind", "view"), SAMPLES)
def test_nobody_is_told_to_type_a_shell_command(renderer: Renderer, kind: str, view: View) -> None:
    rendered = renderer.render(kind, view)
    assert "triaged tickets" not in rendered.text + rendered.html


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


def test_passages_keep_their_lines_and_indents_in_html(renderer: Renderer) -> None:
    view = replace(team(), new=Passage("def f():\n    return 1"))
    assert "def f():<br>\n\u00a0 \u00a0 return 1" in renderer.render("notification", view).html
