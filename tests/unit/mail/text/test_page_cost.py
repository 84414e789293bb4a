"""The cost of HTML grows with its length, whatever its author makes of it."""

import pytest

from daemon.mail.text.html import has_small_tree, html_to_text
from daemon.mail.text.page import Page
from tests.support.work import no_hang

MANY = range(150)


@pytest.mark.parametrize(
    "html",
    [
        "<p {}>text".format(" ".join(f"a{number}" for number in MANY)),
        "<p {}>text".format("".join(f'a{number}="<"' for number in MANY)),
        "<p {}>text".format("/".join(f"a{number} = x" for number in MANY)),
        "</p {}>text".format(" ".join(f"a{number}" for number in MANY)),
        "".join(f"<body a{number}>" for number in MANY) + "text",
        "".join(f"<HTML a{number}>" for number in MANY) + "text",
    ],
)
def test_an_element_with_very_many_attributes_is_not_given_to_the_parser(html: str) -> None:
    assert not has_small_tree(html)
    assert "text" in html_to_text(html)


def test_long_values_are_not_taken_for_many_attributes() -> None:
    style = "; ".join(f"a{number}: b c" for number in MANY)
    assert has_small_tree(f"<p style='{style}' class=\"{style}\"><img src=data:image/png;base64,{'a/' * 5000}></p>")
    assert has_small_tree("<p a b c>text</p>" * 1000)


def test_a_gap_costs_the_same_below_a_line_of_any_length() -> None:
    page = Page()
    page.write(">" * 10_000_000)
    with no_hang():
        for _ in range(100_000):
            page.gap(blank=True)
    page.write("below")
    assert page.text().endswith(">\nbelow")
