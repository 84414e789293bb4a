"""The email that brings an answer to a customer: whose name it shows, what it threads under and quotes, and no more."""

from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.mail.mime.parse import parse
from daemon.mail.screening.loop import own_evidence
from daemon.mail.token import Purpose, verify
from daemon.snapshots import FileSnapshot
from daemon.tickets.answer_decision import LONGEST_ANSWER
from daemon.vocabulary import MailKind
from workers.notify.answer_mail import (
    AnswerSnapshot,
    QuotedEmail,
    answer_mail,
    answer_subject,
    fitting_files,
    sender_name,
    view_of_answer,
)
from workers.notify.compose import as_bytes
from workers.notify.outgoing import MailConfig, mark_of, message_id
from workers.notify.render import Renderer

headers_text = st.text(max_size=120) | st.sampled_from(
    ["a\r\nBcc: x@y.example", "=?utf-8?q?a=0d=0aBcc:_x?=", "\x85x", "\ud800"]
)
NOW = datetime(2026, 11, 3, 8, 0, tzinfo=UTC)
KEY = b"key"
ANN = "ann@customer.example"
PATTERN = "{agent} ({support})"
CONFIG = MailConfig(
    "Example Support", "support@example.com", True, "example.com", "REVIEW", 1000, 2, False, "en", {}, {}
)
LAST = QuotedEmail(
    message_id="<second@customer.example>",
    references=("<first@customer.example>", "<ours@example.com>"),
    author=ANN,
    author_name="Ann Lee",
    date=datetime(2026, 11, 2, 9, 30, tzinfo=UTC),
    text="My order is late.\nPlease help.",
    readers=frozenset((ANN, "bob@customer.example")),
)
ANSWER = AnswerSnapshot(
    reference="HD-7K3Q-M9XY",
    subject="My order",
    agent="Ana Silva",
    text="It is on its way.",
    html="<p>It is on its <b>way</b>.</p>",
    last=LAST,
)
PHOTO = FileSnapshot(3, "logo.png", "image/png", 4)
MANUAL = FileSnapshot(4, "manual.pdf", "application/pdf", 300)


def sent(
    answer: AnswerSnapshot = ANSWER, *, recipient: str = ANN, config: MailConfig = CONFIG, **changes: Any
) -> bytes:
    mark = mark_of(MailKind.ANSWER, recipient, 7, KEY, NOW)
    fitting, omitted = fitting_files(answer, config.attachment_bytes)
    view = view_of_answer(answer, recipient, config, mark, omitted)
    made = answer_mail(
        answer,
        config,
        Renderer(None).render(MailKind.ANSWER, view),
        dict.fromkeys(fitting, b"file"),
        recipient=recipient,
        message_id=message_id(mark, "1", "example.com"),
        mark=mark,
        answer_from=changes.get("answer_from", PATTERN),
        now=NOW,
        boundary_seed="0123456789abcdef",
        thread_head=changes.get("thread_head", ""),
    )
    return as_bytes(made)


def read(raw: bytes) -> EmailMessage:
    mail = message_from_bytes(raw, policy=default)
    assert isinstance(mail, EmailMessage)
    return mail


def body(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def test_an_answer_is_the_email_of_a_person() -> None:
    mail = read(sent())
    assert mail["From"] == '"Ana Silva (Example Support)" <support@example.com>'
    assert mail["To"] == ANN
    assert mail["Auto-Submitted"] is None
    assert mail["X-Auto-Response-Suppress"] is None


def test_an_answer_threads_under_the_last_email_of_the_customer() -> None:
    mail = read(sent())
    assert mail["In-Reply-To"] == "<second@customer.example>"
    assert str(mail["References"]).split() == [*LAST.references, LAST.message_id]
    assert mail["Subject"] == "Re: My order [HD-7K3Q-M9XY]"


@pytest.mark.parametrize("head", ["", "<first-to-carol@example.com>"])
def test_who_does_not_have_the_last_email_gets_none_of_its_thread(head: str) -> None:
    """Its References hold the token of its author, by which others could write in their name."""
    mail = read(sent(recipient="carol@other.example", thread_head=head))
    assert (mail["In-Reply-To"] or "", mail["References"] or "") == (head, head)


def test_the_reply_address_and_the_loop_mark_carry_the_token_of_this_customer_only() -> None:
    mail = read(sent())
    local = str(mail["Reply-To"].addresses[0].username)
    token = verify(local.partition("+")[2], (KEY,), NOW.date())
    assert token is not None
    assert token.purpose is Purpose.CUSTOMER
    assert token.is_for(ANN, (KEY,))
    assert mail["X-Triaged-Loop"] == local.partition("+")[2]
    assert local.partition("+")[2] in body(mail, "plain")
    assert local.partition("+")[2] in body(mail, "html")


def test_without_plus_addressing_a_reply_goes_to_the_plain_address() -> None:
    assert read(sent(config=replace(CONFIG, plus_addressing=False)))["Reply-To"] is None


def test_an_answer_that_comes_back_is_recognised_as_ours() -> None:
    assert own_evidence(parse(sent()), (KEY,), NOW.date())


def test_text_and_html_have_the_answer_and_the_quoted_words() -> None:
    mail = read(sent())
    assert body(mail, "plain").startswith(
        "It is on its way.\n\nOn 2 November 2026 at 09:30 UTC, Ann Lee wrote:\n> My order is late.\n> Please help.\n"
    )
    assert "<p>It is on its <b>way</b>.</p>" in body(mail, "html")
    assert "My order is late.<br>" in body(mail, "html")


def test_the_reply_of_a_customer_to_an_answer_is_split_from_it() -> None:
    assert parse(sent()).text.endswith("ref:" + str(read(sent())["X-Triaged-Loop"]) + "\n")


@pytest.mark.parametrize(
    ("recipient", "quotes"),
    [(ANN, False), ("bob@customer.example", False), ("carol@other.example", True)],
)
def test_words_of_a_customer_go_only_to_who_has_them(recipient: str, quotes: bool) -> None:
    assert ("My order is late" not in body(read(sent(recipient=recipient)), "plain")) == quotes


def test_an_answer_between_quoted_words_quotes_them_once() -> None:
    assert "My order is late" not in body(read(sent(replace(ANSWER, quotes_customer=True))), "plain")


def test_a_long_email_of_the_customer_is_quoted_in_part() -> None:
    text = body(read(sent(replace(ANSWER, last=replace(LAST, text="line\n" * 900)))), "plain")
    assert text.count("> line") == 60
    assert "> … 840 more lines" in text


def test_the_longest_answer_that_is_allowed_is_rendered() -> None:
    names = [f"{number:02}{'<&>' * 60}" for number in range(60)]
    files = tuple(FileSnapshot(number, name, "application/pdf", 9_000) for number, name in enumerate(names))
    letters, text = "&" * (LONGEST_ANSWER // 2), "x" * LONGEST_ANSWER
    mail = read(sent(replace(ANSWER, text=text, html=text, files=files, last=replace(LAST, text=letters))))
    assert text in body(mail, "plain").replace("\n", "")
    assert "&lt;&amp;&gt;" in body(mail, "html")


def test_markup_of_the_customer_is_shown_as_text() -> None:
    html = body(
        read(sent(replace(ANSWER, last=replace(LAST, text="<img src=x onerror=alert(1)>", author_name="<b>")))), "html"
    )
    assert "<img" not in html
    assert "&lt;img src=x" in html
    assert "&lt;b&gt;" in html


def test_without_an_email_of_the_customer_there_is_no_thread_and_no_quote() -> None:
    mail = read(sent(replace(ANSWER, last=None)))
    assert mail["In-Reply-To"] is None
    assert "wrote:" not in body(mail, "plain")


def test_images_in_the_text_are_inline_and_other_files_attached() -> None:
    answer = replace(ANSWER, html='<p>Look <img src="cid:part-3" alt="logo"></p>', inline=(PHOTO,), files=(MANUAL,))
    mail = read(sent(answer))
    kinds = [part.get_content_type() for part in mail.walk()]
    assert kinds == [
        *("multipart/mixed", "multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png"),
        "application/pdf",
    ]
    image = next(part for part in mail.walk() if part.get_content_type() == "image/png")
    assert image.get_content_disposition() == "inline"
    assert f'src="cid:{str(image["Content-ID"]).strip("<>")}"' in body(mail, "html")


def test_files_that_do_not_fit_are_named_to_the_customer() -> None:
    large = replace(MANUAL, filename="film.mp4", size=2000)
    answer = replace(
        ANSWER,
        html='<p>Look <img src="cid:part-3" alt="x"></p>',
        inline=(replace(PHOTO, size=5000),),
        files=(large, MANUAL),
    )
    mail = read(sent(answer))
    assert [part.get_filename() for part in mail.iter_attachments()] == ["manual.pdf"]
    assert "Too large to send by email:\n- logo.png\n- film.mp4" in body(mail, "plain")
    assert "<bdi>film.mp4</bdi>" in body(mail, "html")
    assert "<img" not in body(mail, "html")


def test_a_file_that_runs_gets_a_harmless_name() -> None:
    answer = replace(ANSWER, files=(FileSnapshot(2, "setup.exe", "application/x-msdownload", 4),))
    assert [part.get_filename() for part in read(sent(answer)).iter_attachments()] == ["setup.exe.txt"]


@pytest.mark.parametrize(
    ("pattern", "agent", "shown"),
    [
        (PATTERN, "Ana Silva", "Ana Silva (Support)"),
        (PATTERN, "Silva, Ana (Lisbon)", "Silva, Ana (Support)"),
        (PATTERN, "Ana Silva via Groups", "Ana Silva (Support)"),
        (PATTERN, "", "Support"),
        (PATTERN, "ana@example.com", "Support"),
        (PATTERN, "support", "Support"),
        (PATTERN, "Ana\r\nBcc: x@y.example", "Support"),
        (PATTERN, "{support}", "Support"),
        (PATTERN, "{agent.__class__}", "Support"),
        ("{support}", "Ana Silva", "Support"),
        ("Help desk", "Ana Silva", "Help desk"),
        ("{agent.__class__}", "Ana Silva", "{agent.__class__}"),
        ("{agent} at {support}", "Ana", "Ana at Support"),
    ],
)
def test_the_name_that_customers_see(pattern: str, agent: str, shown: str) -> None:
    assert sender_name(pattern, agent, "Support") == shown


@pytest.mark.parametrize(
    ("subject", "bare"),
    [
        ("My order", "My order"),
        ("Re: My order", "My order"),
        ("AW: Re: SV: My order", "My order"),
        ("Re[2]: My order", "My order"),
        ("Re: My order [HD-7K3Q-M9XY]", "My order"),
        ("[HD-7K3Q-M9XY] My order", "My order"),
        ("Re: [hd-7k3q-m9xy] Re: My order", "My order"),
        ("Fwd: My order", "Fwd: My order"),
        ("Order: broken", "Order: broken"),
        ("Regarding: my order", "Regarding: my order"),
        ("", ""),
        ("two\r\nBcc: lines", "two Bcc: lines"),
    ],
)
def test_a_subject_gets_no_second_prefix_and_no_second_reference(subject: str, bare: str) -> None:
    assert answer_subject(subject, "HD-7K3Q-M9XY") == bare


def test_a_long_subject_keeps_its_reference() -> None:
    assert str(read(sent(replace(ANSWER, subject="word " * 100)))["Subject"]).endswith("… [HD-7K3Q-M9XY]")


@given(agent=headers_text, subject=headers_text, name=headers_text)
def test_no_text_becomes_a_header_field(agent: str, subject: str, name: str) -> None:
    raw = sent(replace(ANSWER, agent=agent, subject=subject, last=replace(LAST, author_name=name, text=name)))
    fields = [line.partition(b":")[0] for line in raw.split(b"\r\n\r\n")[0].split(b"\r\n") if not line.startswith(b" ")]
    assert fields == [
        *(b"From", b"To", b"Reply-To", b"Subject", b"Date", b"Message-ID", b"In-Reply-To", b"References"),
        *(b"X-Triaged-Loop", b"MIME-Version", b"Content-Type"),
    ]


@given(st.text(max_size=300))
def test_the_subject_is_stable_over_the_life_of_a_ticket(subject: str) -> None:
    once = answer_subject(subject, "HD-7K3Q-M9XY")
    assert answer_subject(f"Re: {once} [HD-7K3Q-M9XY]", "HD-7K3Q-M9XY") == once


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        # A program that gives an image no other text leaves nothing of it.
        ("Look at this:", "> Look at this:\n> [screen.png]\n"),
        ("Look at [screen.png] this:", "> Look at [screen.png] this:\n"),
        ("", "> [screen.png]\n"),
    ],
)
def test_the_images_that_the_customer_sent_in_the_text_are_named_in_the_quote(text: str, shown: str) -> None:
    mail = read(sent(replace(ANSWER, last=replace(LAST, text=text, images=("screen.png", "screen.png")))))
    assert shown in body(mail, "plain")
    assert body(mail, "html").count("screen.png") == 1


def test_the_name_of_an_image_is_one_harmless_line() -> None:
    mail = read(sent(replace(ANSWER, last=replace(LAST, images=(f"a\r\nBcc: x@y.example{'z' * 500}<b>",)))))
    (line,) = [one for one in body(mail, "plain").split("\n") if "Bcc" in one]
    assert line.startswith("> [a")
    assert len(line) < 120
