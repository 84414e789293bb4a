"""Templates of the admin: they replace ours, and what is wrong with them is named."""

from pathlib import Path

import pytest

from workers.notify.contexts import acknowledgement
from workers.notify.render import Renderer, TemplateProblem
from workers.notify.sample_tickets import MARK, REFERENCE


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


def test_a_changed_template_of_the_admin_is_read_by_the_next_renderer(tmp_path: Path) -> None:
    view = acknowledgement(REFERENCE, "Support", MARK, verified=False)
    for words in ("first", "second"):
        renderer = overriding(tmp_path, "acknowledgement.txt.j2", words)
        assert renderer.render("acknowledgement", view).text == f"{words}\n"
