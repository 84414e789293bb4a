"""A member pastes our email about another ticket into an answer: nothing of it leaves, and the member is told so."""

from collections.abc import Callable

import pytest

from tests.support.conversation import TEAM, Conversation, Desk, words_of
from tests.support.helpdesk import MEMBER, text_of

PASTES: dict[str, Callable[[str], str]] = {
    "whole": lambda text: text,
    "quoted": lambda text: "".join(f"> {line}\n" for line in text.split("\n")),
    "without our mark": lambda text: text.partition("ref:")[0],
    "its lines in the middle": lambda text: text[text.index("Your reply to") : text.index("Team:")],
}


def answer(talk: Conversation, text: str) -> str:
    """Answer the notification, and return what the author then gets, "" for nothing."""
    before = len(talk.emails(MEMBER))
    talk.write(talk.last(TEAM), text)
    return words_of(talk.last(MEMBER)) if len(talk.emails(MEMBER)) > before else ""


@pytest.mark.parametrize("paste", PASTES)
def test_an_answer_around_our_email_about_another_ticket_is_held_with_what_was_found(desk: Desk, paste: str) -> None:
    other, talk = Conversation(desk, "dora", body="My parcel has a dent, and it was debited twice."), Conversation(desk)
    pasted = PASTES[paste](text_of(other.emails(TEAM)[0]))
    with talk.nothing_reaches(talk.customer):
        told = answer(talk, f"Hello Ann,\n\nwe had this before:\n\n{pasted}\n\nSo we pay it back on Friday.")
    assert talk.answers() == [(MEMBER, "held")]
    assert "was not sent yet" in told
    assert "a line that may be ours: " in told


def test_an_answer_above_a_quote_of_its_own_ticket_is_sent(desk: Desk) -> None:
    talk = Conversation(desk)
    ours = text_of(talk.last(TEAM))
    assert answer(talk, f"We pay it back.\n\n{ours}") == ""
    assert talk.answers() == [(MEMBER, "sent")]


def test_an_answer_to_the_email_of_a_merged_ticket_is_sent(desk: Desk) -> None:
    talk, other = Conversation(desk), Conversation(desk, "dora")
    notification = talk.emails(TEAM)[0]
    talk.write(notification, f"#merge {other.ticket.reference}")
    quote = "".join(f"> {line}\n" for line in text_of(notification).split("\n"))
    talk.write(notification, f"We pay it back.\n\n{quote}")
    assert other.answers() == [(MEMBER, "sent")]
    assert "We pay it back." in words_of(talk.last(talk.customer))
