"""A press on a ticket whose emails to the team show what an earlier press said."""

import pytest

from tests.support.conversation import ANA, BEN, TEAM, Conversation, Desk, words_of


@pytest.mark.parametrize("client", ["gmail-web", "outlook-classic", "apple-mail-ios", "thunderbird"])
def test_a_button_works_below_the_words_of_an_earlier_press(desk: Desk, client: str) -> None:
    talk = Conversation(desk)
    notification = talk.last(TEAM)
    talk.write(notification, "#note\nThe button says: #take\n\nSend this email as it is.")
    assert "Send this email as it is." in words_of(talk.last(TEAM))
    category = talk.likely(talk.last(TEAM))
    talk.press(talk.last(TEAM), f"#category {category}", author=ANA, client=client)
    assert talk.ticket.category == category


def test_a_follow_up_shows_notes_before_it_and_no_presses_and_nothing_that_came_back(desk: Desk) -> None:
    talk = Conversation(desk)
    notification = talk.last(TEAM)
    talk.press(notification, "#take", author=ANA)
    talk.write(notification, "#clsoe\nThis came back.", BEN)
    talk.write(notification, "#note\nThis is a note.")
    talk.write(talk.last(talk.customer), "Any news?", f"Ann Lee <{talk.customer}>")
    follow_up = words_of(talk.last(TEAM))
    assert "This is a note." in follow_up
    assert "Send this email as it is." not in follow_up
    assert "This came back." not in follow_up
