"""The cost of an answer grows with its length, and no style sheet in it stops the work on it."""

from dataclasses import replace
from datetime import date

import pytest
from selectolax.lexbor import LexborHTMLParser

from daemon.mail.mime.parse import parse
from daemon.mail.reply.answer import OurMarks, read_answer
from daemon.mail.reply.answer_clean import clean_html
from daemon.mail.reply.answer_hidden import remove_hidden
from daemon.mail.reply.answer_html import HtmlLines
from daemon.mail.reply.answer_leaks import token_leaks
from daemon.mail.reply.banner import without_gateway_text
from daemon.mail.reply.our_marks import Ours
from daemon.mail.text.html import html_to_text
from tests.support.work import lines_run, no_hang

MARKS = OurMarks(keys=(), today=date(2026, 3, 2))
HEAD = b"From: ana@example.com\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"


def shown(html: str) -> str:
    tree = LexborHTMLParser(html)
    remove_hidden(tree)
    return html_to_text(tree.html or "")


@pytest.mark.parametrize("selector", [".1a", "p.1a", "#1", ".a-", ".-", ".--1a", ".\u00e9"])
def test_a_selector_that_is_no_css_does_not_stop_the_reading_of_an_answer(selector: str) -> None:
    raw = HEAD + f"<style>{selector} {{display:none}}</style><p>We refund it today.".encode()
    assert read_answer(parse(raw), raw, MARKS).text == "We refund it today."


def test_a_style_sheet_hides_by_element_class_and_id() -> None:
    sheet = "p.a, .b.c { display: none } #d{display:none} custom.e{display:none}"
    body = "<p class=a>1<p class='x B c'>2<p class=b>3<p id=d>4<div class=a>5</div><p class='c x b'>6<p class=e>7"
    assert shown(f"<style>{sheet}</style>{body}").split() == ["3", "5", "7"]


def test_a_style_sheet_of_a_page_with_a_doctype_minds_the_case() -> None:
    assert shown("<!DOCTYPE html><style>.a{display:none}</style><p class=a>1<p class=A>2").split() == ["2"]
    assert shown("<style>.a{display:none}</style><p class=a>1<p class=A>2").split() == []


def test_the_cost_of_a_style_sheet_does_not_grow_with_its_selectors() -> None:
    def cost(selectors: int) -> int:
        sheet = "".join(f".a{number}, .b{number} {{display:none}}" for number in range(selectors // 2))
        tree = LexborHTMLParser(f"<style>{sheet}</style>{'<p class=x>text' * 1000}")
        return lines_run(lambda: remove_hidden(tree))

    assert cost(300) < 1.5 * cost(2)


def test_paragraphs_below_a_line_of_many_pieces_cost_the_same() -> None:
    def cost(pieces: int, paragraphs: int) -> int:
        tree = LexborHTMLParser("<i>&nbsp;</i>" * pieces + "<p></p>" * paragraphs)
        return lines_run(lambda: HtmlLines(tree))

    few, many = (cost(pieces, 400) - cost(pieces, 100) for pieces in (10, 1000))
    assert many == few


def test_many_starts_of_a_banner_are_searched_once() -> None:
    text = ("a" * 24 + "BannerStart " + "b" * 24 + " ") * 1500
    with no_hang():
        for _ in range(60):
            assert without_gateway_text(text) == text.strip()


def test_a_proofpoint_banner_is_left_out_and_the_text_around_it_stays() -> None:
    banner = "ZjQcmQRYFpfptBannerStart\nThis Message Is From an Untrusted Sender\n{}\nZjQcmQRYFpfptBannerEnd"
    assert without_gateway_text(f"one {banner.format('x')} two {banner.format('y')} three") == "one  two  three"
    far = f"one two threeBannerStart {'x ' * 2000} threeBannerEnd two"
    assert without_gateway_text(far) == far
    assert without_gateway_text("BannerStart x BannerEnd") == "BannerStart x BannerEnd"


def test_text_with_very_many_letters_like_tokens_is_held_and_not_checked_to_its_end() -> None:
    with no_hang():
        found = list(token_leaks("the text", ["mm" * 500_000], replace(MARKS, keys=(b"k" * 32,) * 20)))
    assert found == ["more text like tokens than can be checked in the text"]


def test_equal_lines_of_our_emails_are_compared_once() -> None:
    def cost(lines: int) -> int:
        ours = Ours(replace(MARKS, emails=("the same three words of ours\n" * lines,)))
        return lines_run(lambda: ours.kinds(["a line that nobody here has ever seen"] * 100))

    assert cost(1000) == cost(1)


@pytest.mark.parametrize("unit", ["<div>", "<ul><li>", "<html a>"])
def test_html_that_takes_too_long_to_clean_is_shown_as_text(unit: str) -> None:
    with no_hang():
        found = clean_html(f"{unit * 500_000}one &lt;script&gt; two<script>no</script>")
    assert found == "one &lt;script&gt; two"
