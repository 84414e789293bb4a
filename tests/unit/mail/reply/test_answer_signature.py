"""What is nothing but a signature, and what looks like one and is an answer."""

from datetime import date
from email.message import EmailMessage
from email.policy import SMTP

import pytest

from daemon.mail.mime.parse import parse
from daemon.mail.reply.answer import OurMarks, read_answer
from daemon.mail.reply.answer_signature import without_lone_signature

PIXEL = b"\x89PNG\r\n\x1a\n"
ALONE = {
    "delimiter": "-- \nAna Silva\nExample",
    "reaction of Outlook": "Ana Silva reacted to your message:",
    "reaction of Outlook with an emoji": "\U0001f44d\nAna Silva reacted to your message:",
    "phone": "Sent from my iPhone",
    "phone in German": "Von meinem iPhone gesendet",
    "phone above a name": "Sent from my iPhone\nAna Silva\nExample Support",
    "phone in Japanese": "iPhoneから送信",
    "Outlook for Android": "Get Outlook for Android<https://aka.ms/AAb9ysg>",
    "name": "Ana Silva",
    "given name": "Ana",
    "name with a title": "Dr. Ana de la Silva\nHead of Support",
    "name, company and telephone": "Ana Silva\nExample Support, Lisbon\nTel. +351 21 555 0147",
    "line above": "_______________\nAna Silva\nExample Support",
    "closing": "Kind regards,\nAna Silva",
    "closing without a known name": "Mit freundlichen Grüßen\n\nHans Meier\nBeispiel GmbH",
    "closing in Polish": "Pozdrawiam\nAnna",
    "closing in Japanese": "よろしくお願いいたします。\nシルバ",
    "empty lines inside": "Ana Silva\n\nExample Support\n\nana@example.com\nTel. +351 21 555 0147",
    "somebody else in the mailbox of a team": "Carl Weber\nExample Support\nTel. +49 30 1234567",
    "legal notice": "Ana Silva\n\nThis email and its attachments are confidential and for the addressee only. If you "
    "have received this message in error, please notify the sender, and delete it. Unauthorised copying is prohibited.",
}
ANSWERS = {
    "word": "Done.",
    "word without a full stop": "Done",
    "sent by somebody": "Sent by DHL yesterday.",
    "sent by somebody without a full stop": "Sent with DHL",
    "sent by somebody from a phone": "Sent by DHL yesterday.\n\nSent from my iPhone",
    "sentence about a program": "Please download Outlook from our site.",
    "word above contacts": "Done\nAna Silva\nExample Support\nsupport@example.com\nTel. +351 21 555 0147",
    "sentence above contacts": "It is here.\n\nAna Silva\nExample Support\nana@example.com\nTel. +351 21 555 0147",
    "title above contacts": "Our address:\nMain Street 1\nTel. +49 30 1234567",
    "thanks": "Thank you!\nAna",
    "sentence about the author": "Ana will call you tomorrow.",
    "sentence about the author without a full stop": "Ana will call you tomorrow",
    "name and question": "Ana Silva\nWhat is your order number?",
    "greeting": "Ana,\nwe booked it.",
    "greeting without a comma": "Hello\nAna Silva",
    "numbers": "4711\n4712",
    "below a line": "---\nWe booked it for you, and it arrives on Monday.",
    "closing and a long sentence": "Best regards\nWe booked it for you, and it arrives on Monday.",
    "phone above an answer": "Sent from my iPhone\nWe booked it.",
    "another person": "Carl Weber\nTel. +49 30 1234567",
}


def left(text: str, html: str = "", image: bytes = b"", file: bytes = b"") -> str:
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"], mail["Subject"] = "Ana Silva <ana@example.com>", "support@example.com", "Re: Payment"
    mail.set_content(text)
    if html:
        mail.add_alternative(html, subtype="html")
    if image:
        mail.get_payload()[1].add_related(image, "image", "png", cid="<logo@x>")  # type: ignore[index,union-attr]
    if file:
        mail.add_attachment(file, maintype="application", subtype="pdf", filename="invoice.pdf")
    raw = mail.as_bytes()
    message = parse(raw)
    answer = without_lone_signature(read_answer(message, raw, OurMarks((), date(2026, 3, 2))), message)
    return answer.text or ("image" if answer.inline else "")


@pytest.mark.parametrize("text", ALONE.values(), ids=ALONE)
def test_a_signature_alone_says_nothing(text: str) -> None:
    assert left(text) == ""


@pytest.mark.parametrize("text", ANSWERS.values(), ids=ANSWERS)
def test_a_short_answer_is_no_signature(text: str) -> None:
    assert left(text)


@pytest.mark.parametrize("name", ["gmail_signature", "moz-signature", "x_Signature", "protonmail_signature_block"])
def test_what_the_program_marks_as_signature_says_nothing_whatever_its_words_are(name: str) -> None:
    words = "we care for you every day"
    assert left(words, f'<div class="{name}"><p>{words}</p></div>') == ""
    assert left(words, f"<div><p>{words}</p></div>") == words


def test_the_logo_of_a_signature_says_nothing() -> None:
    marked = '<div id="Signature"><img src="cid:logo@x"><p>Ana Silva</p></div>'
    table = '<table><tr><td><img src="cid:logo@x"></td><td>Ana Silva</td></tr></table>'
    below = '<p>Ana Silva</p><p><img src="cid:logo@x"></p>'
    assert [left("Ana Silva", html, PIXEL) for html in (marked, table, below)] == [""] * 3


def test_the_reaction_of_gmail_with_an_emoji_says_nothing() -> None:
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"], mail["Subject"] = "Ana Silva <ana@example.com>", "support@example.com", "Re: Payment"
    mail.set_content("\U0001f44d\n\nAna Silva reacted via Gmail\n")
    mail.add_alternative('{"emoji": "\U0001f44d", "version": 1}', subtype="vnd.google.email-reaction+json")
    mail.add_alternative("<p>\U0001f44d</p><p>Ana Silva reacted via Gmail</p>", subtype="html")
    raw = mail.as_bytes()
    answer = without_lone_signature(read_answer(parse(raw), raw, OurMarks((), date(2026, 3, 2))), parse(raw))
    assert (answer.text, answer.html, answer.files) == ("", "", ())


def test_an_image_above_a_signature_and_a_file_are_sent() -> None:
    shown = '<p><img src="cid:logo@x"></p><p>Ana Silva</p>'
    assert left("Ana Silva", shown, PIXEL) == "Ana Silva"
    assert left("Ana Silva", file=b"%PDF") == "Ana Silva"
