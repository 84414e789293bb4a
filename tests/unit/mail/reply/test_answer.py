"""Nothing of ours leaves: answers to each of our emails to teams, in the form of each mail program and style."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.mail.mime.parse import parse
from daemon.mail.reply.answer import CutAnswer, OurMarks, read_answer, split_own
from daemon.mail.token import Purpose, Token, digest, sign
from tests.scores.leaks import CUSTOMER, KEY, NOW, answers, judge, marks_for, team_emails
from tests.support.mail_clients import CLIENTS, STYLES
from workers.notify.render import Renderer

EMAILS = team_emails(Renderer(None))
MARKS = OurMarks(keys=(KEY,), today=NOW.date(), customers=frozenset((CUSTOMER,)))


def token(purpose: Purpose, recipient: str) -> str:
    return sign(Token(purpose, 7, digest(recipient, KEY), NOW.date() - timedelta(days=1)), KEY)


@pytest.mark.parametrize("number", range(len(EMAILS)), ids=lambda number: EMAILS[number].name)
def test_only_words_of_the_agent_and_the_customer_leave(number: int) -> None:
    team_email = EMAILS[number]
    marks = marks_for(team_email, EMAILS, "as sent")
    # Each program answers in one style here, each email in another one: `make score-leaks` has all, and takes minutes.
    some = list(answers(team_email))[number % len(STYLES) :: len(STYLES)]
    found = [
        judge(name, "as sent", read_answer(parse(raw), raw, marks), expected, team_email)
        for name, raw, expected in some
    ]
    assert len(found) == len(CLIENTS) >= 12
    assert [result for result in found if result.internal or result.lost or result.held] == []


@pytest.mark.parametrize("form", ["{}", "https://x.example/?u=mailto%3Asupport%2B{}%40example.com", "a-2B{}-40b"])
def test_a_token_that_is_not_the_customers_is_a_leak_in_any_encoding(form: str) -> None:
    raw = f"From: a@b.example\n\nHello {form.format(token(Purpose.TEAM, 'team@b.example'))}\n".encode()
    assert read_answer(parse(raw), raw, MARKS).leaks


@pytest.mark.parametrize(
    ("inline", "above", "own"),
    [
        (False, "", "#take\n\n#close\nPlease look.\nWe did."),
        (True, "take", "#take\n"),
        (True, "", ""),
    ],
)
def test_commands_are_read_above_the_words_of_the_customer_only(inline: bool, above: str, own: str) -> None:
    text = "#take\n\n#close\nPlease look.\nWe did."
    start, rest = split_own(CutAnswer(text, "", inline_style=inline, above=above))
    assert start == own
    assert "\n".join(part for part in (start, rest) if part) == text


def test_the_customers_own_token_may_stay() -> None:
    raw = f"From: a@b.example\n\nHello {token(Purpose.CUSTOMER, CUSTOMER)}\n".encode()
    assert read_answer(parse(raw), raw, MARKS).leaks == ()


@given(st.binary(max_size=500), st.sampled_from([b"", b"Content-Type: text/html\n\n"]))
def test_any_email_is_cut_without_an_error(body: bytes, head: bytes) -> None:
    raw = head + body
    read_answer(parse(raw), raw, MARKS)


QUOTE_OF_OUTLOOK = (
    "<div><hr><b>From:</b> Support &lt;support@example.com&gt;<br><b>Sent:</b> Monday, 2 November 2026 11:05<br>"
    "<b>To:</b> Ana Silva &lt;ana@example.com&gt;<br><b>Subject:</b> Payment failed</div>"
    "<p>My order is late.</p><p><img src='cid:shot@x'></p>"
)


@pytest.mark.parametrize(
    "quote", ["", QUOTE_OF_OUTLOOK, "<blockquote type=cite><p>Hi</p><img src='cid:shot@x'></blockquote>"]
)
@pytest.mark.parametrize("logo", ["<p><img src='cid:logo@x'></p>", "<br><img src='cid:logo@x'>"])
def test_an_image_of_the_signature_stays_inline_and_that_of_a_quote_is_left_out(quote: str, logo: str) -> None:
    html = f"<p>We booked it.</p><p>Ana Silva</p>{logo}{quote}"
    parts = "".join(
        f"--b\r\nContent-Type: image/png; name={name}.png\r\nContent-ID: <{name}@x>\r\n"
        f"Content-Disposition: inline; filename={name}.png\r\n\r\nPNG\r\n"
        for name in ("logo", "shot")
        if f"cid:{name}@x" in html
    )
    raw = (
        "From: Ana Silva <ana@example.com>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=b\r\n\r\n"
        f"--b\r\nContent-Type: text/html\r\n\r\n{html}\r\n{parts}--b--\r\n"
    ).encode()
    message = parse(raw)
    marks = replace(MARKS, customer_texts=("My order is late.",), addresses=frozenset({"support@example.com"}))
    answer = read_answer(message, raw, marks)
    (shown,) = [file.part for file in message.attachments if file.filename == "logo.png"]
    assert (answer.inline, answer.files, answer.leaks) == ((shown,), (), ())
    assert "We booked it." in answer.text
    assert "late" not in answer.text
