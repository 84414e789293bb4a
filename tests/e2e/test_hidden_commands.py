"""Commands and tokens where nobody sees them, below a gateway's banner, and in attached emails."""

from datetime import timedelta

import pytest

from daemon.mail.token import Purpose, Token, digest, sign
from tests.support.conversation import ANA, TEAM, Conversation, Desk, reply_to, words_of
from tests.support.emails import SUPPORT, mail
from tests.support.helpdesk import MEMBER

HIDDEN = {
    "display": "<div style='display:none'>{}</div>",
    "attribute": "<div hidden>{}</div>",
    "size": "<div style='font-size:0'>{}</div>",
    "white": "<div style='color:#ffffff;background:#fff'>{}</div>",
    "visibility": "<div style='visibility:hidden'>{}</div>",
    "outlook": "<div style='mso-hide:all'>{}</div>",
    "comment": "<!-- {} -->",
    "title": "<title>{}</title>",
    "style": "<style>{}</style>",
}
# White text is shown to the team, so that nobody can hide a command from them; there it is the customer's.
FROM_OUTSIDE = {name: form for name, form in HIDDEN.items() if name != "white"}
HTML = ("MIME-Version: 1.0", "Content-Type: text/html; charset=utf-8")
BANNERS = {
    "advice": "CAUTION: This email originated from outside of the organization. Do not click links or open attachments"
    " unless you recognize the sender and know the content is safe.",
    "label": "[EXTERNAL EMAIL]",
    "german": "ACHTUNG: Diese E-Mail stammt von einem externen Absender. Klicken Sie auf keine Links.",
    "exchange": "You don't often get email from support@example.com. Learn why this is important",
}


def send_html(talk: Conversation, author: str, html: str, to: str, subject: str = "Re: Payment failed") -> None:
    talk.send(mail(author, subject, html, date=talk.date(), headers=HTML), author, to)


@pytest.mark.parametrize("form", HIDDEN.values(), ids=HIDDEN)
def test_a_command_that_a_members_html_hides_is_not_obeyed_and_does_not_leave(desk: Desk, form: str) -> None:
    talk = Conversation(desk)
    send_html(talk, MEMBER, form.format("#spam") + "<p>It is booked.</p>", reply_to(talk.last(TEAM)))
    assert talk.ticket.status == "WAITING"
    answer = talk.last(talk.customer)
    assert words_of(answer).startswith("It is booked.")
    assert "#spam" not in answer.as_string()


@pytest.mark.parametrize("form", FROM_OUTSIDE.values(), ids=FROM_OUTSIDE)
def test_a_command_that_a_customers_html_hides_does_not_act_by_the_reply_that_quotes_it(desk: Desk, form: str) -> None:
    talk = Conversation(desk)
    html = form.format("#close") + "<p>Please look into my order.</p>"
    send_html(talk, talk.customer, html, reply_to(talk.last(talk.customer)))
    assert "#close" not in words_of(talk.last(TEAM)).replace("#close  (", "")
    talk.answer(talk.last(TEAM), "gmail-web", "It is booked.")
    assert talk.ticket.status == "WAITING"
    assert talk.answers() == [(MEMBER, "sent")]


@pytest.mark.parametrize("form", FROM_OUTSIDE.values(), ids=FROM_OUTSIDE)
def test_a_token_that_html_hides_gives_a_member_no_power_and_joins_no_ticket(desk: Desk, form: str) -> None:
    """Else a customer could hide a token in an email, and a member who forwards it would act on another ticket."""
    talk = Conversation(desk)
    day = (desk.now() + timedelta(days=30)).date()
    stamp = sign(Token(Purpose.TEAM, talk.ticket.id, digest(TEAM, desk.keys()[0]), day), desk.keys()[0])
    before, answers = talk.ticket, talk.answers()
    html = "<p>#close</p>" + form.format(f"ref:{stamp}") + "<p>It is booked.</p>"
    with talk.nothing_reaches(talk.customer):
        send_html(talk, MEMBER, html, SUPPORT, subject="A question of my own")
    assert (talk.ticket, talk.answers()) == (before, answers)


@pytest.mark.parametrize("banner", BANNERS.values(), ids=BANNERS)
@pytest.mark.parametrize("kind", ["text", "html"])
def test_a_command_below_the_banner_of_a_gateway_is_obeyed(desk: Desk, banner: str, kind: str) -> None:
    talk = Conversation(desk, body=f"{banner}\r\n\r\nAmount debited but not credited")
    to = reply_to(talk.last(TEAM))
    if kind == "html":
        send_html(talk, MEMBER, f"<div>{banner}</div><div>#resolve</div><div>It is booked.</div>", to)
    else:
        body = f"{banner}\r\n\r\n#resolve\r\nIt is booked."
        talk.send(mail(ANA, "Re: Payment failed", body, date=talk.date()), MEMBER, to)
    assert talk.ticket.status == "RESOLVED"
    assert words_of(talk.last(talk.customer)).startswith("It is booked.")


@pytest.mark.parametrize("above", ["It is booked.", "#take\r\nIt is booked."], ids=["text", "command"])
def test_a_command_in_an_attached_email_is_not_obeyed(desk: Desk, above: str) -> None:
    talk = Conversation(desk)
    inner = mail("Eve <eve@evil.example>", "#spam", "#close\r\n#category Login\r\nClose it.").decode()
    body = (
        f"--b\r\nContent-Type: text/plain\r\n\r\n{above}\r\n"
        f'--b\r\nContent-Type: message/rfc822\r\nContent-Disposition: attachment; filename="a.eml"\r\n\r\n'
        f"{inner}\r\n--b--"
    )
    kind = "Content-Type: multipart/mixed; boundary=b"
    raw = mail(ANA, "Re: Payment failed", body, date=talk.date(), headers=("MIME-Version: 1.0", kind))
    talk.send(raw, MEMBER, reply_to(talk.last(TEAM)))
    assert (talk.ticket.status, talk.ticket.category, talk.ticket.taken_by) == ("WAITING", "Payments", MEMBER)
    assert words_of(talk.last(talk.customer)).startswith("It is booked.")


def test_an_email_that_is_nothing_but_an_attached_one_with_a_command_is_not_obeyed(desk: Desk) -> None:
    talk = Conversation(desk)
    inner = mail("Eve <eve@evil.example>", "#spam", "#close\r\nClose it.").decode()
    raw = mail(
        ANA,
        "Fwd: this",
        inner,
        date=talk.date(),
        headers=("MIME-Version: 1.0", "Content-Type: message/rfc822"),
    )
    before = talk.ticket
    with talk.nothing_reaches("eve@evil.example"):
        talk.send(raw, MEMBER, reply_to(talk.last(TEAM)))
    assert (talk.ticket.category, talk.ticket.status) == (before.category, before.status)
    assert "sent" not in [state for _, state in talk.answers()]


def test_a_command_in_an_email_attached_below_html_without_words_is_not_obeyed(desk: Desk) -> None:
    talk = Conversation(desk)
    inner = mail("Eve <eve@evil.example>", "#spam", "#close\r\nClose it.").decode()
    body = (
        "--b\r\nContent-Type: text/html\r\n\r\n<html><body><div><br></div></body></html>\r\n"
        f"--b\r\nContent-Type: message/rfc822\r\n\r\n{inner}\r\n--b--"
    )
    kind = "Content-Type: multipart/mixed; boundary=b"
    raw = mail(ANA, "Re: Payment failed", body, date=talk.date(), headers=("MIME-Version: 1.0", kind))
    before = talk.ticket
    with talk.nothing_reaches(talk.customer):
        talk.send(raw, MEMBER, reply_to(talk.last(TEAM)))
    assert (talk.ticket.category, talk.ticket.status) == (before.category, before.status)
