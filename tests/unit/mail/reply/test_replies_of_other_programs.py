"""Replies of customers in the forms of further mail programs: the ticket shows the new words only."""

import pytest

from daemon.mail.reply.split import split
from daemon.mail.text.html import html_to_text
from tests.support.mail_client_parts import Original, Written
from tests.support.mail_client_regions import MORE_FORMS
from tests.support.mail_client_table import FORMS, client

ANSWER = "Hello Ann,\n\nyour payment has arrived.\n\nKind regards\nAna\n\nOn 2 November 2026, Ann Lee wrote:\n> Hello?"
HTML = "<div>Hello Ann,</div><p>your payment has arrived.</p><p>Kind regards<br>Ana</p><blockquote>Hello?</blockquote>"
ORIGINAL = Original(
    subject="Re: Payment failed [HD-7K3Q-M9XY]",
    text=ANSWER,
    html=HTML,
    sender="Ana Silva (Support) <support@example.com>",
    recipient="ann.lee@customer.example",
    reply_to="support@example.com",
    message_id="<answer@example.com>",
    references="",
)
WORDS = ("Hello Ana,", "thank you, but the amount is still missing.")
ALL = {**FORMS, **MORE_FORMS}
PREFIXED = [name for name, form in ALL.items() if form.mark.strip() == ">" and form.text and name != "mail.ru"]


def texts(program: str, style: str) -> list[str]:
    made, written = client(ALL[program]), Written(WORDS, {}, (), style)
    html = html_to_text(made.html(ORIGINAL, written)) if made.html else ""
    return [text for text in (made.text(ORIGINAL, written), html) if text]


@pytest.mark.parametrize("program", list(ALL))
def test_a_reply_above_the_quote_is_all_that_is_new(program: str) -> None:
    for text in texts(program, "top"):
        new = [line for line in split(text).new.split("\n") if line.strip("_ \u00a0")]
        assert new == list(WORDS)


@pytest.mark.parametrize("program", PREFIXED)
def test_a_reply_below_a_quote_with_prefixes_is_all_that_is_new(program: str) -> None:
    new = [line for line in split(texts(program, "bottom")[0]).new.split("\n") if line.strip()]
    assert new == list(WORDS)


@pytest.mark.parametrize("program", list(ALL))
def test_no_word_of_a_reply_below_a_quote_is_lost(program: str) -> None:
    for text in texts(program, "bottom"):
        assert all(line in split(text).new for line in WORDS)


@pytest.mark.parametrize(
    "line",
    [
        "Secured my phone with a new code",
        "Get BLUE mail paper please?",
        "مرسل إليكم الفاتورة",
        "Quoting my first email:",
    ],
)
def test_a_last_line_of_a_person_is_no_footer(line: str) -> None:
    assert line in split(f"Hello,\n\nplease look.\n{line}").new
