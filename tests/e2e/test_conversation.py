"""What a team reads about answers: sent, held, returned; and a press, which never becomes an answer."""

import re
from email.message import EmailMessage
from urllib.parse import parse_qs, unquote, urlsplit

from daemon.store.models import AnswerRow, MessageRow, Ticket
from tests.support.emails import ANN, mail
from tests.support.helpdesk import MEMBER, Helpdesk, text_of

TEAM = "payments-team@example.com"
# Mail programs put it below the body of a link.
SIGNATURE = "\r\n\r\n-- \r\nAna Silva\r\nInternal extension 4711"


def emails_to(helpdesk: Helpdesk, recipient: str) -> list[EmailMessage]:
    """Return the emails to somebody, when all work is done."""
    helpdesk.idle()
    return [one for one in helpdesk.emails(1) if one["To"] == recipient]


def opened(helpdesk: Helpdesk) -> EmailMessage:
    """Open a ticket and return its notification."""
    helpdesk.work()
    helpdesk.send(mail())
    helpdesk.emails(2)
    return emails_to(helpdesk, TEAM)[0]


def answer(
    helpdesk: Helpdesk, notification: EmailMessage, body: str, subject: str = "Re: Payment failed", author: str = TEAM
) -> None:
    """Reply to an email of ours as a member of the team."""
    address = str(notification["Reply-To"].addresses[0].addr_spec)
    raw = mail(f"Ana Silva <{author}>", subject, body, in_reply_to=str(notification["Message-ID"]))
    helpdesk.send(raw, author, address)


def press(helpdesk: Helpdesk, email: EmailMessage, command: str) -> None:
    """Press a button of an email, and send what opens, with a signature."""
    html = email.get_body(("html",))
    assert html is not None
    links = [urlsplit(link.replace("&amp;", "&")) for link in re.findall(r'href="(mailto:[^"]+)"', html.get_content())]
    fields = [(unquote(link.path), parse_qs(link.query)) for link in links]
    address, pressed = next((to, found) for to, found in fields if found["body"][0].startswith(command))
    raw = mail(f"Ana Silva <{TEAM}>", pressed["subject"][0], pressed["body"][0] + SIGNATURE)
    helpdesk.send(raw, TEAM, address)


def states(helpdesk: Helpdesk) -> list[str]:
    return [row.state for row in helpdesk.rows(AnswerRow)]


def reference(helpdesk: Helpdesk) -> str:
    return str(helpdesk.rows(Ticket)[0].reference)


def test_a_press_never_becomes_an_answer(helpdesk: Helpdesk) -> None:
    notification = opened(helpdesk)
    press(helpdesk, notification, "#take")
    assert len(emails_to(helpdesk, ANN)) == 1
    (ticket,) = helpdesk.rows(Ticket)
    assert ticket.taken_by == TEAM
    assert helpdesk.rows(AnswerRow) == []
    assert [row.role for row in helpdesk.rows(MessageRow)] == ["customer", "note"]


def test_a_press_whose_program_lost_the_command_sends_nothing_to_the_customer(helpdesk: Helpdesk) -> None:
    notification = opened(helpdesk)
    answer(helpdesk, notification, "Send this email as it is." + SIGNATURE, f"#take [{reference(helpdesk)}]")
    assert len(emails_to(helpdesk, ANN)) == 1


def test_the_second_answer_is_held_and_returned_and_sent_by_a_press(helpdesk: Helpdesk) -> None:
    notification = opened(helpdesk)
    answer(helpdesk, notification, "Hello Ann, we booked it.", author=MEMBER)
    answered_once = emails_to(helpdesk, ANN)
    assert "Hello Ann, we booked it." in text_of(answered_once[-1])
    answer(helpdesk, notification, "Hello Ann, please wait a day.")
    held = emails_to(helpdesk, TEAM)[-1]
    assert states(helpdesk) == ["sent", "held"]
    text = " ".join(text_of(held).split())
    assert "Your answer was not sent yet: somebody else answered first." in text
    assert "Hello Ann, we booked it." in text
    assert "Hello Ann, please wait a day." in text
    assert len(emails_to(helpdesk, ANN)) == len(answered_once)
    press(helpdesk, held, "#send")
    sent = emails_to(helpdesk, ANN)[-1]
    assert states(helpdesk) == ["sent", "sent"]
    assert "Hello Ann, please wait a day." in text_of(sent)
    assert "4711" not in text_of(sent)


def test_the_team_reads_what_one_of_them_answered(helpdesk: Helpdesk) -> None:
    notification = opened(helpdesk)
    answer(helpdesk, notification, "We booked it.", author=MEMBER)
    told = emails_to(helpdesk, TEAM)[-1]
    text = " ".join(text_of(told).split())
    assert states(helpdesk) == ["sent"]
    assert "We booked it." in text
    assert "Ana" in text
    assert "#resolve" in text


def test_a_wrong_command_comes_back_with_the_nearest_and_the_whole_text(helpdesk: Helpdesk) -> None:
    notification = opened(helpdesk)
    answer(helpdesk, notification, "#clsoe\r\nWe booked it.")
    text = text_of(emails_to(helpdesk, TEAM)[-1])
    assert "Nothing was sent or changed: one line is not a command." in text
    assert "#close" in text
    assert "We booked it." in text
    assert len(emails_to(helpdesk, ANN)) == 1


def test_an_answer_without_text_is_returned(helpdesk: Helpdesk) -> None:
    notification = opened(helpdesk)
    answer(helpdesk, notification, "> Amount debited but not credited")
    assert "Nothing was sent: your email has no text for the customer." in text_of(emails_to(helpdesk, TEAM)[-1])
    assert len(emails_to(helpdesk, ANN)) == 1


def test_help_lists_the_commands(helpdesk: Helpdesk) -> None:
    notification = opened(helpdesk)
    answer(helpdesk, notification, "#help")
    text = text_of(emails_to(helpdesk, TEAM)[-1])
    assert "#merge" in text
    assert "#take" in text
