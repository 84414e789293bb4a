"""The original of a forward: its author, date, subject and text, or a refusal; never a guess."""

from contextlib import suppress
from email.message import EmailMessage

import pytest

from daemon.mail.mime.attachment import part_contents
from daemon.mail.mime.parse import parse
from daemon.mail.reply.forward import Forwarded, ForwardError, is_forward, read_forward
from tests.support.emails import mail
from tests.support.forward_forms import FORMS, ForwardForm

BODY = "Hello,\n\nmy payment fails: the card is refused.\nDate: since Monday.\n\nAnn Berg"


def forwarded(text: str, *attached: EmailMessage) -> Forwarded:
    email = EmailMessage()
    email["From"], email["To"], email["Subject"] = "Ana <ana@team.example>", "support@example.com", "Fwd: Cannot pay"
    email.set_content(text)
    for one in attached:
        email.add_attachment(one)
    raw = email.as_bytes()
    message = parse(raw)
    return read_forward(message, raw, message.text)


def original(from_: str = "Ann Berg <ann@shop.example>") -> EmailMessage:
    email = EmailMessage()
    email["From"], email["To"], email["Subject"] = from_, "ana@team.example", "Cannot pay"
    email["Date"], email["Message-ID"] = "Mon, 2 Mar 2026 10:15:00 +0100", "<first@shop.example>"
    email.set_content(BODY)
    email.add_attachment(b"%PDF-1.4 bill", maintype="application", subtype="pdf", filename="bill.pdf")
    return email


def written(form: ForwardForm, body: str = BODY) -> str:
    shown = "".join(f"\n> {line}" for line in body.split("\n")) if form.quoted else f"\n{body}"
    return f"Please help her.\n\n{form.text.rstrip(' ')}{shown}\n"


@pytest.mark.parametrize("name", FORMS)
def test_the_original_is_read_from_the_forms_of_all_programs(name: str) -> None:
    form = FORMS[name]
    found = forwarded(written(form))
    [author] = found.original.from_
    assert (author.email, found.original.subject) == ("ann@shop.example", "Cannot pay")
    assert author.name in {"Ann Berg", ""}
    assert found.original.text.strip() == BODY
    assert (found.original.date.isoformat()[:16] if found.original.date else "") == form.date
    assert found.above == "Please help her."


def test_there_are_forms_of_at_least_forty_programs_and_languages() -> None:
    assert len(FORMS) >= 40


def test_an_attached_email_is_the_original_with_its_own_files() -> None:
    email = EmailMessage()
    email["From"], email["Subject"] = "ana@team.example", "Fwd: Cannot pay"
    email.set_content("Please help her.")
    email.add_attachment(original())
    raw = email.as_bytes()
    message = parse(raw)
    found = read_forward(message, raw, message.text)
    assert (found.original.from_[0].email, found.original.message_id) == ("ann@shop.example", "<first@shop.example>")
    assert found.original.text.strip() == BODY
    [bill] = found.original.attachments
    assert (bill.filename, part_contents(raw, [bill.part])[bill.part]) == ("bill.pdf", b"%PDF-1.4 bill")
    assert found.original.date is not None
    assert found.original.date.isoformat() == "2026-03-02T10:15:00+01:00"


def test_the_outer_of_two_forwards_is_the_one_that_was_forwarded() -> None:
    inner = FORMS["outlook german"].text.replace("ann@shop.example", "boss@shop.example")
    found = forwarded(written(FORMS["gmail english"], f"See below.\n\n{inner}\nText"))
    assert found.original.from_[0].email == "ann@shop.example"
    assert "boss@shop.example" in found.original.text


@pytest.mark.parametrize(
    "author",
    [
        "Ann Berg",
        "ann@shop.example <eve@evil.example>",
        "ann@shop.example; eve@evil.example",
        "Ann Berg <ann@@shop.example>",
        "bounces@lists.example on behalf of Ann Berg <ann@shop.example>",
        "Ann Berg <ann@shop.example> <eve@evil.example>",
        "",
    ],
)
def test_an_author_who_is_not_one_readable_address_is_not_guessed(author: str) -> None:
    text = FORMS["gmail english"].text.replace("Ann Berg <ann@shop.example>", author)
    found = forwarded(f"{text}{BODY}")
    assert [one.email for one in found.original.from_] == [None]


@pytest.mark.parametrize("text", ["Please help her.", "From: me\nTo: you", "On Monday, Ann wrote:\n> Hello", ""])
def test_text_without_a_forward_is_refused(text: str) -> None:
    with pytest.raises(ForwardError, match="again as an attachment"):
        forwarded(text)


def test_several_attached_emails_are_refused() -> None:
    with pytest.raises(ForwardError, match="one by one"):
        forwarded("Two.", original(), original("bob@shop.example"))


def test_the_line_that_ends_a_forward_of_mutt_is_left_out() -> None:
    found = forwarded(f"{FORMS['mutt'].text}{BODY}\n\n----- End forwarded message -----\n")
    assert found.original.text.strip() == BODY


@pytest.mark.parametrize(
    "seed", ["From: a@b.example\n", "> From:\n", "---- Forwarded message ----\n", "From:\nTo:\nDate:\n"]
)
def test_a_hostile_forward_is_read_in_bounded_steps(seed: str) -> None:
    with suppress(ForwardError):
        forwarded(seed * 20_000)


@pytest.mark.parametrize(
    ("subject", "forwarded"),
    [
        ("Fwd: [HD-7K3Q-M9XY] Payment failed", True),
        ("FW: Payment failed", True),
        ("WG: Payment failed", True),
        ("TR : Payment failed", True),
        ("I: Payment failed", True),
        ("転送\uff1aPayment failed", True),
        ("Re: Fwd: Payment failed", False),
        ("[HD-7K3Q-M9XY] Fwd: Payment failed", False),
        ("Forward planning: what next?", False),
        ("VS: Maksu epäonnistui", False),
    ],
)
def test_a_forward_is_known_by_its_subject(subject: str, *, forwarded: bool) -> None:
    raw = mail("ana@example.com", subject, "Can you look?", in_reply_to="<1@example.com>")
    assert is_forward(parse(raw)) is forwarded


@pytest.mark.parametrize(
    ("body", "parent", "forwarded"),
    [
        ("Look.\r\n\r\n---------- Forwarded message ---------\r\nFrom: <a@b.example>", "", True),
        ("Look.\r\n\r\n---------- Weitergeleitete Nachricht ---------\r\nVon: <a@b.example>", "", True),
        ("Look.\r\n\r\n---------- Forwarded message ---------\r\nFrom: <a@b.example>", "<1@example.com>", False),
        ("Look.\r\n\r\n> ---------- Forwarded message ---------\r\n> From: <a@b.example>", "", False),
        ("Look.\r\n\r\nFrom: <a@b.example>\r\nSent: Monday\r\nTo: us\r\nSubject: x", "", False),
    ],
)
def test_a_forward_with_another_subject_is_known_by_its_form(body: str, parent: str, *, forwarded: bool) -> None:
    assert is_forward(parse(mail("ana@example.com", "Look at this", body, in_reply_to=parent))) is forwarded
