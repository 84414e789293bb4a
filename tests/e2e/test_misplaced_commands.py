"""A member writes a command below the answer: nothing is sent or changed, and they get their text back."""

import pytest

from tests.support.conversation import TEAM, Conversation, Desk, words_of
from tests.support.helpdesk import MEMBER


@pytest.mark.parametrize("client", ["gmail-web", "outlook-classic", "apple-mail-ios", "thunderbird-plain-text"])
@pytest.mark.parametrize("style", ["top", "bottom"])
def test_a_note_below_an_answer_does_not_reach_the_customer(desk: Desk, client: str, style: str) -> None:
    talk = Conversation(desk)
    with talk.nothing_reaches(talk.customer):
        talk.answer(talk.last(TEAM), client, "It is booked.", "#note She is a fraud.", style=style)
    assert (talk.ticket.status, talk.answers()) == ("OPEN", [(MEMBER, "returned")])
    back = words_of(talk.last(MEMBER))
    assert "A command stands above all other text." in back
    assert "#note She is a fraud." in back
    assert "It is booked." in back


def test_a_command_of_the_customer_in_the_quote_stops_no_answer(desk: Desk) -> None:
    talk = Conversation(desk, body="Amount debited but not credited.\r\n\r\n#close")
    for client in ("gmail-web", "outlook-classic", "outlook-plain-text", "yahoo"):
        talk.answer(talk.last(TEAM), client, f"It is booked in {client}.")
    assert talk.answers() == [(MEMBER, "sent")] * 4
    assert talk.ticket.status == "WAITING"


def test_a_note_in_a_list_below_an_answer_does_not_reach_the_customer(desk: Desk) -> None:
    talk = Conversation(desk)
    html = "<p>It is booked.</p><ul><li>#note She is a fraud.</li></ul>"
    with talk.nothing_reaches(talk.customer):
        talk.write(talk.last(TEAM), html, headers=("MIME-Version: 1.0", "Content-Type: text/html"))
    assert (talk.ticket.status, talk.answers()) == ("OPEN", [(MEMBER, "returned")])
    assert "A command stands above all other text." in words_of(talk.last(MEMBER))


def test_a_note_in_a_list_does_not_reach_the_customer(desk: Desk) -> None:
    talk = Conversation(desk)
    notified = talk.last(TEAM)
    html = "<ul><li>#note</li></ul><p>She is a fraud.</p>"
    with talk.nothing_reaches(talk.customer):
        talk.write(notified, html, headers=("MIME-Version: 1.0", "Content-Type: text/html"))
    assert talk.answers() == [(MEMBER, "returned")]
    assert "A command begins with one # directly before its name" in words_of(talk.last(MEMBER))
