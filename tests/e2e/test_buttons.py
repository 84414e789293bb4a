"""Every button of our emails to a team does what it says when its email is sent as it is, and none does nothing."""

import pytest

from tests.support.conversation import BEN, TEAM, Conversation, Desk, links, words_of
from tests.support.emails import mail


@pytest.mark.parametrize("client", ["gmail-web", "outlook-classic", "apple-mail-ios", "thunderbird"])
def test_the_spam_button_marks_the_ticket_as_spam(desk: Desk, client: str) -> None:
    talk = Conversation(desk)
    talk.press(talk.last(TEAM), "#spam", client=client)
    assert talk.ticket.status == "SPAM"


def test_a_press_without_its_command_comes_back(desk: Desk) -> None:
    talk = Conversation(desk)
    link = next(one for one in links(talk.last(TEAM)) if "take" in one)
    to = link.removeprefix("mailto:").partition("?")[0].replace("%2B", "+")
    talk.send(mail(BEN, "#take [HD]", "\r\n-- \r\nBen", to=to, date=talk.date()), TEAM, to)
    assert "The command at the top of this email is missing" in words_of(talk.last(TEAM))
    assert talk.ticket.taken_by is None


def test_a_press_on_a_ticket_that_another_team_has_by_now_is_answered_with_its_state(desk: Desk) -> None:
    talk = Conversation(desk)
    old = talk.last(TEAM)
    talk.write(old, "#category Login", BEN)
    before = talk.ticket
    assert before.assigned_team == "IDENTITY_TEAM"
    with talk.nothing_reaches(talk.customer):
        talk.press(old, "#spam")
    back = words_of(talk.last(TEAM))
    assert "This ticket is open now, with category Login, priority High and team IDENTITY_TEAM." in back
    assert talk.ticket == before


def test_a_press_that_changes_nothing_is_answered_with_the_state(desk: Desk) -> None:
    talk = Conversation(desk)
    talk.press(talk.last(TEAM), "#take")
    number = len(talk.emails(TEAM))
    talk.press(talk.emails(TEAM)[0], "#take")
    assert len(talk.emails(TEAM)) == number + 1
    assert f"{TEAM} takes care of it." in words_of(talk.last(TEAM))
