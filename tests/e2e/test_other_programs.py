"""Answers of members and replies of customers in the forms of further mail programs, by SMTP."""

from email.message import EmailMessage
from email.policy import SMTP

import pytest

from tests.support.conversation import ANA, BEN, TEAM, Conversation, Desk, bare, reply_to
from tests.support.helpdesk import text_of
from tests.support.mail_client_parts import Original, Written
from tests.support.mail_client_regions import MORE_FORMS
from tests.support.mail_client_table import FORMS, client

WORDS = ("Hello Ann,", "we have booked your payment.")
SIGNATURE = ("Ana Silva",)
QUESTION = "Amount debited but not credited"


def written_by(program: str, email: EmailMessage, author: str, words: tuple[str, ...], style: str) -> bytes:
    original = Original.read(email.as_bytes())
    made = client({**FORMS, **MORE_FORMS}[program])
    written = Written(words, {}, SIGNATURE, style)
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"], mail["Subject"] = author, reply_to(email), f"Re: {original.subject}"
    mail["Message-ID"] = f"<{program}.{style}.{original.message_id.strip('<>').partition('@')[0]}@mail.example.com>"
    mail["In-Reply-To"] = original.message_id
    mail.set_content(made.text(original, written) or " ")
    if made.html:
        mail.add_alternative(made.html(original, written), subtype="html")
    return mail.as_bytes()


@pytest.mark.parametrize("program", ["em-client-8-german", "yandex-new", "163", "outlook-mac", "zimbra", "horde"])
@pytest.mark.parametrize("style", ["top", "bottom"])
def test_an_answer_and_a_reply_carry_the_new_words_only(desk: Desk, program: str, style: str) -> None:
    talk = Conversation(desk)
    notification = talk.last(TEAM)
    talk.send(written_by(program, notification, ANA, WORDS, style), bare(ANA), reply_to(notification))
    answer = talk.last(talk.customer)
    text = text_of(answer)
    assert all(text.count(words) == 1 for words in (*WORDS, QUESTION))
    assert not any(ours in text for ours in ("confidence", "Example Support", TEAM))
    html = answer.get_body(("html",))
    assert html is not None
    assert "confidence" not in html.get_content()
    raw = written_by(program, answer, talk.customer, ("Thank you, all is well.",), "top")
    talk.send(raw, talk.customer, reply_to(answer))
    follow_up = talk.last(TEAM)
    shown = text_of(follow_up)
    assert shown.lstrip().startswith("Thank you, all is well.")
    talk.send(written_by(program, follow_up, BEN, ("Good to hear.",), style), bare(BEN), reply_to(follow_up))
    assert text_of(talk.last(talk.customer)).count("Good to hear.") == 1
