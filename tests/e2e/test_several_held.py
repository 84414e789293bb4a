"""Several answers of one member are held on a ticket: a press means the answer of the email that it stands in."""

from email.message import EmailMessage

import pytest

from tests.support.conversation import ANA, BEN, TEAM, Conversation, Desk, words_of
from tests.support.helpdesk import MEMBER

OLD, NEW = "Please wait until Monday.", "It is booked, and arrives today."


def two_held(desk: Desk) -> tuple[Conversation, EmailMessage, EmailMessage]:
    """Let two answers of Ana be held because Ben answered; return the emails that she got about them."""
    talk = Conversation(desk)
    notification = talk.last(TEAM)
    talk.write(notification, "We look into it.", BEN)
    talk.write(notification, OLD)
    first = talk.last(MEMBER)
    talk.write(notification, NEW)
    assert talk.answers() == [(TEAM, "sent"), (MEMBER, "held"), (MEMBER, "held")]
    return talk, first, talk.last(MEMBER)


@pytest.mark.parametrize("client", ["gmail-web", "outlook-classic", "apple-mail-ios", "thunderbird"])
def test_a_press_sends_the_answer_of_its_own_email(desk: Desk, client: str) -> None:
    talk, first, _ = two_held(desk)
    talk.press(first, "#send", author=ANA, client=client)
    assert talk.answers()[1:3] == [(MEMBER, "sent"), (MEMBER, "held")]
    assert OLD in words_of(talk.last(talk.customer))


def test_a_second_press_says_that_it_is_sent_and_sends_no_other_answer(desk: Desk) -> None:
    talk, first, _ = two_held(desk)
    talk.press(first, "#send", author=ANA)
    with talk.nothing_reaches(talk.customer):
        talk.press(first, "#send", author=ANA, client="outlook-new")
    assert talk.answers()[1:3] == [(MEMBER, "sent"), (MEMBER, "held")]
    assert "is sent since" in words_of(talk.last(MEMBER))


def test_a_press_drops_the_answer_of_its_own_email(desk: Desk) -> None:
    talk, first, _ = two_held(desk)
    talk.press(first, "#drop", author=ANA)
    assert talk.answers()[1:] == [(MEMBER, "dropped"), (MEMBER, "held")]


def test_a_reply_without_a_number_means_the_answer_of_the_email_that_it_replies_to(desk: Desk) -> None:
    talk, first, _ = two_held(desk)
    talk.write(first, "#send")
    assert OLD in words_of(talk.last(talk.customer))
    with talk.nothing_reaches(talk.customer):
        talk.write(first, "#send")
    assert talk.answers()[1:3] == [(MEMBER, "sent"), (MEMBER, "held")]


def test_a_command_without_a_number_in_an_email_of_its_own_is_asked_which_answer_it_means(desk: Desk) -> None:
    talk, first, _ = two_held(desk)
    with talk.nothing_reaches(talk.customer):
        talk.write(first, "#send", in_reply_to="<nothing@example.com>")
    assert "Several of your answers are held" in words_of(talk.last(MEMBER))
    assert talk.answers()[1:3] == [(MEMBER, "held"), (MEMBER, "held")]


def test_the_number_of_an_answer_on_another_ticket_sends_nothing(desk: Desk) -> None:
    talk, _, _ = two_held(desk)
    other = Conversation(desk, "bob")
    (row,) = desk.query("SELECT max(id) AS id FROM answer WHERE ticket_id = :id", id=talk.ticket.id)
    with talk.nothing_reaches(talk.customer, other.customer):
        other.write(other.last(TEAM), f"#send {row.id}")
    assert f"There is no answer {row.id}." in words_of(other.last(MEMBER))
