"""Answers in the forms of further mail programs, with text alone, HTML alone, and what gateways change in the quote."""

# ruff: noqa: RUF001
# Letters and digits of other scripts are meant.

from collections.abc import Mapping
from dataclasses import replace
from email.message import EmailMessage
from email.policy import SMTP
from html import escape
from urllib.parse import quote

import pytest

from daemon.mail.mime.parse import parse
from daemon.mail.reply.answer import CutAnswer, read_answer
from daemon.mail.reply.our_marks import LineKind, Ours
from daemon.mail.text.html import html_to_text
from tests.scores.leaks import NOW, TeamEmail, marks_for, team_emails
from tests.support.mail_client_forms import Client
from tests.support.mail_client_parts import Written
from tests.support.mail_client_regions import MORE_FORMS
from tests.support.mail_client_table import FORMS, client
from workers.notify.render import Renderer

EMAILS = team_emails(Renderer(None))
NOTIFICATION = next(email for email in EMAILS if email.name.startswith("notification"))
PROGRAMS: Mapping[str, Client] = {name: client(form) for name, form in {**FORMS, **MORE_FORMS}.items()}
FOOTERS = {name: form.footer for name, form in {**FORMS, **MORE_FORMS}.items()}
PARAGRAPHS = ("Hello Ann,", "we have found your payment and booked it today.")
SIGNATURE = ("Ana Silva", "Tel. +351 21 555 0147")
BELOW = {
    "since this morning our": "It was booked this morning.",
    "Could you please have": "Yes, everything is in order.",
}
LINK = "https://shop.example/orders/20931?x=1"
SAFE = f"https://eur01.safelinks.protection.outlook.com/?url={quote(LINK, safe='')}&data=05%7Cana%40example.com%7C0"


def forms(program: str, style: str, email: TeamEmail = NOTIFICATION) -> list[CutAnswer]:
    """Return what leaves of an answer of a program, sent as text alone and as HTML alone."""
    written = Written(PARAGRAPHS, BELOW, SIGNATURE, style)
    made = PROGRAMS[program]
    text, html = made.text(email.original, written), made.html(email.original, written) if made.html else ""
    marks = marks_for(email, EMAILS, "as sent")
    raws = [_mail(body, kind) for body, kind in ((text, "plain"), (html, "html")) if body]
    return [read_answer(parse(raw), raw, marks) for raw in raws]


def _mail(body: str, kind: str) -> bytes:
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"], mail["Subject"] = "Ana <ana@example.com>", "support@example.com", "Re: Payment failed"
    mail["Date"] = NOW
    mail.set_content(body, subtype=kind)
    return mail.as_bytes()


def without_mark(line: str) -> str:
    return line.strip("> \t")


@pytest.mark.parametrize("style", ["top", "bottom"])
@pytest.mark.parametrize("program", list(PROGRAMS))
def test_only_the_words_of_the_agent_leave(program: str, style: str) -> None:
    for cut in forms(program, style):
        lines = [line for text in (cut.text, html_to_text(cut.html)) for line in text.split("\n") if line.strip()]
        assert {*PARAGRAPHS, *SIGNATURE} <= set(lines) <= {*PARAGRAPHS, *SIGNATURE, FOOTERS[program], "--"}
        assert cut.leaks == ()
        assert not any(tag in cut.html for tag in ("<blockquote", "<table", "<ul", "<hr", "padding:16px"))


@pytest.mark.parametrize("program", list(PROGRAMS))
def test_inline_answers_stay_with_the_words_that_they_answer(program: str) -> None:
    for cut in forms(program, "inline"):
        assert cut.leaks == ()
        for text in (cut.text, html_to_text(cut.html)):
            lines = [without_mark(line) for line in text.split("\n")]
            for answer in BELOW.values():
                assert lines.count(answer) == 1
            assert not any(word in text for word in ("Category", "confidence", "Example Support", "ref:"))


@pytest.mark.parametrize("program", ["em-client", "fastmail", "163", "gmx", "outlook-mac", "yahoo-german"])
@pytest.mark.parametrize("style", ["top", "inline"])
def test_a_quoted_link_that_a_gateway_rewrote_is_of_the_customer(program: str, style: str) -> None:
    words = "Could you please have a look?"
    shown = f"Could you please have a look at {LINK} today?"
    email = replace(
        NOTIFICATION,
        rendered=replace(
            NOTIFICATION.rendered,
            text=NOTIFICATION.rendered.text.replace(words, shown),
            html=NOTIFICATION.rendered.html.replace(words, shown),
        ),
        original=replace(
            NOTIFICATION.original,
            text=NOTIFICATION.original.text.replace(words, shown.replace(LINK, SAFE)),
            html=NOTIFICATION.original.html.replace(words, shown.replace(LINK, escape(SAFE))),
        ),
        words=NOTIFICATION.words.replace(words, shown),
    )
    for cut in forms(program, style, email):
        assert cut.leaks == ()
        assert "safelinks" not in cut.text + cut.html
        assert (LINK in cut.text) is (style == "inline")


@pytest.mark.parametrize(
    ("sent", "quoted"),
    [
        ("ordered on ٢٠٢٦/١١/٠٢, number ٢٠٩٣١", "ordered on ٢٠٢٦/١١/٠٢, number ٢٠٩٣١"),
        ("注文番号は２０９３１です、確認してください", "注文番号は20931です、確認してください"),
        ("Crème brûlée für Zoë", "Cre\u0300me bru\u0302le\u0301e fu\u0308r Zoe\u0308"),
        (f"see {LINK} please, it is urgent", f"see {SAFE} please, it is urgent"),
        (f"see {LINK} please, it is urgent", f"see {LINK} [shop.example] please, it is urgent"),
        ('he said "it\'s paid" - twice', "he said\u00a0\u201cit\u2019s paid\u201d \u2013 twice"),
    ],
)
def test_a_line_of_the_customer_is_recognised_as_programs_change_it(sent: str, quoted: str) -> None:
    email = replace(NOTIFICATION, words=sent)
    assert Ours(marks_for(email, EMAILS, "as sent")).kinds([quoted]) == [LineKind.CUSTOMER]


def test_words_at_the_end_of_a_quote_below_an_answer_are_named() -> None:
    written = Written(PARAGRAPHS, {}, (), "top")
    body = f"{PROGRAMS['fastmail'].text(NOTIFICATION.original, written).rstrip()}\n> Please call me before noon.\n"
    raw = _mail(body, "plain")

    cut = read_answer(parse(raw), raw, marks_for(NOTIFICATION, EMAILS, "as sent"))

    assert "noon" not in cut.text
    assert [leak for leak in cut.leaks if "Please call me before noon." in leak]
