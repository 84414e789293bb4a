"""A short answer with images: its text part names them, which are no words that its HTML lacks."""

import base64
from email.message import EmailMessage
from email.policy import SMTP
from typing import Final

import pytest

from tests.support.conversation import ANA, TEAM, Conversation, Desk, reply_to
from tests.support.helpdesk import MEMBER, text_of

PIXEL: Final = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@pytest.mark.parametrize(
    "named",
    [
        "[cid:image001.png@01DA5D2E.7F3A9B10]",
        "[cid:6b1f2c0a-7f3a-4a52-9d3e-2b8f]",
        "[image: image001.png]",
        "<image001.png>",
    ],
)
def test_the_images_of_a_short_answer_stay_in_its_text(desk: Desk, named: str) -> None:
    talk = Conversation(desk)
    notified = talk.last(TEAM)
    answer = EmailMessage(policy=SMTP)
    answer["From"], answer["To"], answer["Subject"] = ANA, reply_to(notified), f"Re: {notified['Subject']}"
    answer["Message-ID"], answer["Date"] = f"<shown-{talk.ticket.id}@mail.example.com>", talk.date()
    answer.set_content(f"See here:\n{named}\n\nAna\n{named}\n")
    shown = '<img src="cid:shot">'
    answer.add_alternative(f"<p>See <b>here</b>:</p><p>{shown}</p><p>Ana</p>{shown}", subtype="html")
    related = answer.get_payload()[1]  # type: ignore[index]
    related.add_related(PIXEL, "image", "png", cid="<shot>", filename="image001.png")  # type: ignore[union-attr]
    talk.send(answer.as_bytes(), MEMBER, reply_to(notified))
    sent = talk.last(talk.customer)
    html = sent.get_body(("html",))
    assert html is not None
    assert "<b>here</b>" in html.get_content()
    [image] = [part for part in sent.walk() if part.get_content_maintype() == "image"]
    assert image.get_content_disposition() == "inline"
    assert named not in text_of(sent)
